"""What does an answer look like on the wire?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import CODES, ColModernError, RequestRefusedError

JSON = "application/json"
NDJSON = "application/x-ndjson"

_LONGEST_MESSAGE = 1_000
_WAIT = {"overloaded": "1", "too_many_requests": "1", "shard_unavailable": "1"}


def as_json(values: Mapping[str, Any]) -> bytes:
    """Return one line of JSON in UTF-8; what UTF-8 cannot hold is escaped."""
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(values, allow_nan=False).encode()


def as_ndjson(rows: Iterable[Mapping[str, Any]], limit: int) -> bytes:
    """Return a line of JSON for each row; see ``within``."""
    return b"".join(within(limit, (as_json(row) + b"\n" for row in rows)))


def as_json_with(
    values: Mapping[str, Any], name: str, parts: Iterable[bytes], more: Mapping[str, Any]
) -> bytes:
    """Return a JSON object of values, of a list whose items are JSON already, and of more."""
    head, tail = as_json(values), as_json(more)
    return b'%b, "%b": [%b], %b' % (head[:-1], name.encode(), b", ".join(parts), tail[1:])


def within(limit: int, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the parts of an answer while they have no more than ``limit`` bytes together.

    Raises:
        RequestRefusedError: They have more; what comes after is not made.
    """
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise _too_large(size, limit)
        yield part


def is_known(request: Request, tag: str) -> bool:
    """Say whether the client has the answer of this tag already (``If-None-Match``)."""
    given = request.headers.get("if-none-match", "").split(",")
    tags = {one.strip().removeprefix("W/") for one in given}
    return not tags.isdisjoint({"*", tag.removeprefix("W/")})


def checked_size(answer: bytes, limit: int) -> bytes:
    """Return an answer that is not larger than ``limit`` bytes.

    Raises:
        RequestRefusedError: It is.
    """
    if len(answer) > limit:
        raise _too_large(len(answer), limit)
    return answer


def _too_large(size: int, limit: int) -> RequestRefusedError:
    return RequestRefusedError(
        f"The answer would have {size:,} bytes or more; {limit:,} are allowed. Ask for fewer hits, "
        "fewer queries, shorter texts, or a range of the document.",
        code="too_large",
        value=size,
    )


def described(error: ColModernError) -> dict[str, Any]:
    """Return what a client is told of an error: code, message and what is at fault."""
    fields = {"option": error.option, "document": error.document}
    told = {name: value for name, value in fields.items() if value is not None}
    return {"code": error.code, "message": str(error)[:_LONGEST_MESSAGE], **told}


def failure(error: ColModernError, request_id: str) -> Response:
    """Return the answer to a request that failed."""
    headers = {"Cache-Control": "no-store"}
    if error.code in _WAIT:
        headers["Retry-After"] = _WAIT[error.code]
    if error.code == "method_not_allowed":
        headers["Allow"] = str(error.value)
    if error.code == "token_missing":
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        as_json({"error": described(error), "request_id": request_id}),
        status_code=CODES[error.code].http_status,
        headers=headers,
        media_type=JSON,
    )
