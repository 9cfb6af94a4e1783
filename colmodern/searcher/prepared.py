"""What does a query become before it meets documents? Integers, and its scores of all centroids."""

from __future__ import annotations

from dataclasses import dataclass

from colmodern import kernels
from colmodern.codec import Codec
from colmodern.kernels import CentroidTable, QuantisedQuery
from colmodern.storage import Segment
from colmodern.types import FloatMatrix, IntVector


@dataclass(frozen=True, slots=True, eq=False)
class PreparedQuery:
    """A query as the codec of an index sees it.

    Attributes:
        quantised: Its token vectors in 8 bits.
        table: What they think of every centroid.
    """

    quantised: QuantisedQuery
    table: CentroidTable

    @classmethod
    def of(cls, vectors: FloatMatrix, codec: Codec, *, threads: int) -> PreparedQuery:
        """Prepare token vectors, shape (n_tokens, dim), float32, for an index with this codec."""
        quantised = codec.quantise_query(vectors)
        return cls(quantised, codec.centroid_table(quantised, threads=threads))


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """A query and one document.

    Attributes:
        query: The query.
        segment: Where the document is.
        document: Its position there.
    """

    query: PreparedQuery
    segment: Segment
    document: int

    def maxima(self, offsets: IntVector) -> FloatMatrix:
        """Return the best score of each query token in spans of the document's tokens.

        Args:
            offsets: Shape (n_spans + 1,), int64, ascending: span i is the document's tokens
                ``offsets[i]`` to ``offsets[i + 1]``.

        Returns:
            Shape (n_spans, n_query_tokens), float32.
        """
        start, end = self.segment.token_offsets[self.document : self.document + 2].tolist()
        return kernels.code_maxima(
            self.query.quantised,
            self.query.table,
            self.segment.codes[start:end],
            offsets,
            contexts=self.segment.contexts.of(self.document),
        )
