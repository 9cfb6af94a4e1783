"""Can this query be searched in this index, with this encoder?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from colmodern.errors import EncoderError, EncoderMismatchError, InputError
from colmodern.request import Scoring
from colmodern.storage import IndexReader, Segment
from colmodern.text.words import words_of
from colmodern.types import EncoderIdentity, FloatMatrix, QueryEncoder, TokenEmbeddings

if TYPE_CHECKING:
    from colmodern.encoder import PassageMap


def check_encoder(reader: IndexReader, encoder: QueryEncoder) -> None:
    """Refuse an encoder that the index was not made with.

    Raises:
        EncoderMismatchError: It is another one.
    """
    made_with = reader.manifest.encoder
    if made_with.fingerprint != encoder.fingerprint:
        raise EncoderMismatchError(
            index_encoder=f"{made_with.name} ({made_with.fingerprint[:12]})",
            given_encoder=f"{encoder.name} ({encoder.fingerprint[:12]})",
        )


def check_made_by(made_with: EncoderIdentity, fingerprint: str | None) -> None:
    """Refuse ready vectors of another encoder than an index was made with.

    Args:
        made_with: What made the index.
        fingerprint: What made the vectors; None: nobody said.

    Raises:
        EncoderMismatchError: It is another one.
    """
    if fingerprint is not None and fingerprint != made_with.fingerprint:
        raise EncoderMismatchError(
            index_encoder=f"{made_with.name} ({made_with.fingerprint[:12]})",
            given_encoder=f"that of the query's vectors ({fingerprint[:12]})",
        )


def found_document(reader: IndexReader, doc_id: str) -> tuple[Segment, int]:
    """Return the segment and position of the live document with an id.

    Raises:
        InputError: There is none.
    """
    found = reader.find(doc_id)
    if found is None:
        raise InputError(
            f"No document with the id {doc_id!r} is in {reader.location}; hits of a search "
            "name the ids that are.",
            code="document_not_found",
            document=doc_id,
        )
    return found


def scoring_for(encoder: QueryEncoder) -> Scoring:
    """Return how the matches of an encoder's vectors make a score: as it says, else MaxSim."""
    return Scoring(getattr(encoder, "scoring", Scoring.MAXSIM))


def scoring_of_index(reader: IndexReader, encoder: QueryEncoder | None) -> Scoring:
    """Return what scoring ``auto`` is in an index.

    What the encoder was made for, if the searcher was opened with one; without one, what the
    checkpoint says that the index names, if it lies on this machine; MaxSim if neither says
    anything.
    """
    if encoder is not None:
        return scoring_for(encoder)
    from colmodern.encoder import scoring_of

    return scoring_of(reader.manifest.encoder.name)


def passage_map_of_index(reader: IndexReader, encoder: QueryEncoder | None) -> PassageMap | None:
    """Return what queries become before passages are chosen in an index; None: they stay.

    As with ``scoring_of_index``: by the encoder that the searcher was opened with, else by the
    checkpoint that the index names, if it lies on this machine.
    """
    if encoder is not None:
        found: PassageMap | None = getattr(encoder, "passage_map", None)
        return found
    from colmodern.encoder import passage_map_of

    return passage_map_of(reader.manifest.encoder.name)


def encoder_of(reader: IndexReader, *, precision: str) -> QueryEncoder:
    """Return the encoder that an index names, loaded.

    Raises:
        EncoderError: It cannot be loaded; an index of ready vectors may name none that exists.
        EncoderMismatchError: What has that name now is another encoder.
    """
    from colmodern.encoder import load_encoder

    name = reader.manifest.encoder.name
    try:
        encoder = load_encoder(name, precision=precision)
    except EncoderError as err:
        raise EncoderError(
            f"{err} The index {reader.location} was made with the encoder {name!r}: give "
            "that to Searcher.open(path, encoder), or search with ready vectors "
            "(search_embeddings).",
            code=err.code,
            value=name,
        ) from err
    check_encoder(reader, encoder)
    return encoder


def check_queries(queries: Sequence[str], *, words: bool = False) -> None:
    """Refuse queries without text, or with what is none; the message names the query's number.

    Args:
        queries: What is asked.
        words: Whether BM25 must find a word in each.

    Raises:
        InputError: A query is empty, holds no word, or cannot be written as UTF-8.
        TypeError: A query is no string.
    """
    for number, query in enumerate(queries, 1):
        if not isinstance(query, str):
            raise TypeError(f"a query must be a str, not {type(query).__name__}")
        check_text(query, name=_which(number, queries))
        if not query.strip():
            message = f"{_which(number, queries)} is empty; give it at least one word."
            raise InputError(message, code="query_empty", value=query)
        if words and not words_of(query):
            raise InputError(
                f"{_which(number, queries)} holds no word for BM25: {query!r:.60}. Give it at "
                "least one.",
                code="query_empty",
                value=query,
            )


def check_text(query: str, *, name: str = "The query") -> None:
    """Refuse a query that cannot be written as UTF-8: bytes of something else, or half a character.

    Raises:
        InputError: It is one; ``name`` says which.
    """
    try:
        query.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{name} is not text: {query!r:.60}. It holds bytes that are no UTF-8, or half a "
            "character; give it as UTF-8.",
            code="query_not_text",
            value=query,
        ) from error


def encoded(encoder: QueryEncoder, queries: Sequence[str]) -> list[TokenEmbeddings]:
    """Return the token vectors of each query; one without any is refused, not searched.

    Raises:
        EncoderError: The encoder gives another number of results than queries.
        InputError: It finds nothing in a query.
    """
    vectors = encoder.encode_queries(queries)
    if len(vectors) != len(queries):
        raise EncoderError(
            f"Encoder {encoder.name} gave {len(vectors)} results for {len(queries)} queries.",
            code="encoder_result_invalid",
        )
    for number, tokens in enumerate(vectors, 1):
        if len(tokens) == 0:
            raise InputError(
                f"{_which(number, queries)} holds nothing that the encoder reads: "
                f"{queries[number - 1]!r:.60}. Give it at least one word.",
                code="query_empty",
                value=queries[number - 1],
            )
    return vectors


def checked_vectors(tokens: TokenEmbeddings, dim: int) -> FloatMatrix:
    """Return a query's vectors as C-contiguous float32.

    Raises:
        InputError: They are no array of numbers of shape (n_tokens, dim) with at least one token,
            or are not finite.
    """
    found: object = tokens
    vectors: object = tokens.vectors if isinstance(found, TokenEmbeddings) else None
    if not isinstance(vectors, np.ndarray) or vectors.dtype.kind not in "fiu":
        kind = type(found).__name__
        if vectors is not None:
            kind = f"{kind} of {getattr(vectors, 'dtype', None) or type(vectors).__name__}"
        raise InputError(
            f"A query of vectors must be TokenEmbeddings of a float32 array, not {kind}.",
            code="vectors_invalid",
        )
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise InputError(
            f"Query vectors must have shape (n_tokens, {dim}), not {tuple(vectors.shape)}.",
            code="vectors_invalid",
        )
    if not len(vectors):
        raise InputError("The query has no token vector; give it at least one.", code="query_empty")
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(vectors).all():
        raise InputError("Query vectors hold NaN or infinite values.", code="vectors_invalid")
    return vectors


def _which(number: int, queries: Sequence[str]) -> str:
    return "The query" if len(queries) == 1 else f"Query {number} of {len(queries)}"
