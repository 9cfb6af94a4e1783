"""How does a query become hits? Probe, gather, rescore, explain: one snapshot, never changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.config import Effort, SearchParams
from colmodern.errors import EncoderError, EncoderMismatchError, InputError
from colmodern.searcher.candidates import Candidates, everything, gather, score_by_centroids
from colmodern.searcher.explain import Explanation, explain_match
from colmodern.searcher.hits import Hit, Hits
from colmodern.searcher.passages import best_passage
from colmodern.searcher.prepared import Meeting, PreparedQuery
from colmodern.searcher.rescore import rescore
from colmodern.storage import IndexReader, drift
from colmodern.types import FloatMatrix, QueryEncoder, TokenEmbeddings


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
        self._encoder = encoder
        self._precision = precision
        if encoder is not None:
            _check_encoder(reader, encoder)

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
        return type(self)(self._reader.refresh(), self._encoder, precision=self._precision)

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
            _check_encoder(self._reader, encoder)
            self._encoder = encoder
        return self._encoder

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
            "centroids": reader.codec.n_centroids,
            "encoder": manifest.encoder.name,
            "fingerprint": manifest.encoder.fingerprint,
            "generation": manifest.generation,
            "drift": None if fit is None else round(fit, 2),
            "kernels": kernels.active_isa(),
        }

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        effort: Effort | str = Effort.MEDIUM,
        exact: bool = False,
        passages: bool = True,
        threads: int | None = None,
    ) -> Hits:
        """Return the ``k`` documents that match ``query`` best, fewer if there are fewer.

        Args:
            query: Any text.
            k: How many hits at most.
            effort: ``low``, ``medium``, ``high`` or ``exact``.
            exact: Score every document by all its codes; the same as ``effort="exact"``.
            passages: Also find the passage of each hit that matched.
            threads: How many threads; None takes all processors. Hits do not depend on it.

        Raises:
            ConfigError: An option is not allowed.
            InputError: The query is empty, or holds nothing that the encoder reads.
        """
        return self.search_many(
            [query], k=k, effort=effort, exact=exact, passages=passages, threads=threads
        )[0]

    def search_many(
        self,
        queries: Iterable[str],
        *,
        k: int = 10,
        effort: Effort | str = Effort.MEDIUM,
        exact: bool = False,
        passages: bool = True,
        threads: int | None = None,
    ) -> list[Hits]:
        """Return the hits of each query; as ``search`` for each, encoded together.

        Raises:
            ConfigError: An option is not allowed.
            EncoderError: The encoder gives another number of results than queries.
            InputError: A query is empty, or holds nothing that the encoder reads; its number is
                named and nothing is searched.
        """
        params = SearchParams.for_k(
            k,
            effort=Effort.EXACT if exact else effort,
            threads=os.cpu_count() or 1 if threads is None else threads,
        )
        texts = [queries] if isinstance(queries, str) else list(queries)
        vectors = self._encoded(texts)
        # A batch keeps every thread busy with a query of its own; one query shares its work.
        n_workers = min(params.threads, len(texts))
        if n_workers > 1:
            params = replace(params, threads=1)

        def search(text: str, tokens: TokenEmbeddings) -> Hits:
            return self.search_embeddings(tokens, params, query=text, passages=passages)

        if n_workers <= 1:
            return list(map(search, texts, vectors))
        with ThreadPoolExecutor(n_workers) as pool:
            return list(pool.map(search, texts, vectors))

    def search_embeddings(
        self,
        tokens: TokenEmbeddings,
        params: SearchParams,
        *,
        query: str = "",
        passages: bool = False,
        allowed: Sequence[NDArray[np.bool_]] | None = None,
    ) -> Hits:
        """Return the hits of a query given as token vectors.

        Args:
            tokens: The query's token vectors, shape (n_query_tokens, dim), rows of unit norm.
            params: How to search.
            query: The query's text, for the record.
            passages: Also find the passage of each hit that matched.
            allowed: For every segment, which of its documents may be found; None: all alive.

        Raises:
            InputError: The vectors have another dimension than the index, or are not finite.
        """
        codec, segments = self._reader.codec, self._reader.segments
        params = params.for_documents_of(self._reader.n_tokens / max(1, self.n_documents))
        vectors = _checked_vectors(tokens.vectors, codec.dim)
        prepared = PreparedQuery.of(vectors, codec, threads=params.threads)
        masks = [segment.alive for segment in segments] if allowed is None else list(allowed)
        if params.probes is None:
            candidates = everything(segments, masks)
        else:
            gathered = gather(segments, prepared, params, masks)
            scored = score_by_centroids(segments, prepared, gathered, threads=params.threads)
            candidates = scored.best(params.candidates)
        best = rescore(segments, prepared, candidates, threads=params.threads).best(params.k)
        return Hits(query, self._hits(best, prepared, passages=passages))

    def explain(self, query: str, doc_id: str) -> Explanation:
        """Return, for every token of a query, the token of a document that it matched.

        Raises:
            InputError: The query is empty, or no living document has that id.
        """
        found = self._reader.find(doc_id)
        if found is None:
            raise InputError(f"No document with the id {doc_id!r} is in {self._reader.path}.")
        segment, document = found
        tokens = self._encoded([query])[0]
        vectors = _checked_vectors(tokens.vectors, self._reader.codec.dim)
        prepared = PreparedQuery.of(vectors, self._reader.codec, threads=1)
        return explain_match(
            query,
            tokens,
            Meeting(prepared, segment, document).maxima,
            segment.spans(document),
            segment.document(document),
        )

    def _encoded(self, queries: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each query; one without any is refused, not searched."""
        _check_queries(queries)
        vectors = self.encoder.encode_queries(queries)
        if len(vectors) != len(queries):
            raise EncoderError(
                f"Encoder {self.encoder.name} gave {len(vectors)} results for "
                f"{len(queries)} queries."
            )
        for number, tokens in enumerate(vectors, 1):
            if len(tokens) == 0:
                raise InputError(
                    f"{_which(number, queries)} holds nothing that the encoder reads: "
                    f"{queries[number - 1]!r:.60}. Give it at least one word."
                )
        return vectors

    def _hits(self, best: Candidates, query: PreparedQuery, *, passages: bool) -> list[Hit]:
        hits = []
        for rank, (number, document, score) in enumerate(
            zip(best.segments.tolist(), best.documents.tolist(), best.scores.tolist(), strict=True),
            1,
        ):
            segment = self._reader.segments[number]
            passage = None
            if passages:
                maxima = Meeting(query, segment, document).maxima
                passage = best_passage(maxima, segment.spans(document), segment.texts[document])
            doc_id, title = segment.ids[document], segment.titles[document]
            hits.append(Hit(rank, score, doc_id, title, segment.metadata(document), passage))
        return hits


def _check_encoder(reader: IndexReader, encoder: QueryEncoder) -> None:
    made_with = reader.manifest.encoder
    if made_with.fingerprint != encoder.fingerprint:
        raise EncoderMismatchError(
            index_encoder=f"{made_with.name} ({made_with.fingerprint[:12]})",
            given_encoder=f"{encoder.name} ({encoder.fingerprint[:12]})",
        )


def _check_queries(queries: Sequence[str]) -> None:
    for number, query in enumerate(queries, 1):
        if not isinstance(query, str):
            raise TypeError(f"a query must be a str, not {type(query).__name__}")
        if not query.strip():
            raise InputError(f"{_which(number, queries)} is empty; give it at least one word.")


def _which(number: int, queries: Sequence[str]) -> str:
    return "The query" if len(queries) == 1 else f"Query {number} of {len(queries)}"


def _checked_vectors(vectors: FloatMatrix, dim: int) -> FloatMatrix:
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise InputError(
            f"Query vectors must have shape (n_tokens, {dim}), not {tuple(vectors.shape)}."
        )
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(vectors).all():
        raise InputError("Query vectors hold NaN or infinite values.")
    return vectors
