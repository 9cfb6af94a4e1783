"""How do fewer vectors stand for a document? Tokens that are alike share one.

Clavié, Chaffin and Adams (Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance
Impact via Token Pooling, 2024) merge the closest tokens of a whole text. Here that happens in
windows, so that time grows with the length of a document and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.request import Pooling
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

WINDOW = 256


def pool_tokens(
    tokens: TokenEmbeddings, factor: int, pooling: Pooling | str = Pooling.CLOSEST
) -> TokenEmbeddings:
    """Return about one vector for each ``factor`` tokens: the mean of those that are merged.

    Tokens with a place in the text and those without one are merged apart. Vectors that are not
    finite are returned as they are: whoever writes them refuses them by name.

    Args:
        tokens: The token vectors of one document.
        factor: How many tokens share a vector on the mean, at least 1, which changes nothing.
        pooling: ``adjacent`` merges runs of neighbours; their span reaches from the first to the
            last. ``closest`` merges the most similar tokens among ``WINDOW`` neighbours; their span
            is that of the token nearest to the mean.
    """
    if factor == 1 or len(tokens) < 2 or not np.isfinite(tokens.vectors).all():
        return tokens
    pooling = Pooling(pooling)
    is_placed = tokens.spans[:, 1] > tokens.spans[:, 0]
    parts = [
        _merged(tokens, rows, factor, pooling)
        for side in (np.flatnonzero(~is_placed), np.flatnonzero(is_placed))
        for rows in _windows(side, factor)
    ]
    vectors = np.concatenate([vectors for vectors, _, _ in parts])
    spans = np.concatenate([spans for _, spans, _ in parts])
    places = np.concatenate([places for _, _, places in parts])
    order = np.argsort(places, kind="stable")
    return TokenEmbeddings(vectors[order], spans[order])


def _windows(rows: IntVector, factor: int) -> Iterator[IntVector]:
    size = WINDOW // factor * factor
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _merged(
    tokens: TokenEmbeddings, rows: IntVector, factor: int, pooling: Pooling
) -> tuple[FloatMatrix, NDArray[np.int32], IntVector]:
    """Return the merged vectors of some tokens, their spans, and the rows they stand at."""
    members, spans = tokens.vectors[rows], tokens.spans[rows]
    n_clusters = -(-len(rows) // factor)
    if pooling is Pooling.ADJACENT:
        labels = np.arange(len(rows)) // factor
    else:
        products = kernels.centroid_scores(members, members)
        labels = kernels.merge_closest(products, n_clusters).astype(np.int64)
    together = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[together], np.arange(n_clusters))
    sums = np.add.reduceat(members[together], bounds, axis=0)
    nearness = np.einsum("ij,ij->i", members, sums[labels])
    # By cluster, and within it by nearness to the mean: the first one stands for it.
    firsts = np.lexsort((-nearness, labels))[bounds]
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    vectors = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), members[firsts])
    if pooling is Pooling.ADJACENT:
        starts = np.arange(0, len(rows), factor)
        ends = np.minimum(starts + factor, len(rows)) - 1
        return vectors, np.stack([spans[starts, 0], spans[ends, 1]], axis=1), rows[starts]
    return vectors, spans[firsts], rows[firsts]
