"""What is asked of one shard, if several are searched as one?

``POST /v1/statistics`` says how common the words of a query are in a shard; the sum of all goes to
``POST /v1/search`` of each, with the query's vectors.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import InputError, RequestRefusedError
from colmodern.request import Mode, SearchRequest
from colmodern.searcher import Hits
from colmodern.searcher.apart import statistics_from_dict, statistics_to_dict
from colmodern.searcher.checks import check_queries, encoded
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.serve.config import LONGEST_ID, ServeConfig
from colmodern.serve.http.answers import JSON, as_json, checked_size
from colmodern.serve.http.body import checked_text, index_of, read_json, too_many
from colmodern.serve.http.server import Server
from colmodern.serve.served import Library, Snapshot
from colmodern.serve.stopwatch import Stopwatch
from colmodern.types import FloatMatrix, TokenEmbeddings

_LONGEST_STATE = 100


@dataclass(frozen=True, slots=True, eq=False)
class PartOfSearch:
    """What is asked of a shard beside the question.

    Attributes:
        statistics: Those of all shards together; None: the shard is searched by itself.
        state: The state that the shard must be in, as ``/v1/statistics`` names it; None: any.
        ids: The documents that may be found; None: all.
    """

    KEYS: ClassVar = ("statistics", "state", "ids")

    statistics: GlobalStatistics | None = None
    state: str | None = None
    ids: Sequence[str] | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any], limits: ServeConfig) -> PartOfSearch | None:
        """Read it from the body of a request; None: there is nothing of it.

        Raises:
            ConfigError: The statistics are none.
            RequestRefusedError: Something of it cannot be used, or several queries are asked.
        """
        given = {name: body[name] for name in cls.KEYS if body.get(name) is not None}
        if not given:
            return None
        if body.get("queries") is not None:
            message = f"{min(given)} goes with one query, not with queries."
            raise RequestRefusedError(message, code="request_invalid", option=min(given))
        numbers, state = given.get("statistics"), given.get("state")
        return cls(
            None if numbers is None else statistics_from_dict(numbers),
            None if state is None else checked_text(state, "state", longest=_LONGEST_STATE),
            _ids(given["ids"], limits) if "ids" in given else None,
        )

    def check(self, snapshot: Snapshot) -> None:
        """Refuse a snapshot of another state than is asked for.

        Raises:
            RequestRefusedError: It is one.
        """
        if self.state is not None and self.state != snapshot.state:
            raise RequestRefusedError(
                f"The index has changed: generation {snapshot.generation} is served now. Ask for "
                "its statistics again.",
                code="generation_changed",
                option="state",
                value=snapshot.generation,
            )

    def search(
        self,
        snapshot: Snapshot,
        tokens: TokenEmbeddings | None,
        request: SearchRequest,
        query: str,
        watch: Stopwatch,
        *,
        fingerprint: str | None = None,
    ) -> Hits:
        """Return the hits of a query; its text is encoded where its vectors are needed and None."""
        self.check(snapshot)
        if tokens is None:
            is_words = request.mode is Mode.BM25
            check_queries([query], words=is_words)
            dim = snapshot.reader.codec.dim
            nothing = TokenEmbeddings(np.zeros((0, dim), np.float32), np.zeros((0, 2), np.int32))
            tokens = nothing if is_words else encoded_query(snapshot, query, watch)
        allowed = None if self.ids is None else snapshot.searcher.masks_of(self.ids)
        return snapshot.searcher.search_embeddings(
            tokens,
            request,
            query=query,
            fingerprint=fingerprint,
            allowed=allowed,
            statistics=self.statistics,
            begin=watch,
        )


async def statistics(server: Server, request: Request) -> Response:
    """Answer what a search of several shards needs to know of each, and what it is."""
    limits = server.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    query = checked_text(body.get("query") or "", "query", longest=limits.max_characters)
    where = body.get("where")
    if where is not None:
        where = checked_text(where, "where", longest=limits.max_body)
    index = server.library.named(index_of(body))

    work = partial(_told, index.name, query, where, limits.max_answer)
    return Response(await server.ask(request, work, threads=1), media_type=JSON)


def _told(
    name: str,
    query: str,
    where: str | None,
    limit: int,
    library: Library,
    watch: Stopwatch,
    _threads: int,
) -> bytes:
    with library.named(name).use() as snapshot:
        watch("words")
        found = snapshot.searcher.statistics(query, where=where, begin=watch)
        made_with = snapshot.reader.manifest.encoder
        values = {
            "index": name,
            "generation": snapshot.generation,
            "state": snapshot.state,
            "codec": snapshot.reader.codec.fingerprint,
            "encoder": {
                "name": made_with.name,
                "fingerprint": made_with.fingerprint,
                "dim": made_with.dim,
            },
            "statistics": statistics_to_dict(found),
        }
        return checked_size(as_json(values), limit)


def encoded_query(snapshot: Snapshot, query: str, watch: Stopwatch) -> TokenEmbeddings:
    """Return the token vectors of a query."""
    check_queries([query])
    watch("encode")
    return encoded(snapshot.encoder, [query])[0]


def vectors_of(given: Any, limits: ServeConfig, *, dim: int) -> TokenEmbeddings:
    """Return token vectors: a list of lists, or base64 of float32, little-endian, row after row.

    Raises:
        InputError: They are something else.
        RequestRefusedError: They are too many.
    """
    vectors = _packed(given, dim) if isinstance(given, str) else _listed(given, limits)
    if vectors.ndim != 2 or not len(vectors):
        message = "vectors must hold at least one token vector."
        raise InputError(message, code="vectors_invalid")
    if len(vectors) > limits.max_tokens:
        raise too_many("vectors", len(vectors), limits.max_tokens)
    return TokenEmbeddings(vectors, np.zeros((len(vectors), 2), np.int32))


def fingerprint_of(body: Mapping[str, Any]) -> str | None:
    """Return what a client says made its vectors; None: it does not say.

    Raises:
        RequestRefusedError: It is no text, or there are no vectors.
    """
    given = body.get("fingerprint")
    if given is None:
        return None
    if body.get("vectors") is None:
        message = "fingerprint says what made vectors; without vectors leave it out."
        raise RequestRefusedError(message, code="request_invalid", option="fingerprint")
    return checked_text(given, "fingerprint", longest=_LONGEST_STATE)


def with_spans(tokens: TokenEmbeddings, given: Any, query: str) -> TokenEmbeddings:
    """Return token vectors with the characters of the query that each stands for; None: none.

    Raises:
        InputError: There is not a pair of places in the query for each.
    """
    if given is None:
        return tokens
    is_listed = isinstance(given, list) and len(given) == len(tokens)
    if not is_listed or not all(_is_span(one, len(query)) for one in given):
        message = "spans must have a start and an end in the query for each of vectors."
        raise InputError(message, code="vectors_invalid")
    return TokenEmbeddings(tokens.vectors, np.array(given, np.int32).reshape(-1, 2))


def _is_span(given: Any, length: int) -> bool:
    if not isinstance(given, list) or [type(one) for one in given] != [int, int]:
        return False
    start, end = given
    return bool(0 <= start <= end <= length)


def _listed(rows: Any, limits: ServeConfig) -> FloatMatrix:
    if isinstance(rows, list) and len(rows) > limits.max_tokens:
        raise too_many("vectors", len(rows), limits.max_tokens)
    message = "vectors must be a list of token vectors, each a list of as many numbers."
    if not isinstance(rows, list) or not all(map(_is_listed_vector, rows)):
        raise InputError(message, code="vectors_invalid")
    try:
        with np.errstate(over="ignore"):  # what becomes infinite is refused
            return np.asarray(rows, np.float32)
    except (OverflowError, ValueError) as error:
        raise InputError(message, code="vectors_invalid") from error


def _is_listed_vector(row: Any) -> bool:
    return isinstance(row, list) and {*map(type, row)} <= {int, float}  # no truths, nor texts


def _packed(text: str, dim: int) -> FloatMatrix:
    try:
        raw = base64.b64decode(text, validate=True)
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(-1, dim)
    except (binascii.Error, ValueError) as error:
        message = f"vectors must be base64 of float32, little-endian, {dim} for each token."
        raise InputError(message, code="vectors_invalid") from error


def _ids(given: Any, limits: ServeConfig) -> Sequence[str]:
    if not isinstance(given, list) or not given:
        message = "ids must be a list of at least one id."
        raise RequestRefusedError(message, code="request_invalid", option="ids")
    if len(given) > limits.max_k:
        raise too_many("ids", len(given), limits.max_k)
    return [checked_text(one, "ids", longest=LONGEST_ID) for one in given]
