"""How does a query become hits? One snapshot of an index, searched and never changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.errors import ConfigError, EncoderError, InputError
from colmodern.request import Mode, Scoring, SearchRequest
from colmodern.searcher.bm25 import Lexicon
from colmodern.searcher.checks import (
    check_encoder,
    check_queries,
    check_words,
    checked_vectors,
    encoded,
)
from colmodern.searcher.exact import exact_scores
from colmodern.searcher.explain import Explanation, explain_match
from colmodern.searcher.hits import Hit, Hits, Passage
from colmodern.searcher.passages import best_passage
from colmodern.searcher.places import place_of
from colmodern.searcher.plan import SearchPlan, plan
from colmodern.searcher.prepared import Meeting, PreparedQuery
from colmodern.searcher.ranking import Ranked, by_both, by_late_interaction, by_words
from colmodern.searcher.scoring import scoring_for
from colmodern.searcher.word_passage import word_passage
from colmodern.storage import IndexReader, Segment, drift
from colmodern.types import QueryEncoder, TokenEmbeddings

if TYPE_CHECKING:
    from colmodern.searcher.filters import Filters

Evidence: TypeAlias = Callable[[Segment, int], Passage | None]
"""Takes a segment and a document of it, and returns the passage that matched."""


class Searcher:
    """Searches one snapshot of an index.

    Safe to share between threads: a search changes nothing. ``open`` it, and ``refresh`` it to see
    what has been committed since.
    """

    def __init__(
        self, reader: IndexReader, encoder: QueryEncoder | None = None, *, precision: str = "auto"
    ) -> None:
        """Search ``reader`` with ``encoder``; see ``open``."""
        self._reader = reader
        self._given = encoder
        self._encoder = encoder
        self._precision = precision
        if encoder is not None:
            check_encoder(reader, encoder)

    @classmethod
    def open(
        cls, path: str | Path, encoder: QueryEncoder | None = None, *, precision: str = "auto"
    ) -> Self:
        """Open the index in a folder, memory-mapped and read-only.

        Args:
            path: The folder of the index.
            encoder: The encoder the index was made with; None loads it by the name that the index
                keeps when the first text is searched.
            precision: What that encoder computes in; see ``Encoder.load``.

        Raises:
            IndexStoreError: There is no index there, or it cannot be read.
            EncoderMismatchError: The index was made with another encoder.
        """
        return cls(IndexReader.open(path), encoder, precision=precision)

    def __enter__(self) -> Self:
        """Return the searcher itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the index."""
        self.close()

    def __repr__(self) -> str:
        """Say what is searched, and with which kernels."""
        codec = self._reader.codec
        return (
            f"<Searcher {self._reader.path.name}: {self.n_documents} documents, "
            f"{self._reader.n_tokens} tokens, {codec.bits} bits, {kernels.active_isa()}>"
        )

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()

    def refresh(self) -> Self:
        """Return a searcher of the newest snapshot; this one keeps its own."""
        fresh = type(self)(self._reader.refresh(), self._given, precision=self._precision)
        fresh._encoder = self._encoder
        return fresh

    @property
    def n_documents(self) -> int:
        """How many documents can be found."""
        return self._reader.n_documents

    @property
    def encoder(self) -> QueryEncoder:
        """The encoder, loaded by the index's own record of it if none was given.

        Raises:
            EncoderError: It cannot be loaded; an index of ready vectors may name none that exists.
        """
        if self._encoder is None:
            from colmodern.encoder import load_encoder

            name = self._reader.manifest.encoder.name
            try:
                encoder = load_encoder(name, precision=self._precision)
            except EncoderError as err:
                raise EncoderError(
                    f"{err} The index {self._reader.path} was made with the encoder {name!r}: give "
                    "that to Searcher.open(path, encoder), or search with ready vectors "
                    "(search_embeddings)."
                ) from err
            check_encoder(self._reader, encoder)
            self._encoder = encoder
        return self._encoder

    def count(self, where: str) -> int:
        """Return how many documents a filter keeps; docs/search.md has its language.

        Raises:
            ConfigError: The filter cannot be read, names a field that no document has, or compares
                one with a value of another kind; the message says which and where.
        """
        return sum(int(mask.sum()) for mask in self._filters.masks(where))

    def describe(self) -> dict[str, Any]:
        """Return what the index is: counts, sizes, how it was made, and what runs here."""
        reader, manifest = self._reader, self._reader.manifest
        fit = drift(manifest)
        n_bytes = sum(file.stat().st_size for file in reader.path.rglob("*") if file.is_file())
        return {
            "index": str(reader.path),
            "documents": reader.n_documents,
            "tokens": reader.n_tokens,
            "segments": len(reader.segments),
            "bytes": n_bytes,
            "bytes_a_token": round(n_bytes / max(1, reader.n_tokens), 1),
            "dim": reader.codec.dim,
            "bits": reader.codec.bits,
            "pool": manifest.config.get("pool", 1),
            "centroids": reader.codec.n_centroids,
            "encoder": manifest.encoder.name,
            "fingerprint": manifest.encoder.fingerprint,
            "generation": manifest.generation,
            "drift": None if fit is None else round(fit, 2),
            "kernels": kernels.active_isa(),
        }

    def search(self, query: str, request: SearchRequest | None = None, **options: Any) -> Hits:
        """Return the ``k`` documents that match ``query`` best, fewer if there are fewer.

        Args:
            query: Any text.
            request: How to search; None: by the defaults of ``SearchRequest``.
            **options: Fields of ``SearchRequest``, instead of one or where they differ from it.

        Raises:
            ConfigError: An option is not allowed, or the filter cannot be used.
            IndexFormatError: BM25 is asked for, and the index has no words.
            InputError: The query is empty, or holds nothing that the encoder reads.
            TypeError: There is no such option.
        """
        return self.search_many([query], request, **options)[0]

    def search_many(
        self, queries: Iterable[str], request: SearchRequest | None = None, **options: Any
    ) -> list[Hits]:
        """Return the hits of each query; as ``search`` for each, encoded together.

        Raises:
            ConfigError: An option is not allowed, or the filter cannot be used.
            EncoderError: The encoder gives another number of results than queries.
            IndexFormatError: BM25 is asked for, and the index has no words.
            InputError: A query is empty, or holds nothing that the encoder reads; its number is
                named and nothing is searched.
            TypeError: There is no such option.
        """
        asked = SearchRequest.of(request, options)
        allowed = self._allowed(asked.where)
        texts = [queries] if isinstance(queries, str) else list(queries)
        vectors = self._prepared_texts(texts, asked.mode)
        planned = self._planned(asked)
        # A batch keeps every thread busy with a query of its own; one query shares its work.
        n_workers = min(planned.threads, len(texts))
        if n_workers > 1:
            planned = replace(planned, threads=1)

        def search(text: str, tokens: TokenEmbeddings | None) -> Hits:
            return self._search(text, tokens, planned, passages=asked.passages, allowed=allowed)

        if n_workers <= 1:
            return list(map(search, texts, vectors))
        with ThreadPoolExecutor(n_workers) as pool:
            return list(pool.map(search, texts, vectors))

    def search_embeddings(
        self,
        tokens: TokenEmbeddings,
        request: SearchRequest | None = None,
        *,
        query: str = "",
        allowed: Sequence[NDArray[np.bool_]] | None = None,
        **options: Any,
    ) -> Hits:
        """Return the hits of a query given as token vectors: those ``search`` has for its text.

        Args:
            tokens: The query's token vectors, shape (n_query_tokens, dim), rows of unit norm.
            request: How to search, as in ``search``.
            query: The query's text: for BM25, and for the record.
            allowed: For every segment, which of its documents may be found, of those that are
                alive and that ``where`` keeps; None: all of them.
            **options: Fields of ``SearchRequest``, as in ``search``.

        Raises:
            ConfigError: An option is not allowed, or the filter cannot be used.
            InputError: The vectors have another dimension than the index, or are not finite; or
                BM25 is asked for without a text.
            TypeError: There is no such option.
        """
        asked = SearchRequest.of(request, options)
        masks = self._allowed(asked.where)
        if allowed is not None:
            masks = [mask & more for mask, more in zip(masks, allowed, strict=True)]
        planned = self._planned(asked)
        return self._search(query, tokens, planned, passages=asked.passages, allowed=masks)

    def explain(
        self,
        query: str,
        doc_id: str,
        *,
        passages: int = 3,
        exact: bool = False,
        scoring: Scoring | str = Scoring.AUTO,
    ) -> Explanation:
        """Return, for every token of a query, the token of a document that it matched.

        The document's tokens, passages and offsets come from the index: no model sees its text.

        Args:
            query: Any text.
            doc_id: The id of a document.
            passages: How many passages at most.
            exact: Also encode the document again, for scores without the loss of compression.
            scoring: How the matches make the score, as in ``search``.

        Raises:
            ConfigError: ``passages`` is less than 1, or there is no such scoring.
            EncoderError: ``exact`` is asked for, and the encoder knows queries only, or makes
                other tokens of the text than are in the index.
            InputError: The query is empty, or no living document has that id.
        """
        check_queries([query])
        return self.explain_embeddings(
            encoded(self.encoder, [query])[0],
            doc_id,
            query=query,
            passages=passages,
            exact=exact,
            scoring=scoring,
        )

    def explain_embeddings(
        self,
        tokens: TokenEmbeddings,
        doc_id: str,
        *,
        query: str = "",
        passages: int = 3,
        exact: bool = False,
        scoring: Scoring | str = Scoring.AUTO,
    ) -> Explanation:
        """Return the same for a query given as token vectors; ``query`` is its text."""
        if passages < 1:
            raise ConfigError(f"passages must be at least 1, not {passages!r}.")
        planned = self._planned(SearchRequest.of(None, {"scoring": scoring}))
        found = self._reader.find(doc_id)
        if found is None:
            raise InputError(
                f"No document with the id {doc_id!r} is in {self._reader.path}; hits of a search "
                "name the ids that are."
            )
        segment, number = found
        document = segment.document(number)
        vectors = checked_vectors(tokens.vectors, self._reader.codec.dim)
        prepared = PreparedQuery.of(vectors, self._reader.codec, threads=1)
        maxima = Meeting(prepared, segment, number).maxima
        spans = segment.spans(number)
        floats = None
        if exact:
            floats = exact_scores(self.encoder, vectors, document, n_tokens=len(spans))
        return explain_match(
            query,
            tokens,
            maxima,
            spans,
            document,
            n_passages=passages,
            exact=floats,
            scoring=planned.scoring,
        )

    def _prepared_texts(
        self, queries: Sequence[str], mode: Mode
    ) -> Sequence[TokenEmbeddings | None]:
        """Return the token vectors of each query; BM25 needs none, and no encoder."""
        check_queries(queries)
        if mode is not Mode.BM25:
            return encoded(self.encoder, queries)
        check_words(queries)
        return [None] * len(queries)

    def _planned(self, request: SearchRequest) -> SearchPlan:
        """Return what a request means here; BM25 does not ask how the encoder scores."""
        return plan(
            request,
            n_documents=self.n_documents,
            n_tokens=self._reader.n_tokens,
            scoring=Scoring.MAXSIM if request.mode is Mode.BM25 else self._scoring,
            threads=os.cpu_count() or 1,
        )

    @cached_property
    def _scoring(self) -> Scoring:
        """What scoring ``auto`` is, whatever a query is given as.

        What the encoder was made for that was given to ``open``; without one, what the checkpoint
        says that the index names, if it lies on this machine; MaxSim if neither says anything.
        """
        if self._given is not None:
            return scoring_for(self._given)
        from colmodern.encoder import scoring_of

        return scoring_of(self._reader.manifest.encoder.name)

    def _search(
        self,
        query: str,
        tokens: TokenEmbeddings | None,
        planned: SearchPlan,
        *,
        passages: bool,
        allowed: Sequence[NDArray[np.bool_]],
    ) -> Hits:
        segments = self._reader.segments
        if planned.mode is not Mode.LATE and not query:
            raise InputError(f"Mode {planned.mode} needs the text of the query.")
        if planned.mode is Mode.BM25:
            ranked = by_words(self._lexicon.scores(query), planned, allowed)
            return Hits(query, self._hits(ranked, self._word_evidence(query, wanted=passages)))
        assert tokens is not None
        codec = self._reader.codec
        vectors = checked_vectors(tokens.vectors, codec.dim)
        prepared = PreparedQuery.of(vectors, codec, threads=planned.threads)
        if planned.mode is Mode.HYBRID:
            scores = self._lexicon.scores(query)
            ranked = by_both(segments, prepared, scores, planned, allowed)
        else:
            ranked = by_late_interaction(segments, prepared, planned, allowed)
        return Hits(query, self._hits(ranked, _vector_evidence(prepared, wanted=passages)))

    def _allowed(self, where: str | None) -> list[NDArray[np.bool_]]:
        """Return, for every segment, which of its documents may be found."""
        if where is None:
            return [segment.alive for segment in self._reader.segments]
        return self._filters.masks(where)

    @cached_property
    def _filters(self) -> Filters:
        from colmodern.searcher.filters import Filters

        return Filters(self._reader.segments)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon(self._reader.segments, self._reader.words)

    def _word_evidence(self, query: str, *, wanted: bool) -> Evidence:
        def passage(segment: Segment, document: int) -> Passage | None:
            return word_passage(query, segment.texts[document], self._lexicon.idf)

        return passage if wanted else _no_evidence

    def _hits(self, ranked: Ranked, evidence: Evidence) -> list[Hit]:
        best, hits = ranked.candidates, []
        for row in range(len(best)):
            segment = self._reader.segments[int(best.segments[row])]
            document = int(best.documents[row])
            hits.append(
                Hit(
                    row + 1,
                    float(best.scores[row]),
                    segment.ids[document],
                    segment.titles[document],
                    segment.metadata(document),
                    _placed(evidence(segment, document), segment, document),
                    {name: float(scores[row]) for name, scores in ranked.parts.items()},
                    segment.source_of(document),
                )
            )
        return hits


def _vector_evidence(query: PreparedQuery, *, wanted: bool) -> Evidence:
    def passage(segment: Segment, document: int) -> Passage | None:
        maxima = Meeting(query, segment, document).maxima
        return best_passage(maxima, segment.spans(document), segment.texts[document])

    return passage if wanted else _no_evidence


def _placed(passage: Passage | None, segment: Segment, document: int) -> Passage | None:
    """Say where in the document the passage stands: the middle one of its matches decides."""
    if passage is None:
        return None
    metadata, text = segment.metadata(document), segment.texts[document]
    highlights = passage.highlights
    offset = highlights[len(highlights) // 2][0] if highlights else passage.start
    return replace(passage, place=place_of(metadata, text, offset))


def _no_evidence(_segment: Segment, _document: int) -> None:
    return None
