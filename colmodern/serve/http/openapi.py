"""What does ``GET /openapi.json`` say? The API, made from what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import CODES
from colmodern.request import SearchRequest
from colmodern.serve.http.answers import JSON, NDJSON, as_json
from colmodern.serve.http.server import Front

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_WHOLE = {"type": "integer"}
_VECTORS = {"type": "array", "items": {"type": "array", "items": _NUMBER}}
_ANYTHING = {"type": "object"}
_COLBERT_K = {"type": "integer", "minimum": 1, "maximum": 100}
_INDEX = {"type": ["string", "null"], "description": "The name of the index; null: the first."}


async def openapi(server: Front, request: Request) -> Response:
    """Answer with the description of the API (OpenAPI 3.1)."""
    told = description(server, request.app.state.more_paths)
    return Response(as_json(told), media_type=JSON)


def description(server: Front, more_paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of the API with the limits of a server.

    Args:
        server: The server.
        more_paths: The addresses of other rooms, as ``paths`` of OpenAPI has them.
    """
    from colmodern import __version__

    security: list[dict[str, list[str]]] = [] if server.access.is_open else [{"token": []}]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "colmodern",
            "version": __version__,
            "description": "Late-interaction search with the passages that answer.",
        },
        "security": security,
        "paths": {**_paths(server), **more_paths},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Hit": _hit(),
                "Hits": _object(
                    {
                        "query": _TEXT,
                        "hits": {"type": "array", "items": {"$ref": _ref("Hit")}},
                        "unread_scripts": {"type": "array", "items": _TEXT},
                        "answered_by": _TEXT,
                        "mode": _TEXT,
                        "exact": {"type": "boolean"},
                        "notes": {"type": "array", "items": _TEXT},
                    }
                ),
                "Error": _error(),
            },
        },
    }


def _paths(server: Front) -> dict[str, Any]:
    return {
        "/v1/search": {
            "post": _operation(
                "search",
                "Search with a query, several, or token vectors.",
                body=_search_body(server),
                answer={"anyOf": [{"$ref": _ref("Hits")}, _ANYTHING]},
                lines=True,
            )
        },
        "/v1/statistics": {
            "post": _operation(
                "statistics",
                "Say what a search of several shards as one needs to know of this one.",
                body=_object(
                    {
                        "query": {"type": ["string", "null"], **_longest(server)},
                        "where": {"type": ["string", "null"]},
                        "index": _INDEX,
                    }
                ),
            )
        },
        "/v1/explain": {
            "post": _operation(
                "explain",
                "Say which token of a document each token of a query matched.",
                body=_object(
                    {
                        "query": _text(server.config.max_characters),
                        "id": _TEXT,
                        "passages": {"type": "integer", "minimum": 1, "maximum": 100},
                        **{
                            name: SearchRequest.json_schema()["properties"][name]
                            for name in ("scoring", "mode", "word_weight")
                        },
                        **{name: schema for name, schema in _part(server).items() if name != "ids"},
                        "spans": {
                            "type": ["array", "null"],
                            "items": {"type": "array", "items": _WHOLE},
                            "description": "With vectors: the characters of the query of each.",
                        },
                        "index": _INDEX,
                    },
                    required=("query", "id"),
                ),
            )
        },
        "/v1/documents": {
            "put": _operation(
                "put_documents",
                "Accept documents; each takes the place of one with its id.",
                body=_object(
                    {"documents": {"type": "array", "minItems": 1, "items": _document()}},
                    required=("documents",),
                ),
                parameters=[_parameter("index", _TEXT)],
                status="202",
            ),
            "delete": _operation(
                "delete_document_by_id",
                "As /v1/documents/{id}, also for ids that no path can hold: . and .., for one.",
                parameters=[_parameter("id", _TEXT, required=True), _parameter("index", _TEXT)],
                status="202",
            ),
            "get": _operation(
                "document_by_id",
                "As /v1/documents/{id}, also for ids that no path can hold: . and .., for one.",
                parameters=[_parameter("id", _TEXT, required=True), *_range()],
            ),
        },
        "/v1/compact": {
            "post": _operation(
                "compact",
                "Accept that segments are merged.",
                parameters=[_parameter("index", _TEXT)],
                status="202",
            )
        },
        "/v1/jobs/{id}": {
            "get": _operation(
                "job",
                "Say what became of a change.",
                parameters=[_parameter("id", _TEXT, where="path")],
            )
        },
        "/v1/documents/{id}": {
            "delete": _operation(
                "delete_document",
                "Accept that a document is deleted.",
                parameters=[
                    _parameter("id", _TEXT, where="path"),
                    _parameter("index", _TEXT),
                ],
                status="202",
            ),
            "get": _operation(
                "document",
                "Read a document, or a range of its text.",
                parameters=[_parameter("id", _TEXT, where="path"), *_range()],
            ),
        },
        "/v1/status": {"get": _operation("status", "Say what is served, and the limits.")},
        "/v1/rerank": {
            "post": _operation(
                "rerank",
                "Order texts by how they match a query (the shape of Cohere's API).",
                body=_object(
                    {
                        "query": _text(server.config.max_characters),
                        "documents": _texts(),
                        "top_n": {"type": ["integer", "null"], "minimum": 1},
                        "return_documents": {"type": "boolean"},
                        "model": _TEXT,
                        "index": _INDEX,
                    },
                    required=("query", "documents"),
                ),
            )
        },
        "/v1/embeddings": {
            "post": _operation(
                "embeddings",
                "Encode texts to token vectors (the shape of OpenAI's API).",
                body=_object(
                    {
                        "input": {"anyOf": [_TEXT, _texts()]},
                        "input_type": {"enum": ["document", "query"]},
                        "encoding_format": {"enum": ["float", "base64"]},
                        "model": _TEXT,
                        "index": _INDEX,
                    },
                    required=("input",),
                ),
            )
        },
        "/api/search": {
            "get": _operation(
                "colbert",
                "Search as Stanford's ColBERT server does.",
                parameters=[
                    _parameter("query", _text(server.config.max_characters), required=True),
                    _parameter("k", _COLBERT_K),
                    _parameter("index", _TEXT),
                ],
            ),
            "post": _operation(
                "colbert_post",
                "The same, asked in a body.",
                body=_object(
                    {
                        "query": _text(server.config.max_characters),
                        "k": _COLBERT_K,
                        "index": _INDEX,
                    },
                    required=("query",),
                ),
            ),
        },
    }


