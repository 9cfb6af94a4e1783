"""What is answered to a line that is no message? An error of JSON-RPC 2.0, so that nobody waits."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["refusal", "refusal_of_length"]

_PARSE_ERROR = -32700
_INVALID_REQUEST = -32600


def refusal(text: str) -> dict[str, Any] | None:
    """Return the error for a line; None: it is a message, or an answer, which is not answered."""
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        return _error(_PARSE_ERROR, "a line must be one message in JSON, UTF-8")
    fault = _fault_of(asked, text)
    return None if fault is None else _error(_INVALID_REQUEST, fault, asked)


def refusal_of_length(longest: int) -> dict[str, Any]:
    """Return the error for a line of more bytes than a message may have."""
    return _error(_INVALID_REQUEST, f"a message may have {longest:,} bytes")


def _fault_of(asked: object, text: str) -> str | None:
    if isinstance(asked, list):
        return "batches are not taken: send each message in a line"
    if not isinstance(asked, dict) or asked.get("jsonrpc") != "2.0":
        return 'a message is an object with "jsonrpc": "2.0"'
    if "method" not in asked and asked.keys() & {"result", "error"}:
        return None
    if not isinstance(asked.get("method"), str):
        return "method must be a text"
    return _fault_of_request(asked, text)


def _fault_of_request(asked: dict[str, Any], text: str) -> str | None:
    if "id" in asked and not _is_id(asked["id"]):
        return "id must be a text or a whole number"
    return None if _is_taken(text) else "params must be an object, and not nested deeply"


def _is_taken(text: str) -> bool:
    """Whether the protocol's package reads a message."""
    from mcp_types import jsonrpc_message_adapter

    try:
        jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValueError:
        return False
    return True


def _error(code: int, message: str, asked: object = None) -> dict[str, Any]:
    number = asked.get("id") if isinstance(asked, dict) else None
    kind = "Parse error" if code == _PARSE_ERROR else "Invalid Request"
    return {
        "jsonrpc": "2.0",
        "id": number if _is_id(number) else None,
        "error": {"code": code, "message": f"{kind}: {message}"},
    }


def _is_id(value: object) -> bool:
    return isinstance(value, str) or type(value) is int
