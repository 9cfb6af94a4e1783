"""``POST /v1/search``: one query, several, or token vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import InputError, RequestRefusedError
from colmodern.request import SearchRequest
from colmodern.searcher import Hits
from colmodern.serve.config import ServeConfig
from colmodern.serve.http.answers import (
    JSON,
    NDJSON,
    as_json,
    as_json_with,
    as_ndjson,
    checked_size,
    described,
    is_known,
    within,
)
from colmodern.serve.http.body import checked_text, index_of, read_json, too_many, truth_of
from colmodern.serve.http.part import PartOfSearch, fingerprint_of, vectors_of
from colmodern.serve.http.server import Server
from colmodern.serve.served import Library, Snapshot
from colmodern.serve.stopwatch import Stopwatch
from colmodern.types import TokenEmbeddings

_ASKED = ("query", "queries", "vectors")
_MORE = ("index", "precise", "fingerprint", *PartOfSearch.KEYS)


@dataclass(frozen=True, slots=True, eq=False)
class SearchBody:
    """What the body of a search asks.

    Attributes:
        queries: The texts; with ``vectors`` at most one, for the record and for BM25.
        vectors: A query given as token vectors; else None.
        request: How to search.
        is_batch: Whether it was asked as ``queries``.
        is_precise: Whether scores are wanted as they are, not rounded.
        fingerprint: That of the encoder that made the vectors; None: nobody says.
        part: What makes it the search of one shard of several; None: it is by itself.
    """

    queries: tuple[str, ...]
    vectors: TokenEmbeddings | None
    request: SearchRequest
    is_batch: bool
    is_precise: bool = False
    fingerprint: str | None = None
    part: PartOfSearch | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any], limits: ServeConfig, *, dim: int) -> SearchBody:
        """Read the body of a search in an index whose vectors have ``dim`` dimensions.

        Raises:
            ConfigError: An option of the search is not allowed.
            InputError: The vectors cannot be used.
            RequestRefusedError: Nothing is asked, or too much.
        """
        asked = [name for name in _ASKED if body.get(name) is not None]
        if not asked or ("queries" in asked and len(asked) > 1):
            raise RequestRefusedError(
                "Ask with query, a text; queries, a list of texts; or vectors, the token vectors "
                "of one query, with its text as query where mode is not late.",
                code="request_invalid",
                option="query",
            )
        options = {name: value for name, value in body.items() if name not in (*_ASKED, *_MORE)}
        request = SearchRequest.from_dict(options)
        if request.k > limits.max_k:
            raise too_many("k", request.k, limits.max_k)
        return cls(
            queries=tuple(_texts(body, limits)),
            vectors=vectors_of(body["vectors"], limits, dim=dim) if "vectors" in asked else None,
            request=request,
            is_batch="queries" in asked,
            is_precise=truth_of(body, "precise"),
            fingerprint=fingerprint_of(body),
            part=PartOfSearch.of(body, limits),
        )

    def told(self, hits: Hits) -> dict[str, Any]:
        """Return what an answer says of hits."""
        values = hits.to_dict()
        if self.is_precise:
            for row, hit in zip(values["hits"], hits, strict=True):
                row["score"] = hit.score
        return values

    def search(self, snapshot: Snapshot, watch: Stopwatch, threads: int) -> Iterator[Hits]:
        """Yield the hits of each query."""
        asked = self.request.threads
        request = replace(self.request, threads=min(threads, asked or threads))
        if self.vectors is not None or self.part is not None:
            text = self.queries[0] if self.queries else ""
            part = self.part or PartOfSearch()
            yield part.search(
                snapshot, self.vectors, request, text, watch, fingerprint=self.fingerprint
            )
            return
        for query in self.queries:
            yield snapshot.searcher.search(query, request, begin=watch)


async def search(server: Server, request: Request) -> Response:
    """Answer a search; the answer has the generation, and the time of each stage."""
    limits = server.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    index = server.library.named(index_of(body))
    question = SearchBody.of(body, limits, dim=index.encoder.dim)
    is_lines = question.is_batch and NDJSON in request.headers.get("accept", "")
    asked = asked_digest(body, index.name, is_lines)
    if is_known(request, tag := _tag(index.version, asked)):
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        return Response(status_code=304, headers=headers)

    work = partial(_answered, index.name, question, is_lines, limits.max_answer)
    version, answer = await server.ask(request, work, threads=index.n_useful_threads)
    headers = {"ETag": _tag(version, asked), "Cache-Control": "no-cache"}
    return Response(answer, headers=headers, media_type=NDJSON if is_lines else JSON)


def _answered(
    name: str,
    question: SearchBody,
    is_lines: bool,
    limit: int,
    library: Library,
    watch: Stopwatch,
    threads: int,
) -> tuple[str, bytes]:
    """Return the state that was searched, and the answer."""
    with library.named(name).use() as snapshot:
        head = {"index": name, "generation": snapshot.generation}
        if is_lines:
            answer = as_ndjson(_lines(question, snapshot, watch, threads, head), limit)
        else:
            hits = map(question.told, question.search(snapshot, watch, threads))
            answer = _whole(hits, question.is_batch, watch, head, limit)
        return snapshot.version, checked_size(answer, limit)


def _tag(version: str, asked: str) -> str:
    return f'W/"{version}-{asked}"'


def _whole(
    found: Iterator[dict[str, Any]],
    is_batch: bool,
    watch: Stopwatch,
    head: Mapping[str, Any],
    limit: int,
) -> bytes:
    if is_batch:
        results = list(within(limit, map(as_json, found)))
        watch("answer")
        return as_json_with(
            head, "results", results, {"milliseconds": milliseconds(watch.seconds())}
        )
    (hits,) = found
    watch("answer")
    return as_json({**head, **hits, "milliseconds": milliseconds(watch.seconds())})


def _lines(
    question: SearchBody,
    snapshot: Snapshot,
    watch: Stopwatch,
    threads: int,
    head: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """Yield a row for each query; one that cannot be searched stops no other."""
    for number, query in enumerate(question.queries):
        one = replace(question, queries=(query,))
        try:
            (hits,) = one.search(snapshot, watch, threads)
            yield {"number": number, **head, **question.told(hits)}
        except InputError as error:
            yield {"number": number, **head, "query": query, "error": described(error)}


def milliseconds(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the time of each stage, as an answer gives it."""
    return {stage: round(1000 * value, 3) for stage, value in seconds.items()}


def _texts(body: Mapping[str, Any], limits: ServeConfig) -> Sequence[str]:
    longest = limits.max_characters
    if body.get("query") is not None:
        return [checked_text(body["query"], "query", longest=longest)]
    queries = body.get("queries")
    if queries is None:
        return []
    if not isinstance(queries, list) or not queries:
        message = "queries must be a list of at least one text."
        raise RequestRefusedError(message, code="request_invalid", option="queries")
    if len(queries) > limits.max_queries:
        raise too_many("queries", len(queries), limits.max_queries)
    return [checked_text(query, "queries", longest=longest) for query in queries]


def asked_digest(body: Mapping[str, Any], index: str, is_lines: bool) -> str:
    """Return what tells one question from another, whatever the order of its keys."""
    asked = json.dumps([index, is_lines, body], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:16]
