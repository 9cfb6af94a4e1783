"""How are documents put, deleted and merged by request, and what became of it?

A change is answered with 202 and a job when it is on the disk, and is done when it is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import InputError, RequestRefusedError
from colmodern.indexer.sources.documents import stored_documents
from colmodern.serve.http.answers import JSON, NDJSON, as_json
from colmodern.serve.http.body import id_asked, parsed, read_bytes, telling_what_is_no_json
from colmodern.serve.http.server import Server
from colmodern.serve.writing.jobs import JobKind, WriteJob
from colmodern.serve.writing.writer import Writer
from colmodern.storage.writer.segment_checks import check_texts, metadata_json
from colmodern.types import Document

_KEYS = frozenset({"id", "_id", "text", "title", "metadata"})


async def put_documents(server: Server, request: Request) -> Response:
    """Accept documents: NDJSON, a document a line, or ``{"documents": [...]}``."""
    name, writer = _writer(server, request)
    limits = server.config
    raw = await read_bytes(request, limit=limits.max_write, seconds=limits.deadline)
    is_lines = NDJSON in request.headers.get("content-type", "")
    documents = await asyncio.to_thread(_documents, raw, is_lines)
    job = await asyncio.to_thread(writer.journal.add, JobKind.PUT, documents)
    return _accepted(name, job, documents=len(documents))


async def delete_document(server: Server, request: Request) -> Response:
    """Accept that a document is deleted; one that is not there makes no difference."""
    name, writer = _writer(server, request)
    doc_id = id_asked(request)
    job = await asyncio.to_thread(writer.journal.add, JobKind.DELETE, (), (doc_id,))
    return _accepted(name, job, documents=1)


async def compact(server: Server, request: Request) -> Response:
    """Accept that segments are merged."""
    name, writer = _writer(server, request)
    job = await asyncio.to_thread(writer.journal.add, JobKind.COMPACT)
    return _accepted(name, job)


async def job(server: Server, request: Request) -> Response:
    """Say what became of a job."""
    name, _, number = request.path_params["id"].rpartition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        message = f"There is no job {request.path_params['id']!r:.80}."
        raise RequestRefusedError(message, code="job_not_found")
    writer = _writer_of(server, name)
    outcome = writer.journal.outcome(int(number))
    values = {"job": f"{name}-{int(number)}", "index": name, **outcome.to_dict()}
    return Response(as_json(values), media_type=JSON, headers={"Cache-Control": "no-store"})


def _accepted(index: str, job: WriteJob, **more: Any) -> Response:
    name = f"{index}-{job.number}"
    values = {"job": name, "index": index, "kind": job.kind, "state": "accepted", **more}
    headers = {"Location": f"/v1/jobs/{quote(name, safe='')}"}
    return Response(as_json(values), status_code=202, media_type=JSON, headers=headers)


def _writer(server: Server, request: Request) -> tuple[str, Writer]:
    name = server.library.named(request.query_params.get("index")).name
    return name, _writer_of(server, name)


def _writer_of(server: Server, name: str) -> Writer:
    server.library.named(name)
    if name not in server.writers:
        message = "This server does not write; start it with --writable."
        raise RequestRefusedError(message, code="not_writable", option="writable", value=False)
    return server.writers[name]


def _documents(raw: bytes, is_lines: bool) -> Sequence[Document]:
    """Return the documents of a body; one that cannot be used refuses all, by its number.

    Raises:
        InputError: A document lacks what is needed, or an id comes twice.
        RequestRefusedError: The body is not JSON.
    """
    with telling_what_is_no_json():
        text = raw.decode("utf-8-sig")
        if is_lines:  # JSON may hold what ``splitlines`` takes for the end of a line
            rows: Any = [parsed(line) for line in text.split("\n") if line.strip()]
        else:
            body = parsed(text)
            rows = body.get("documents") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not rows:
        message = 'Send {"documents": [...]}, or a document a line as application/x-ndjson.'
        raise RequestRefusedError(message, code="request_invalid", option="documents")
    documents = [_document(number, row) for number, row in enumerate(rows, 1)]
    for one in stored_documents(documents):  # what cannot be stored is not accepted
        check_texts(one)
        metadata_json(one)
    return documents


def _document(number: int, row: Any) -> Document:
    if not isinstance(row, dict):
        raise _bad(number, "is no object")
    unknown = row.keys() - _KEYS
    if unknown:
        raise _bad(number, f"has {min(unknown)!r}; there are {', '.join(sorted(_KEYS))}")
    doc_id = row.get("id", row.get("_id"))
    if not isinstance(doc_id, str) or not doc_id:
        raise _bad(number, "has no id that is a text")
    texts = {name: _given(row, name, "") for name in ("text", "title")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise _bad(number, f"({doc_id!r:.80}) has a text or title that is none")
    metadata = _given(row, "metadata", {})
    if not isinstance(metadata, Mapping):
        raise _bad(number, f"({doc_id!r:.80}) has metadata that are no object")
    return Document(doc_id, texts["text"], texts["title"], dict(metadata))


def _given(row: Mapping[str, Any], name: str, otherwise: Any) -> Any:
    """Return a value of a row; null is the same as none."""
    value = row.get(name)
    return otherwise if value is None else value


def _bad(number: int, what: str) -> InputError:
    return InputError(f"Document {number} {what}.", code="row_invalid")
