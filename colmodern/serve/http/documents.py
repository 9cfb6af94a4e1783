"""``GET /v1/documents/{id}``: a document, or a range of its text; ``POST /v1/explain``: why."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import RequestRefusedError
from colmodern.serve.config import LONGEST_ID
from colmodern.serve.http.answers import JSON, as_json, checked_size, is_known
from colmodern.serve.http.body import (
    checked_text,
    id_asked,
    index_of,
    read_json,
    text_of,
    whole_number,
)
from colmodern.serve.http.part import (
    PartOfSearch,
    encoded_query,
    fingerprint_of,
    vectors_of,
    with_spans,
)
from colmodern.serve.http.search import milliseconds
from colmodern.serve.http.server import Server
from colmodern.serve.stopwatch import Stopwatch

_MOST_CHARACTERS = 1 << 31


async def document(server: Server, request: Request) -> Response:
    """Answer with a document; ``start`` and ``end`` choose characters of its text."""
    doc_id = id_asked(request)
    asked = request.query_params
    index = server.library.named(asked.get("index"))
    start = _place(asked.get("start", "0"), "start")
    end = _place(asked["end"], "end") if "end" in asked else None
    if end is not None and end < start:
        message = f"end must not be before start, {start}, but is {end}."
        raise RequestRefusedError(message, code="request_invalid", option="end", value=end)

    def work(_watch: Stopwatch, _threads: int) -> tuple[str, bytes]:
        with index.use() as snapshot:
            found = snapshot.document(doc_id)
            text = found.text[start:end]
            values: dict[str, Any] = {
                "index": index.name,
                "generation": snapshot.generation,
                "id": found.id,
                "title": found.title,
                "source": found.source,
                "metadata": dict(found.metadata),
                "characters": len(found.text),
                "start": min(start, len(found.text)),
                "end": min(start, len(found.text)) + len(text),
                "text": text,
            }
            answer = checked_size(as_json(values), server.config.max_answer)
            return f'"{found.content_hash}-{start}-{end}"', answer

    tag, answer = await server.run(request, work, threads=1)
    headers = {"ETag": tag.encode("ascii", "replace").decode(), "Cache-Control": "no-cache"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(answer, headers=headers, media_type=JSON)


async def explain(server: Server, request: Request) -> Response:
    """Answer which token of a document each token of a query matched, and in which passages."""
    limits = server.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    query = text_of(body, "query", longest=limits.max_characters)
    doc_id = text_of(body, "id", longest=LONGEST_ID)
    passages = whole_number(body.get("passages", 3), "passages", least=1, most=100)
    how: dict[str, Any] = {
        "scoring": checked_text(body.get("scoring", "auto"), "scoring", longest=100),
        "mode": checked_text(body.get("mode", "auto"), "mode", longest=100),
        "word_weight": body.get("word_weight"),
    }
    index = server.library.named(index_of(body))
    vectors = body.get("vectors")
    tokens = None
    if vectors is not None:
        tokens = with_spans(
            vectors_of(vectors, limits, dim=index.encoder.dim), body.get("spans"), query
        )
    part, fingerprint = PartOfSearch.of(body, limits), fingerprint_of(body)

    def work(watch: Stopwatch, _threads: int) -> bytes:
        with index.use() as snapshot:
            if part is not None:
                part.check(snapshot)
                how["statistics"] = part.statistics
            asked = {"passages": passages, "begin": watch, **how}
            if tokens is None and part is None:
                found = snapshot.searcher.explain(query, doc_id, **asked)
            else:
                found = snapshot.searcher.explain_embeddings(
                    tokens or encoded_query(snapshot, query, watch),
                    doc_id,
                    query=query,
                    fingerprint=fingerprint,
                    **asked,
                )
            watch("answer")
            values = {
                "index": index.name,
                "generation": snapshot.generation,
                **found.to_dict(),
                "milliseconds": milliseconds(watch.seconds()),
            }
            return checked_size(as_json(values), limits.max_answer)

    return Response(await server.run(request, work, threads=1), media_type=JSON)


def _place(value: str, name: str) -> int:
    return whole_number(value, name, least=0, most=_MOST_CHARACTERS)
