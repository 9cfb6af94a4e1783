"""How does a query become hits? One snapshot of an index, searched and never changed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path, PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.remote.reading import open_index
from colmodern.request import Mode, Scoring, SearchRequest
from colmodern.searcher.checks import (
    check_encoder,
    check_made_by,
    check_queries,
    check_text,
    encoded,
    encoder_of,
    found_document,
    passage_map_of_index,
    scoring_of_index,
)
from colmodern.searcher.hits import Hits
from colmodern.searcher.mode import asked_in_mode, asked_of_words, has_words
from colmodern.searcher.part import Part
from colmodern.searcher.phrases import name_counts
from colmodern.searcher.plan import Begin, SearchPlan, plan, unobserved
from colmodern.searcher.search import search_all, search_one
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.searcher.unread import unread_queries
from colmodern.storage import IndexReader, StoredDocument
from colmodern.storage.snapshot.reader import closed_if_it_fails
from colmodern.types import QueryEncoder, TokenEmbeddings

if TYPE_CHECKING:
    from colmodern.encoder import PassageMap
    from colmodern.passages.explanation import Explanation
    from colmodern.searcher.filters import Filters


# To ask takes as long as to plan a search: Linux has it in a file.
_CORES = os.cpu_count() or 1


class Searcher:
    """Searches one snapshot of an index.

    Safe to share between threads: a search changes nothing. ``open`` it, and ``refresh`` it to see
    what has been committed since.
    """

    def __init__(
        self, reader: IndexReader, encoder: QueryEncoder | None = None, *, precision: str = "auto"
    ) -> None:
        """Search ``reader`` with ``encoder``; see ``open``."""
        self._open_reader: IndexReader | None = reader
        self._opened_with = encoder
        self._encoder = encoder
        self._precision = precision
        if encoder is not None:
            check_encoder(reader, encoder)

    @classmethod
    def open(
        cls, path: str | Path, encoder: QueryEncoder | None = None, *, precision: str = "auto"
    ) -> Self:
        """Open the index, or the shard set, in a folder, memory-mapped and read-only.

        Args:
            path: The folder of the index or of the set; or a URL where it was published, as
                ``s3://bucket/prefix``, whose newest files are fetched to a cache (extra
                ``remote``).
            encoder: The encoder the index was made with; None loads it by the name that the index
                keeps when the first text is searched.
            precision: What that encoder computes in; see ``Encoder.load``.

        Raises:
            IndexStoreError: There is no index there, or it cannot be read.
            RemoteError: The object store of a URL cannot be used.
            EncoderMismatchError: The index was made with another encoder.
        """
        reader = open_index(path)
        with closed_if_it_fails(reader):
            return cls(reader, encoder, precision=precision)

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
        if self._open_reader is None:
            return "<Searcher, closed>"
        codec = self._reader.codec
        return (
            f"<Searcher {PurePath(self._reader.location).name}: {self.n_documents} documents, "
            f"{self._reader.n_tokens} tokens, {codec.bits} bits, {kernels.active_isa()}>"
        )

    def close(self) -> None:
        """Let go of the files; a second call does nothing."""
        if self._open_reader is not None:
            self._open_reader.close()
        self._open_reader = None
        for kept in ("_part", "_filters"):
            self.__dict__.pop(kept, None)

    def refresh(self) -> Self:
        """Return a searcher of the newest snapshot; this one keeps its own.

        Raises:
            EncoderMismatchError: The index was made again, with another encoder than the one that
                this searcher was opened with. Opened without one, it loads the other.
        """
        reader = self._reader.refresh()
        with closed_if_it_fails(reader):
            fresh = type(self)(reader, self._opened_with, precision=self._precision)
        made_with = reader.manifest.encoder.fingerprint
        if self._encoder is not None and self._encoder.fingerprint == made_with:
            fresh._encoder = self._encoder
        return fresh

    def is_current(self) -> bool:
        """Return whether nothing was committed since it was opened; costs next to nothing."""
        return self._reader.is_current()

    def document(self, doc_id: str) -> StoredDocument:
        """Return a document: its text, its title, its metadata and its source.

        Raises:
            InputError: No live document has that id.
        """
        segment, position = found_document(self._reader, doc_id)
        return segment.document(position)

    def masks_of(self, doc_ids: Iterable[str]) -> list[NDArray[np.bool_]]:
        """Return which documents have one of some ids, as ``search_embeddings`` takes it.

        Returns:
            For every segment a mask of its documents, shape (n_documents,), bool.

        Raises:
            InputError: No live document has one of the ids.
        """
        masks = {
            segment: np.zeros(segment.n_documents, np.bool_) for segment in self._part.segments
        }
        for doc_id in doc_ids:
            segment, position = found_document(self._reader, doc_id)
            masks[segment][position] = True
        return list(masks.values())

    @property
    def n_documents(self) -> int:
        """How many documents can be found."""
        return self._reader.n_documents

    @property
    def not_indexed(self) -> dict[str, int]:
        """How many files of the folders that were indexed are not in the index, by reason."""
        from colmodern.searcher.left_out import left_out_of

        return left_out_of(self._reader.manifest.config)

    @property
    def has_words(self) -> bool:
        """Whether the index has words, which BM25 needs."""
        return has_words(self._part)

    @property
    def encoder(self) -> QueryEncoder:
        """The encoder, loaded by the index's own record of it if none was given.

        Raises:
            EncoderError: It cannot be loaded; an index of ready vectors may name none that exists.
        """
        if self._encoder is None:
            self._encoder = encoder_of(self._reader, precision=self._precision)
        return self._encoder

    def count(self, where: str) -> int:
        """Return how many documents a filter keeps; docs/how-to/search.md has its language.

        Raises:
            ConfigError: The filter cannot be read, names a field that no document has, or compares
                one with a value of another kind; the message says which and where.
        """
        return int(self._filters.mask(where).sum())

    def describe(self) -> dict[str, Any]:
        """Return what the index is: counts, sizes, how it was made, and what runs here."""
        from colmodern.searcher.description import describe

        return describe(self._reader)

    def search(
        self,
        query: str,
        request: SearchRequest | None = None,
        *,
        begin: Begin = unobserved,
        **options: Any,
    ) -> Hits:
        """Return the ``k`` documents that match ``query`` best, fewer if there are fewer.

        Args:
            query: Any text.
            request: How to search; None: by the defaults of ``SearchRequest``.
            begin: Called with the name of each stage as it begins (``filter``, ``encode``,
                ``words``, ``candidates``, ``rescore``, ``passages``); what it raises ends the
                search.
            **options: Fields of ``SearchRequest``, instead of one or where they differ from it.

        Raises:
            ConfigError: An option is not allowed, or the filter cannot be used.
            IndexFormatError: BM25 is asked for, and the index has no words.
            InputError: The query is empty, or holds nothing that the encoder reads.
            TypeError: There is no such option.
        """
        return self.search_many([query], request, begin=begin, **options)[0]

    def search_many(
        self,
        queries: Iterable[str],
        request: SearchRequest | None = None,
        *,
        begin: Begin = unobserved,
        **options: Any,
    ) -> list[Hits]:
        """Return the hits of each query; as ``search`` for each, encoded together.

        A query that the model cannot read is answered by BM25, and its hits say so (``unread``).

        Raises:
            ConfigError: An option is not allowed, or the filter cannot be used.
            EncoderError: The encoder gives another number of results than queries.
            IndexFormatError: BM25 is asked for, and the index has no words.
            InputError: A query is empty, or holds nothing that the encoder reads; its number is
                named and nothing is searched.
            TypeError: There is no such option.
        """
        asked = SearchRequest.of(request, options)
        begin("filter")
        allowed = self._allowed(asked.where, begin)
        begin("encode")
        texts = [queries] if isinstance(queries, str) else list(queries)
        is_words = asked.mode is Mode.BM25
        check_queries(texts, words=is_words)
        unread = {} if is_words else unread_queries(self.encoder, texts, self._part)
        by_words = [is_words or (n in unread and unread[n].by_words) for n in range(len(texts))]
        vectors = self._encoded([None if by else t for t, by in zip(texts, by_words, strict=True)])
        requests = [
            asked_of_words(asked) if by else asked_in_mode(asked, text, self._part)
            for text, by in zip(texts, by_words, strict=True)
        ]
        plans = {request: self._planned(request, begin) for request in dict.fromkeys(requests)}
        hows = [plans[request] for request in requests]
        found = search_all(self._part, self._reader.codec, hows, texts, vectors, allowed)
        return [
            hits.of_unread(unread[number]) if number in unread else hits
            for number, hits in enumerate(found)
        ]

    def search_embeddings(
        self,
        tokens: TokenEmbeddings,
        request: SearchRequest | None = None,
        *,
        query: str = "",
        fingerprint: str | None = None,
        allowed: Sequence[NDArray[np.bool_]] | None = None,
        statistics: GlobalStatistics | None = None,
        begin: Begin = unobserved,
        **options: Any,
    ) -> Hits:
        """Return the hits of a query given as token vectors: those ``search`` has for its text.

        Args:
            tokens: The query's token vectors, shape (n_query_tokens, dim), rows of unit norm.
            request: How to search, as in ``search``.
            query: The query's text: for BM25, and for the record.
            fingerprint: That of the encoder that made the vectors, to be compared with that of the
                index (``EncoderIdentity.fingerprint``); None: nobody knows, nothing is compared.
            allowed: For every segment, which of its documents may be found, of those that are
                alive and that ``where`` keeps; None: all of them.
            statistics: The sum of what ``statistics`` says in every index that is searched as one
                with this one, for the same query and filter; None: it is searched by itself.
            begin: As in ``search``.
            **options: Fields of ``SearchRequest``, as in ``search``.

        Raises:
            ConfigError: An option is not allowed, or the filter cannot be used.
            EncoderMismatchError: Another encoder made the vectors than the index.
            InputError: There are no vectors, they have another dimension than the index, or are
                not finite; the text is none, or BM25 is asked for without one.
            TypeError: There is no such option.
        """
        asked = SearchRequest.of(request, options)
        check_text(query)
        check_made_by(self._reader.manifest.encoder, fingerprint)
        begin("filter")
        mask = self._allowed(asked.where, begin, statistics)
        if allowed is not None:
            mask = mask & self._part.joined(allowed)
        how = self._planned(asked_in_mode(asked, query, self._part), begin, statistics)
        codec = self._reader.codec
        return search_one(self._part, codec, how, query, tokens, mask, statistics)

    def statistics(
        self, query: str, *, where: str | None = None, begin: Begin = unobserved
    ) -> GlobalStatistics:
        """Return the numbers that a search of several indexes as one needs of each.

        They are added up, and the sum goes to ``search_embeddings`` of each. Of the hits of all,
        the best by score, equals by id, are those of one index that holds all documents. With
        ``fusion=rrf`` they are not: ranks are of all candidates, and hits are a few of them.

        Args:
            query: The query's text.
            where: The filter of the search. A field that no document has here may be in others:
                the search with the sum refuses one that is in none.
            begin: Called with ``filter`` while that is evaluated; what it raises ends it.

        Raises:
            ConfigError: The filter cannot be read.
            InputError: The query is no text.
        """
        check_text(query)
        found = self._part.lexicon.look_up(query).statistics if self.has_words else None
        allowed = self._part.live
        if where is not None:
            allowed = self._filters.mask(where, begin, is_part=True)
        return dataclasses.replace(
            self._part.statistics(found),
            names=name_counts(self._part, query, allowed),
            fields={} if where is None else self._filters.fits(where),
        )

    def explain(
        self,
        query: str,
        doc_id: str,
        *,
        passages: int = 3,
        exact: bool = False,
        scoring: Scoring | str = Scoring.AUTO,
        mode: Mode | str = Mode.AUTO,
        word_weight: float | None = None,
        begin: Begin = unobserved,
    ) -> Explanation:
        """Return, for every token of a query, the token of a document that it matched.

        The document's tokens, passages and offsets come from the index: no model sees its text.

        Args:
            query: Any text.
            doc_id: The id of a document.
            passages: How many passages at most.
            exact: Also encode the document again, for scores without the loss of compression.
            scoring: How the matches make the score, as in ``search``.
            mode: What makes the score, as in ``search``: it is that of the hit, with its parts.
            word_weight: How much BM25 counts, as in ``search``.
            begin: Called with the name of each stage as it begins (``encode``, ``rescore``,
                ``words``, ``passages``, ``matches``), with ``rescore`` again and again in a long
                document; an error ends it.

        Raises:
            ConfigError: ``passages`` is less than 1, or an option is not allowed.
            EncoderError: ``exact`` is asked for, and the encoder knows queries only, or makes
                other tokens of the text than are in the index.
            IndexFormatError: BM25 is asked for, and the index has no words.
            InputError: The query is empty, or no live document has that id.
        """
        check_queries([query])
        begin("encode")
        return self.explain_embeddings(
            encoded(self.encoder, [query])[0],
            doc_id,
            query=query,
            passages=passages,
            exact=exact,
            scoring=scoring,
            mode=mode,
            word_weight=word_weight,
            begin=begin,
        )

    def explain_embeddings(
        self,
        tokens: TokenEmbeddings,
        doc_id: str,
        *,
        query: str = "",
        fingerprint: str | None = None,
        passages: int = 3,
        exact: bool = False,
        scoring: Scoring | str = Scoring.AUTO,
        mode: Mode | str = Mode.AUTO,
        word_weight: float | None = None,
        statistics: GlobalStatistics | None = None,
        begin: Begin = unobserved,
    ) -> Explanation:
        """Return the same for a query given as token vectors; ``query`` is its text.

        ``fingerprint`` and ``statistics`` are those of ``search_embeddings``.
        """
        from colmodern.searcher.explain import explain_document

        check_text(query)
        check_made_by(self._reader.manifest.encoder, fingerprint)
        options = {"scoring": scoring, "mode": mode, "word_weight": word_weight, "threads": 1}
        asked = asked_in_mode(SearchRequest.of(None, options), query, self._part)
        return explain_document(
            self._part,
            self._reader,
            self._planned(asked, begin, statistics),
            doc_id,
            query=query,
            tokens=tokens,
            n_passages=passages,
            exact_by=self.encoder if exact else None,
            statistics=statistics,
        )

    @property
    def _reader(self) -> IndexReader:
        if self._open_reader is None:
            raise ValueError("this Searcher is closed; open another")
        return self._open_reader

    def _encoded(self, queries: Sequence[str | None]) -> list[TokenEmbeddings | None]:
        """Return the token vectors of each query that has a text; others need no encoder."""
        texts = [query for query in queries if query is not None]
        vectors = iter(encoded(self.encoder, texts) if texts else ())
        return [None if query is None else next(vectors) for query in queries]

    def _planned(
        self,
        request: SearchRequest,
        begin: Begin = unobserved,
        statistics: GlobalStatistics | None = None,
    ) -> SearchPlan:
        """Return what a request means here; BM25 does not ask how the encoder scores."""
        return plan(
            request,
            n_documents=self.n_documents if statistics is None else statistics.n_documents,
            n_tokens=self._reader.n_tokens if statistics is None else statistics.n_tokens,
            scoring=Scoring.MAXSIM if request.mode is Mode.BM25 else self._scoring,
            threads=_CORES,
            begin=begin,
            passage_map=None if request.mode is Mode.BM25 else self._passage_map,
        )

    @cached_property
    def _scoring(self) -> Scoring:
        """What scoring ``auto`` is, whatever a query is given as."""
        return scoring_of_index(self._reader, self._opened_with)

    @cached_property
    def _passage_map(self) -> PassageMap | None:
        """What queries become before passages are chosen, whatever a query is given as."""
        return passage_map_of_index(self._reader, self._opened_with)

    def _allowed(
        self, where: str | None, begin: Begin, statistics: GlobalStatistics | None = None
    ) -> NDArray[np.bool_]:
        """Return which documents may be found, of all segments.

        With the statistics of several indexes they say what the filter may name.
        """
        if where is None:
            return self._part.live
        if statistics is None:
            return self._filters.mask(where, begin)
        if statistics.n_documents:
            from colmodern.searcher.fields import check_fits

            check_fits(statistics.fields)
        return self._filters.mask(where, begin, is_part=True)

    @cached_property
    def _part(self) -> Part:
        reader = self._reader
        return Part(reader.segments, lambda: reader.words)

    @cached_property
    def _filters(self) -> Filters:
        from colmodern.searcher.filters import Filters

        return Filters(self._reader.segments, self._part.live)
