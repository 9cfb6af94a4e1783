"""``GET /`` and ``/page/...``: the page for people, files of the package that hold no document."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import RequestRefusedError
from colmodern.serve.http.answers import is_known
from colmodern.serve.http.server import Front

_FOLDER = Path(__file__).parents[1] / "page"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FIRST = "index.html"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    headers: dict[str, str]


@cache
def _files() -> dict[str, _File]:
    """Return what the page consists of, by address."""
    names = sorted(path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES)
    return {"/" if name == _FIRST else f"/page/{name}": _read(_FOLDER / name) for name in names}


def _read(path: Path) -> _File:
    content = path.read_bytes()
    headers = {
        "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8",
        "Content-Security-Policy": _POLICY,
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"',
        "Cache-Control": "no-cache",
    }
    return _File(content, headers)


def is_of_page(address: str) -> bool:
    """Whether an address is one of the page's: it needs no token."""
    return address in _files()


async def page(_server: Front, request: Request) -> Response:
    """Answer with the page, or a file that it needs."""
    address = "/" + request.path_params.get("name", "")
    found = _files().get(address if address == "/" else f"/page{address}")
    if found is None:
        message = f"There is no file {address!r:.200} of the page."
        raise RequestRefusedError(message, code="route_not_found")
    if is_known(request, found.headers["ETag"]):
        return Response(status_code=304, headers=found.headers)
    return Response(found.content, headers=found.headers)
