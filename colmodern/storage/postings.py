"""Which centroids a document has, and which documents a centroid has.

Both are sorted lists without repetition, as (values, offsets). They follow from the tokens alone,
so ``verify`` can make them again and compare.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.storage.layout import CentroidIds
from colmodern.types import IntVector

__all__ = ["distinct_centroids", "posting_lists"]


def distinct_centroids(
    centroid_ids: CentroidIds, token_offsets: IntVector, *, n_centroids: int
) -> tuple[IntVector, CentroidIds]:
    """Return the ascending distinct centroids of each document.

    Args:
        centroid_ids: Shape (n_tokens,), each below ``n_centroids``.
        token_offsets: Shape (n_documents + 1,), int64.
        n_centroids: The number of centroids of the codec.

    Returns:
        Offsets, shape (n_documents + 1,), int64, and ids, in the dtype of ``centroid_ids``.
    """
    n_documents = len(token_offsets) - 1
    keys = np.repeat(np.arange(n_documents, dtype=np.int64), np.diff(token_offsets))
    keys *= n_centroids
    keys += centroid_ids
    keys.sort()  # np.unique is 80 times slower on such keys
    keys = keys[np.diff(keys, prepend=-1) > 0]
    documents, ids = np.divmod(keys, n_centroids)
    distinct: NDArray[Any] = ids.astype(centroid_ids.dtype)
    return _offsets(documents, n_documents), distinct


def posting_lists(
    distinct_offsets: IntVector, distinct_ids: CentroidIds, *, n_centroids: int
) -> tuple[IntVector, NDArray[np.int32]]:
    """Return the ascending documents of each centroid: the transpose of the distinct centroids.

    Returns:
        Offsets, shape (n_centroids + 1,), int64, and document positions, int32.
    """
    n_documents = len(distinct_offsets) - 1
    documents = np.repeat(np.arange(n_documents, dtype=np.int32), np.diff(distinct_offsets))
    order = np.argsort(distinct_ids, kind="stable")
    return _offsets(distinct_ids, n_centroids), documents[order]


def _offsets(rows: NDArray[np.integer], n_rows: int) -> IntVector:
    offsets = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=n_rows), out=offsets[1:])
    return offsets
