"""What does a query become before it meets documents? Integers, and its scores of all centroids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from colmodern.codec import Codec, DocumentSample
from colmodern.kernels import CentroidTable, QuantisedQuery
from colmodern.types import FloatMatrix, FloatVector


@dataclass(frozen=True, eq=False)
class PreparedQuery:
    """A query as the codec of an index sees it.

    Attributes:
        quantised: Its token vectors in 8 bits.
        table: What they think of every centroid.
        documents: Some documents of the corpus; None: none are kept with the codec.
    """

    quantised: QuantisedQuery
    table: CentroidTable
    documents: DocumentSample | None = None

    @classmethod
    def of(cls, vectors: FloatMatrix, codec: Codec, *, threads: int) -> PreparedQuery:
        """Prepare token vectors, shape (n_tokens, dim), float32, for an index with this codec."""
        quantised = codec.quantise_query(vectors)
        table = codec.centroid_table(quantised, threads=threads)
        return cls(quantised, table, codec.documents)

    @cached_property
    def expected(self) -> FloatVector | None:
        """What its tokens match best in any document, (n_tokens,), float32; None: not known."""
        return None if self.documents is None else self.documents.expected_maxima(self.table)

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.quantised)
