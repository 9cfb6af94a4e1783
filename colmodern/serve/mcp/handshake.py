"""How is an agent greeted at once, before what serves it is imported?

The import of the protocol's package takes longer than a client may like to wait. The answer to the
first request, ``initialize`` or ``server/discover``, depends on nothing but that request; it is
given here, and the package, which gets the request too, gives the same one, which is dropped.
"""

from __future__ import annotations

import json
from typing import Any

from colmodern import __version__
from colmodern.serve.mcp.identity import (
    CAPABILITIES,
    GREETED_REVISIONS,
    INSTRUCTIONS,
    NAME,
    NEWEST_REVISION,
    TITLE,
)


def greeting(line: bytes) -> dict[str, Any] | None:
    """Return the answer to a plain first request; None for any other line."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match asked:
        case {"jsonrpc": "2.0", "id": int() | str() as number, "method": method, "params": dict()}:
            result = _result(method, asked["params"])
            if result is not None and not isinstance(number, bool):
                return {"jsonrpc": "2.0", "id": number, "result": result}
    return None


def _result(method: Any, params: dict[str, Any]) -> dict[str, Any] | None:
    match method, params:
        case (
            "initialize",
            {
                "protocolVersion": str() as revision,
                "capabilities": {},
                "clientInfo": {"name": str(), "version": str()},
            },
        ) if revision in GREETED_REVISIONS:
            return _initialized(revision)
        case "server/discover", {"_meta": dict() as meta} if _is_newest(meta):
            return _discovered()
    return None


def _is_newest(meta: dict[str, Any]) -> bool:
    match meta:
        case {
            "io.modelcontextprotocol/protocolVersion": revision,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": str(), "version": str()},
        }:
            return bool(revision == NEWEST_REVISION)
    return False


def _initialized(revision: str) -> dict[str, Any]:
    return {
        "protocolVersion": revision,
        "capabilities": CAPABILITIES,
        "serverInfo": _server(),
        "instructions": INSTRUCTIONS,
    }


def _discovered() -> dict[str, Any]:
    return {
        "cacheScope": "private",
        "capabilities": CAPABILITIES,
        "instructions": INSTRUCTIONS,
        "resultType": "complete",
        "supportedVersions": [NEWEST_REVISION],
        "ttlMs": 0,
        "_meta": {"io.modelcontextprotocol/serverInfo": _server()},
    }


def _server() -> dict[str, str]:
    return {"name": NAME, "title": TITLE, "version": __version__}