def _search_body(server: Front) -> dict[str, Any]:
    options = SearchRequest.json_schema()["properties"]
    options["k"] = {**options["k"], "maximum": server.config.max_k}
    text = _text(server.config.max_characters)
    asked = {
        "query": {**text, "type": ["string", "null"]},
        "queries": {
            "type": ["array", "null"],
            "items": text,
            "minItems": 1,
            "maxItems": server.config.max_queries,
        },
        "precise": {"type": ["boolean", "null"], "description": "Scores are not rounded."},
        **_part(server),
        "index": _INDEX,
    }
    return _object({**asked, **options}, required=())


def _part(server: Front) -> dict[str, Any]:
    """Return what is asked of one shard of several; see ``http/part.py``."""
    most = {"minItems": 1, "maxItems": server.config.max_k}
    return {
        "vectors": {
            "anyOf": [_VECTORS, _TEXT, {"type": "null"}],
            "description": "One query's tokens; as a text: base64 of float32, row after row.",
        },
        "fingerprint": {
            "type": ["string", "null"],
            "description": "Of the encoder that made the vectors, as /v1/status has it: another "
            "than that of the index is refused.",
        },
        "statistics": {
            "type": ["object", "null"],
            "description": "The sum of the statistics of all shards.",
        },
        "state": {
            "type": ["string", "null"],
            "description": "Refuse if the index is in another state.",
        },
        "ids": {
            "type": ["array", "null"],
            "items": _TEXT,
            **most,
            "description": "Only these documents.",
        },
    }


def _longest(server: Front) -> dict[str, Any]:
    return {"maxLength": server.config.max_characters}


def _range() -> list[dict[str, Any]]:
    place = {"type": "integer", "minimum": 0}
    return [_parameter("start", place), _parameter("end", place), _parameter("index", _TEXT)]


def _operation(
    name: str,
    what: str,
    *,
    body: Mapping[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    answer: Mapping[str, Any] = _ANYTHING,
    lines: bool = False,
    status: str = "200",
) -> dict[str, Any]:
    content = {JSON: {"schema": answer}, **({NDJSON: {"schema": _TEXT}} if lines else {})}
    statuses = sorted({code.http_status for code in CODES.values()} - {499})
    errors = {
        str(status): {
            "description": ", ".join(
                name for name, code in CODES.items() if code.http_status == status
            ),
            "content": {JSON: {"schema": {"$ref": _ref("Error")}}},
        }
        for status in statuses
    }
    found: dict[str, Any] = {
        "operationId": name,
        "summary": what,
        "responses": {status: {"description": "Done.", "content": content}, **errors},
    }
    if body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    if parameters is not None:
        found["parameters"] = parameters
    return found


def _hit() -> dict[str, Any]:
    return _object(
        {
            "rank": _WHOLE,
            "score": _NUMBER,
            "id": _TEXT,
            "title": _TEXT,
            "source": {"type": ["string", "null"]},
            "passage": {"type": ["object", "null"]},
            "also": {"type": ["object", "null"]},
            "metadata": _ANYTHING,
            "parts": _ANYTHING,
        },
        required=("rank", "score", "id"),
    )


def _document() -> dict[str, Any]:
    return _object(
        {
            "id": {"type": "string", "minLength": 1},
            "text": _TEXT,
            "title": _TEXT,
            "metadata": _ANYTHING,
        },
        required=("id",),
    )


def _error() -> dict[str, Any]:
    inner = _object(
        {"code": {"enum": list(CODES)}, "message": _TEXT, "option": _TEXT, "document": _TEXT},
        required=("code", "message"),
    )
    return _object({"error": inner, "request_id": _TEXT}, required=("error", "request_id"))


def _object(properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _parameter(
    name: str, schema: Mapping[str, Any], *, where: str = "query", required: bool = False
) -> dict[str, Any]:
    is_required = required or where == "path"
    return {"name": name, "in": where, "required": is_required, "schema": dict(schema)}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _texts() -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": _TEXT}


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"
