"""``GET /docs``: the description of the API for people, made from ``/openapi.json``; no scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.serve.http.answers import JSON
from colmodern.serve.http.openapi import description
from colmodern.serve.http.server import Front

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


async def docs(server: Front, request: Request) -> Response:
    """Answer with a page that lists every address, what it takes, and the errors."""
    return page_of(description(server, request.app.state.more_paths))


def page_of(told: Mapping[str, Any]) -> Response:
    """Return the page of a description."""
    text = "\n".join(_lines(told))
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    yield "<meta name='viewport' content='width=device-width, initial-scale=1'>"
    yield "<title>colmodern: the API</title>"
    yield "<link rel='stylesheet' href='page/api.css'></head><body>"
    info = told["info"]
    yield f"<main><h1>{escape(info['title'])} {escape(info['version'])}: the API</h1>"
    yield f"<p>{escape(info['description'])} For programs: <a href='openapi.json'>OpenAPI</a>. "
    yield "With tokens: <code>Authorization: Bearer TOKEN</code>.</p>"
    for address, methods in told["paths"].items():
        for method, operation in methods.items():
            yield from _operation(address, method, operation)
    codes = told["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]
    yield '<h2>Errors</h2><p>An error is <code>{"error": {"code", "message"}, '
    yield '"request_id"}</code>; the codes are '
    yield ", ".join(f"<code>{escape(code)}</code>" for code in codes["enum"])
    yield ".</p></main></body></html>"


def _operation(address: str, method: str, told: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {escape(address)}</code></h2>"
    yield f"<p>{escape(told['summary'])}</p>"
    rows = [
        (one["name"], f"in the {one['in']}", one["schema"], one["required"])
        for one in told.get("parameters", ())
    ]
    body = told.get("requestBody")
    if body is not None:
        schema = body["content"][JSON]["schema"]
        required = schema.get("required", ())
        rows += [
            (name, "in the body", one, name in required)
            for name, one in schema["properties"].items()
        ]
    if rows:
        yield "<table><thead><tr><th>name</th><th>where</th><th>what</th></tr></thead><tbody>"
        for name, where, schema, is_required in rows:
            must = ", required" if is_required else ""
            yield f"<tr><td><code>{escape(name)}</code></td><td>{where}{must}</td>"
            yield f"<td>{escape(_what(schema))}</td></tr>"
        yield "</tbody></table>"


def _what(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows, in a line."""
    kind = schema.get("type", "")
    parts = [schema.get("description", "").rstrip(".")]
    parts.append(" or ".join(kind) if isinstance(kind, list) else str(kind))
    if "enum" in schema:
        parts.append("one of " + ", ".join(str(one) for one in schema["enum"] if one is not None))
    for name, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "characters up to")):
        if name in schema:
            parts.append(f"{word} {schema[name]:,}")
    if schema.get("default") is not None:
        parts.append(f"default {schema['default']}")
    return "; ".join(part for part in parts if part)
