"""What do programs made for other services ask? Cohere's rerank, OpenAI's embeddings, DSPy."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import EncoderError, RequestRefusedError
from colmodern.kernels.scoring import vector_scores
from colmodern.request import Scoring, SearchRequest
from colmodern.serve.encoding import SharedEncoder
from colmodern.serve.http.answers import JSON, as_json, checked_size, within
from colmodern.serve.http.body import checked_text, index_of, read_json, text_of, whole_number
from colmodern.serve.http.server import Server
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.stopwatch import Stopwatch
from colmodern.types import DocumentEncoder, FloatVector, TokenEmbeddings

# Documents and queries are encoded so many, or so many characters, at a time; a request can be
# stopped between two batches.
_BATCH, _QUERIES, _BATCH_CHARACTERS = 8, 64, 20_000
# So many token vectors are written at a time.
_ROWS = 256


async def rerank(server: Server, request: Request) -> Response:
    """Answer ``POST /v1/rerank``: texts of the request in the order in which they match a query.

    ``relevance_score`` is the score a search would give, divided by the query's tokens; it
    compares documents of one query only.
    """
    limits = server.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    query = text_of(body, "query", longest=limits.max_characters)
    documents = _documents(body.get("documents"), "documents", longest=limits.max_text)
    most = len(documents) if body.get("top_n") is None else body["top_n"]
    top_n = whole_number(most, "top_n", least=1, most=limits.max_body)
    is_wanted = body.get("return_documents") is True
    index = server.library.named(index_of(body))
    work = partial(_reranked, index.name, query, documents, top_n, is_wanted, limits.max_answer)
    return Response(await server.ask(request, work), media_type=JSON)


def _reranked(
    name: str,
    query: str,
    documents: Sequence[str],
    top_n: int,
    is_wanted: bool,
    limit: int,
    library: Library,
    watch: Stopwatch,
    threads: int,
) -> bytes:
    scores = _scores(library.named(name), query, documents, watch, threads)
    order = np.argsort(-scores, kind="stable")[:top_n].tolist()
    results = [
        {
            "index": row,
            "relevance_score": round(float(scores[row]), 6),
            **({"document": {"text": documents[row]}} if is_wanted else {}),
        }
        for row in order
    ]
    return checked_size(as_json({"results": results}), limit)


async def embeddings(server: Server, request: Request) -> Response:
    """Answer ``POST /v1/embeddings``: for each input a list of token vectors.

    ``input_type`` is ``query`` or ``document``; ``encoding_format`` is ``float`` or ``base64``,
    float32, little-endian, row after row.
    """
    limits = server.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    given = body.get("input")
    inputs = [given] if isinstance(given, str) else given
    inputs = _documents(inputs, "input", longest=limits.max_text)
    kind = _one_of(body, "input_type", ("document", "query"))
    form = _one_of(body, "encoding_format", ("float", "base64"))
    index = server.library.named(index_of(body))
    work = partial(_embedded, index.name, inputs, kind, form, limits.max_answer)
    return Response(await server.ask(request, work), media_type=JSON)


def _embedded(
    name: str,
    inputs: Sequence[str],
    kind: str,
    form: str,
    limit: int,
    library: Library,
    watch: Stopwatch,
    _threads: int,
) -> bytes:
    encoder = library.named(name).encoder  # once: another thread may refresh it to another one
    encode = _encoded_queries if kind == "query" else _encoded
    found = list(encode(encoder, inputs, watch))
    watch("answer")
    n_tokens = sum(map(len, found))
    parts = (part for row in enumerate(found) for part in _shown(*row, form))
    rows = b"".join(within(limit, parts)).removesuffix(b", ")
    head = {
        "object": "list",
        "model": name,
        "fingerprint": encoder.fingerprint,
        "usage": {"prompt_tokens": n_tokens, "total_tokens": n_tokens},
    }
    return b'%b, "data": [%b]}' % (as_json(head)[:-1], rows)


async def colbert(server: Server, request: Request) -> Response:
    """Answer ``GET /api/search?query=&k=`` as Stanford's ColBERT server does; DSPy asks so."""
    limits = server.config
    asked: Mapping[str, Any] = request.query_params
    if request.method == "POST":
        asked = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    query = text_of(asked, "query", longest=limits.max_characters)
    k = whole_number(asked.get("k", 10), "k", least=1, most=min(100, limits.max_k))
    index = server.library.named(index_of(asked))
    work = partial(_found, index.name, query, k, limits.max_answer)
    answer = await server.ask(request, work, threads=index.n_useful_threads)
    return Response(answer, media_type=JSON)


