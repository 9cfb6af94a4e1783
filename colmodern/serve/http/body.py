"""What does the body of a request say?"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.requests import ClientDisconnect, Request

from colmodern.errors import RequestRefusedError
from colmodern.serve.config import LONGEST_ID

_LONGEST_NAME = 200
_DEEPEST = 32


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
    with telling_what_is_no_json():
        values = parsed(raw.decode("utf-8"))
    if not isinstance(values, dict):
        message = f"The body must be a JSON object, not {type(values).__name__}."
        raise RequestRefusedError(message, code="request_invalid")
    return values


async def read_bytes(request: Request, *, limit: int, seconds: float) -> bytes:
    """Return the body of a request as it came; see ``read_json``."""
    _check_head(request, limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        message = f"The body did not arrive within {seconds:g} seconds."
        raise RequestRefusedError(message, code="too_slow") from error
    except ClientDisconnect as error:
        raise RequestRefusedError("The client has gone.", code="cancelled") from error
    return bytes(body)


def _check_head(request: Request, limit: int) -> None:
    """Refuse a body by what is said of it before it is read."""
    coding = request.headers.get("content-encoding", "identity")
    if coding.strip().lower() not in ("", "identity"):
        message = f"Send the body as it is, not in the coding {coding!r:.40}."
        raise RequestRefusedError(message, code="request_invalid", option="Content-Encoding")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> RequestRefusedError:
    return RequestRefusedError(
        f"The body has more than {limit:,} bytes.", code="too_large", value=limit
    )


@contextmanager
def telling_what_is_no_json() -> Iterator[None]:
    """Tell a client what in its body cannot be read.

    Raises:
        RequestRefusedError: The block raised an error of decoding or parsing.
    """
    try:
        yield
    except (ValueError, RecursionError) as error:
        message = f"The body is not JSON: {error}."
        raise RequestRefusedError(message, code="request_invalid") from error


def parsed(text: str) -> Any:
    """Return what a text of JSON says; more strictly than the parser of Python.

    Raises:
        ValueError: It is no JSON, says NaN or Infinity, names a key of an object twice, or is
            nested deeper than anything that is asked for.
        RecursionError: It is nested very deeply.
    """
    value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inner(one)]
        if not level:
            return value
    raise ValueError(f"it is nested more than {_DEEPEST} deep")


def _inner(outer: dict[str, Any] | list[Any]) -> Iterable[Any]:
    values: Collection[Any] = outer.values() if isinstance(outer, dict) else outer
    return values if {dict, list} & {*map(type, values)} else ()


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice!r:.80} comes twice")
    return found


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


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


def id_asked(request: Request) -> str:
    """Return the id that an address names: in its path, or as ``?id=``.

    Clients and proxies take ``.`` and ``..`` out of a path, and some ``%2F``; not out of a query.
    See ``text_of``.
    """
    return text_of({**request.query_params, **request.path_params}, "id", longest=LONGEST_ID)


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


def truth_of(body: Mapping[str, Any], name: str, *, otherwise: bool = False) -> bool:
    """Return a value that is true or false, if the body has one.

    Raises:
        RequestRefusedError: It is something else.
    """
    value = body.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, bool):
        raise _wrong(name, f"must be true or false, not {value!r:.40}")
    return value


def too_many(name: str, given: int, limit: int) -> RequestRefusedError:
    """Return the error of a request that asks for more than is allowed."""
    return RequestRefusedError(
        f"{name} may be at most {limit:,} here, not {given:,}.",
        code="too_large",
        option=name,
        value=given,
    )


def _wrong(name: str, what: str) -> RequestRefusedError:
    return RequestRefusedError(f"{name} {what}.", code="request_invalid", option=name)
