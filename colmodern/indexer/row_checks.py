"""Which vectors cannot be coded, and whose are they?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colmodern.codec.vectors import Vectors
from colmodern.errors import InputError
from colmodern.types import IntVector

__all__ = ["check_rows"]

_MAX_LENGTH = 2.0**12  # of a vector, as in the codec


def check_rows(ids: Sequence[str], vectors: Vectors, offsets: IntVector, rows: IntVector) -> None:
    """Refuse some rows of the vectors of documents that cannot be coded, by name.

    Raises:
        InputError: A row is not finite or far too long.
    """
    chosen = vectors[rows]
    lengths = np.sqrt(np.einsum("ij,ij->i", chosen, chosen, dtype=np.float64))
    wrong = np.flatnonzero(~(lengths < _MAX_LENGTH))
    if len(wrong) == 0:
        return
    row, length = int(rows[wrong[0]]), lengths[wrong[0]]
    number = int(np.searchsorted(offsets, row, side="right")) - 1
    what = f"has length {length:.4g}" if np.isfinite(length) else "holds NaN or infinity"
    raise InputError(
        f"The vector of token {row - int(offsets[number])} of document {ids[number]!r} {what}; "
        "token vectors must be finite and about of unit length."
    )
