"""Which centroids does a document have, and which documents does a centroid have?

Both are sorted lists without repetition, as (offsets, values). They follow from the tokens alone,
so ``verify`` can make them again and compare. Both are made a block of documents at a time, so that
beside the result only a few megabytes are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.storage.format.schemas import CentroidIds, DocumentIds, document_dtype
from colmodern.types import IntVector

__all__ = ["distinct_centroids", "posting_lists"]

_BLOCK = 1 << 18


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
    counts = np.zeros(len(token_offsets) - 1, np.int64)
    parts: list[NDArray[Any]] = [np.zeros(0, centroid_ids.dtype)]
    for block in _blocks(token_offsets, _BLOCK):
        offsets = token_offsets[block.start : block.stop + 1]
        n_documents = len(offsets) - 1
        keys = np.repeat(np.arange(n_documents, dtype=np.int64), np.diff(offsets))
        keys *= n_centroids
        keys += centroid_ids[offsets[0] : offsets[-1]]
        keys.sort()  # np.unique is 80 times slower on such keys
        keys = keys[np.diff(keys, prepend=-1) > 0]
        documents, ids = np.divmod(keys, n_centroids)
        counts[block] = np.bincount(documents, minlength=n_documents)
        parts.append(ids.astype(centroid_ids.dtype))
    return _offsets(counts), np.concatenate(parts)


def posting_lists(
    distinct_offsets: IntVector, distinct_ids: CentroidIds, *, n_centroids: int
) -> tuple[IntVector, DocumentIds]:
    """Return the ascending documents of each centroid: the transpose of the distinct centroids.

    Returns:
        Offsets, shape (n_centroids + 1,), int64, and document positions, in the dtype of
        ``document_dtype``.
    """
    n_documents = len(distinct_offsets) - 1
    offsets = _offsets(np.bincount(distinct_ids, minlength=n_centroids))
    postings = np.zeros(len(distinct_ids), document_dtype(n_documents))
    free = offsets[:-1].copy()  # where the next document of each centroid goes
    for block in _blocks(distinct_offsets, max(_BLOCK, n_centroids)):
        lists = distinct_offsets[block.start : block.stop + 1]
        ids = distinct_ids[lists[0] : lists[-1]]
        order = np.argsort(ids, kind="stable")
        documents = np.repeat(np.arange(block.start, block.stop), np.diff(lists))[order]
        counts = np.bincount(ids, minlength=n_centroids)
        # Sorted, each centroid's documents are a run; a run moves as a whole.
        moves = free - (np.cumsum(counts) - counts)
        postings[np.arange(len(ids)) + moves[ids[order]]] = documents
        free += counts
    return offsets, postings


def _blocks(offsets: IntVector, size: int) -> Iterator[slice]:
    """Yield runs of rows that have at most ``size`` values together, or are one row."""
    start, n_rows = 0, len(offsets) - 1
    while start < n_rows:
        stop = int(np.searchsorted(offsets, offsets[start] + size, side="right")) - 1
        stop = min(max(stop, start + 1), n_rows)
        yield slice(start, stop)
        start = stop


def _offsets(counts: NDArray[np.integer]) -> IntVector:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
