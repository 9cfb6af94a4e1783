"""What does a coordinator's ``/openapi.json`` say? What a server's does, without refused paths."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.serve.coordinator.coordinator import Coordinator
from colmodern.serve.http.answers import JSON, as_json
from colmodern.serve.http.api_page import page_of
from colmodern.serve.http.openapi import description

_REFUSED = ("/v1/statistics", "/v1/compact", "/v1/jobs/{id}")
_OF_SHARDS = ("statistics", "state", "ids", "vectors", "spans", "fingerprint")


async def openapi(coordinator: Coordinator, _request: Request) -> Response:
    """Answer with the description of the API (OpenAPI 3.1)."""
    return Response(as_json(described_api(coordinator)), media_type=JSON)


async def docs(coordinator: Coordinator, _request: Request) -> Response:
    """Answer with the same as a page."""
    return page_of(described_api(coordinator))


def described_api(coordinator: Coordinator) -> dict[str, Any]:
    """Return the description of the API of a coordinator."""
    told = description(coordinator, {})
    paths = {path: dict(how) for path, how in told["paths"].items() if path not in _REFUSED}
    for path in ("/v1/documents", "/v1/documents/{id}"):
        paths[path] = {"get": paths[path]["get"]}
    search = _properties(paths["/v1/search"])
    search["strict"] = {
        "type": ["boolean", "null"],
        "description": "Refuse the search if a shard is missing from it.",
    }
    for name in ("statistics", "state", "ids"):
        del search[name]
    for name in _OF_SHARDS:
        _properties(paths["/v1/explain"]).pop(name, None)
    hits = told["components"]["schemas"]["Hits"]["properties"]
    hits["partial"] = {"type": "boolean", "description": "Whether a shard is missing."}
    hits["missing"] = {"type": "array", "items": {"type": "object"}}
    return {**told, "paths": paths}


def _properties(path: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = path["post"]["requestBody"]["content"][JSON]["schema"]["properties"]
    return found
