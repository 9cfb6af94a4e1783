"""What does the body of a request say?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request

from colmodern.errors import RequestRefusedError

LONGEST_ID = 10_000
"""Characters of an id that a request may name."""
_LONGEST_NAME = 200


async def read_json(request: Request, *, limit: int, seconds: float) -> dict[str, Any]:
    """Return the JSON object that a request carries.

    Args:
        request: The request.
        limit: The most bytes it may have.
        seconds: How long it may take to arrive.

    Raises:
        RequestRefusedError: It is too large, too slow, or no JSON object.
    """
    raw = await read_bytes(request, limit=limit, seconds=seconds)
    try:
        values = json.loads(raw.decode("utf-8"), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        message = f"The body is not JSON: {error}."
        raise RequestRefusedError(message, code="request_invalid") from error
    if not isinstance(values, dict):
        message = f"The body must be a JSON object, not {type(values).__name__}."
        raise RequestRefusedError(message, code="request_invalid")
    return values


async def read_bytes(request: Request, *, limit: int, seconds: float) -> bytes:
    """Return the body of a request as it came; see ``read_json``."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise RequestRefusedError(
                        f"The body has more than {limit:,} bytes.", code="too_large", value=limit
                    )
    except TimeoutError as error:
        message = f"The body did not arrive within {seconds:g} seconds."
        raise RequestRefusedError(message, code="too_slow") from error
    except ClientDisconnect as error:
        raise RequestRefusedError("The client has gone.", code="cancelled") from error
    return bytes(body)


def text_of(values: Mapping[str, Any], name: str, *, longest: int) -> str:
    """Return a text that a body has to hold.

    Raises:
        RequestRefusedError: It is missing, too long, or not Unicode.
    """
    if name not in values:
        raise _wrong(name, "is missing")
    return checked_text(values[name], name, longest=longest)


def checked_text(value: Any, name: str, *, longest: int) -> str:
    """Return a value that is a text of at most ``longest`` characters; see ``text_of``."""
    if not isinstance(value, str):
        raise _wrong(name, f"must be a text, not {type(value).__name__}")
    if len(value) > longest:
        raise RequestRefusedError(
            f"{name} has {len(value):,} characters; {longest:,} are allowed.",
            code="too_large",
            option=name,
            value=len(value),
        )
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _wrong(name, "holds half of a surrogate pair, which is no character") from error
    return value


def id_of(value: Any) -> str:
    """Return a value that may be the id of a document; see ``text_of``."""
    return checked_text(value, "id", longest=LONGEST_ID)


def index_of(asked: Mapping[str, Any]) -> str | None:
    """Return the name of the index that is meant; None: the first. See ``text_of``."""
    name = asked.get("index")
    return None if name is None else checked_text(name, "index", longest=_LONGEST_NAME)


def whole_number(value: Any, name: str, *, least: int, most: int) -> int:
    """Return a value that is a whole number in a range, or the digits of one.

    Raises:
        RequestRefusedError: It is not.
    """
    found = value
    if isinstance(value, str) and len(value) < 20 and value.isascii() and value.isdigit():
        found = int(value)
    if isinstance(found, bool) or not isinstance(found, int):
        raise _wrong(name, f"must be a whole number, not {value!r:.40}")
    if not least <= found <= most:
        raise _wrong(name, f"must lie in {least}..{most}, not {found}")
    return found


def _wrong(name: str, what: str) -> RequestRefusedError:
    return RequestRefusedError(f"{name} {what}.", code="request_invalid", option=name)


def refuse_constant(constant: str) -> None:
    """Refuse NaN and infinities, which are no JSON."""
    raise ValueError(f"{constant} is no number of JSON")
