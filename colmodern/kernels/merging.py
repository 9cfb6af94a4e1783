"""Which token vectors are so alike that one can stand for them?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import reference
from colmodern.kernels.checks import check_array
from colmodern.kernels.isa import REFERENCE, active_isa, native
from colmodern.types import FloatMatrix


def merge_closest(products: FloatMatrix, n_clusters: int) -> NDArray[np.uint32]:
    """Return the cluster of each unit vector, when the closest two merge until so many are left.

    Close is what loses least squared distance to the mean (Ward, Hierarchical Grouping to Optimize
    an Objective Function, 1963); of equally close pairs those with the lowest numbers merge.

    Args:
        products: Shape (n, n), float32, finite: every vector with every vector.
        n_clusters: How many are wanted, at least 1.

    Returns:
        Shape (n,), uint32: clusters are numbered from 0 by their first members.
    """
    check_array("products", products, (np.float32,), (len(products), len(products)))
    if n_clusters < 1:
        raise ValueError(f"n_clusters must be at least 1, got {n_clusters}.")
    if active_isa() == REFERENCE:
        return reference.merge_closest(products, n_clusters)
    labels = np.empty(len(products), np.uint32)
    native().merge_closest(products, n_clusters, labels)
    return labels
