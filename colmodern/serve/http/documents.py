"""``GET /v1/documents/{id}``: a document, or a range of its text; ``POST /v1/explain``: why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
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
from colmodern.serve.served import Library
from colmodern.serve.stopwatch import Stopwatch
from colmodern.types import TokenEmbeddings

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
    how: dict[str, Any] = {
        "passages": whole_number(body.get("passages", 3), "passages", least=1, most=100),
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
    question = _Question(
        index.name, query, doc_id, how, tokens, fingerprint_of(body), PartOfSearch.of(body, limits)
    )
    work = partial(_explained, question, limits.max_answer)
    return Response(await server.ask(request, work, threads=1), media_type=JSON)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What is to be explained: which document, for which query, and how."""

    index: str
    query: str
    doc_id: str
    how: Mapping[str, Any]
    tokens: TokenEmbeddings | None
    fingerprint: str | None
    part: PartOfSearch | None


def _explained(
    asked: _Question, limit: int, library: Library, watch: Stopwatch, _threads: int
) -> bytes:
    with library.named(asked.index).use() as snapshot:
        how = {"begin": watch, **asked.how}
        if asked.part is not None:
            asked.part.check(snapshot)
            how["statistics"] = asked.part.statistics
        if asked.tokens is None and asked.part is None:
            found = snapshot.searcher.explain(asked.query, asked.doc_id, **how)
        else:
            found = snapshot.searcher.explain_embeddings(
                asked.tokens or encoded_query(snapshot, asked.query, watch),
                asked.doc_id,
                query=asked.query,
                fingerprint=asked.fingerprint,
                **how,
            )
        watch("answer")
        values = {
            "index": asked.index,
            "generation": snapshot.generation,
            **found.to_dict(),
            "milliseconds": milliseconds(watch.seconds()),
        }
        return checked_size(as_json(values), limit)


def _place(value: str, name: str) -> int:
    return whole_number(value, name, least=0, most=_MOST_CHARACTERS)
