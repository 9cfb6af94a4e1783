"""What does a query become before it meets documents? Integers, and its scores of all centroids."""

from __future__ import annotations

from dataclasses import dataclass

from colmodern.codec import Codec
from colmodern.kernels import CentroidTable, QuantisedQuery
from colmodern.types import FloatMatrix


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

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.quantised)
