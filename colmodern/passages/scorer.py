"""What does a query score in parts of documents?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from colmodern import kernels
from colmodern.frozen import frozen
from colmodern.kernels import CentroidTable, QuantisedQuery, Segments
from colmodern.passages.pieces import Cut
from colmodern.types import FloatMatrix, IntVector


@frozen(eq=False)
class DocumentScorer:
    """A query, and the documents that it meets.

    Attributes:
        query: The query's token vectors in 8 bits.
        table: What they think of every centroid.
        segments: Where the documents are; they are numbered through all segments.
        threads: How many threads share the work.
    """

    query: QuantisedQuery
    table: CentroidTable
    segments: Segments
    threads: int = 1

    def maxima(
        self, documents: IntVector, begins: Sequence[IntVector], ends: Sequence[IntVector]
    ) -> list[FloatMatrix]:
        """Return the best score of each query token in spans of documents' tokens, in one call.

        Args:
            documents: Shape (n,), int64.
            begins: For each document the first token of each span, int64, ascending.
            ends: For each the one past the last token of each span.

        Returns:
            For each document an array of shape (n_spans, n_query_tokens), float32.
        """
        if len(documents) == 0:
            return []
        counts = [len(one) for one in begins]
        of_all = kernels.code_maxima(
            self.query,
            self.table,
            self.segments,
            documents.repeat(counts),
            np.concatenate(begins, dtype=np.int64),
            np.concatenate(ends, dtype=np.int64),
            threads=self.threads,
        )
        stops = np.cumsum(counts).tolist()
        return [of_all[stop - n : stop] for stop, n in zip(stops, counts, strict=True)]

    def coded_query(self) -> Any:
        """Return the query as native code takes it."""
        return kernels.coded_query(self.query, self.table, self.segments)

    def of_pieces(self, documents: IntVector, found: Cut) -> FloatMatrix:
        """Return the best score of each query token in each piece, shape (n_pieces, n_query)."""
        return kernels.code_maxima(
            self.query,
            self.table,
            self.segments,
            documents.repeat(np.diff(found.piece_offsets)),
            np.ascontiguousarray(found.pieces[:, 1]),
            np.ascontiguousarray(found.pieces[:, 2]),
            threads=self.threads,
        )

    def of_windows(
        self, documents: IntVector, found: Cut, chosen: IntVector
    ) -> Iterator[tuple[int, IntVector, FloatMatrix]]:
        """Yield the document, the pieces and the scores of the tokens of each window chosen.

        Args:
            documents: Shape (n,), int64.
            found: The documents in pieces.
            chosen: Shape (n, n_wanted, 2), int64, from ``choose``.
        """
        rows = np.argwhere(chosen[:, :, 0] >= 0)
        bases = found.piece_offsets[rows[:, 0]]
        windows = chosen[rows[:, 0], rows[:, 1]]
        firsts = found.pieces[bases + windows[:, 0], 1]
        lasts = found.pieces[bases + windows[:, 1] - 1, 2]
        tokens = [np.arange(a, b) for a, b in zip(firsts, lasts, strict=True)]
        scores = self.maxima(documents[rows[:, 0]], tokens, [one + 1 for one in tokens])
        yield from zip(rows[:, 0].tolist(), windows, scores, strict=True)

    def of_tokens(self, document: int, tokens: IntVector) -> FloatMatrix:
        """Return what some tokens of a document score, shape (len(tokens), n_query_tokens)."""
        return self.maxima(np.array([document]), [tokens], [tokens + 1])[0]