def _found(
    name: str, query: str, k: int, limit: int, library: Library, watch: Stopwatch, threads: int
) -> bytes:
    with library.named(name).use() as snapshot:
        how = SearchRequest(k=k, threads=threads)
        hits = snapshot.searcher.search(query, how, begin=watch)
        rows = []
        for hit in hits:
            text = hit.title if hit.passage is None else hit.passage.text
            shown = f"{hit.title} | {text}" if hit.title and hit.passage else text
            rows.append(
                {
                    "text": shown,
                    "long_text": shown,
                    "pid": hit.doc_id,
                    "rank": hit.rank,
                    "score": round(hit.score, 6),
                }
            )
        return checked_size(as_json({"query": query, "topk": rows}), limit)


def _documents(given: Any, name: str, *, longest: int) -> Sequence[str]:
    if not isinstance(given, list) or not given:
        message = f"{name} must be a list of at least one text."
        raise RequestRefusedError(message, code="request_invalid", option=name)
    texts = [one.get("text") if isinstance(one, dict) else one for one in given]
    return [checked_text(text, name, longest=longest) for text in texts]


def _one_of(body: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str:
    value = body.get(name, allowed[0])
    if value not in allowed:
        message = f"{name} must be one of {', '.join(allowed)}, not {value!r:.40}."
        raise RequestRefusedError(message, code="request_invalid", option=name)
    return str(value)


def _scores(
    index: ServedIndex, query: str, documents: Sequence[str], watch: Stopwatch, threads: int
) -> FloatVector:
    watch("encode")
    encoder = index.encoder
    (tokens,) = encoder.encode_queries([query])
    if not len(tokens):
        message = "The query holds nothing that the encoder reads."
        raise RequestRefusedError(message, code="query_empty", option="query")
    scoring = Scoring(encoder.scoring)
    scores = []
    for found in _encoded(encoder, documents, watch):
        offsets = np.array([0, len(found)], np.int64)
        (score,) = vector_scores(tokens.vectors, found.vectors, offsets, scoring, threads=threads)
        scores.append(score if np.isfinite(score) else -len(tokens))  # a text without tokens
    return np.array(scores, np.float32) / np.float32(len(tokens))


def _encoded(
    shared: SharedEncoder, texts: Sequence[str], watch: Stopwatch
) -> Iterator[TokenEmbeddings]:
    """Yield the token vectors of texts as documents.

    Raises:
        EncoderError: The encoder knows queries only.
    """
    encoder = shared.encoder
    if not isinstance(encoder, DocumentEncoder):
        message = f"Encoder {encoder.name} encodes queries only."
        raise EncoderError(message, code="encoder_unsupported")
    for batch in _batches(texts, _BATCH):
        watch("encode")
        yield from encoder.encode_documents(batch)


def _encoded_queries(
    shared: SharedEncoder, texts: Sequence[str], watch: Stopwatch
) -> Iterator[TokenEmbeddings]:
    for batch in _batches(texts, _QUERIES):
        watch("encode")
        yield from shared.encode_queries(batch)


def _batches(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Yield the texts in order, a few at a time, and no more than some ten thousand characters."""
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == most or sum(map(len, batch)) >= _BATCH_CHARACTERS:
            yield batch
            batch = []
    if batch:
        yield batch


def _shown(number: int, tokens: TokenEmbeddings, form: str) -> Iterator[bytes]:
    """Yield an embedding in JSON, in parts, for numbers as text are many times as large."""
    yield b'{"object": "embedding", "index": %d, "embedding": ' % number
    if form == "float":
        yield b"["
        for start in range(0, len(tokens), _ROWS):
            rows = tokens.vectors[start : start + _ROWS].tolist()
            mark = b"" if start + _ROWS >= len(tokens) else b", "
            yield json.dumps(rows, allow_nan=False).encode()[1:-1] + mark
        yield b"]}, "
    else:
        yield b'"%b"}, ' % base64.b64encode(tokens.vectors.astype("<f4").tobytes())
