"""What is left of a table of token vectors once it is coded?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern.kernels import Ids


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Coded tokens, a row each: ``norm * (centroid + gain * direction)``.

    Attributes:
        centroid_ids: Shape (n,), uint16, or uint32 where there are more than 65,536 centroids.
        residuals: Shape (n, dim * bits // 8), uint8: the direction of each residual, packed.
        gains: Shape (n,), float16: how far to go in that direction.
        norms: Shape (n,), float16: the length of the vector over that of its reconstruction; for a
            unit vector the reciprocal length of the reconstruction, 0 for a vector of zeros.
    """

    centroid_ids: Ids
    residuals: NDArray[np.uint8]
    gains: NDArray[np.float16]
    norms: NDArray[np.float16]

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.centroid_ids)

    def __getitem__(self, rows: slice) -> Codes:
        """Return consecutive rows; views, nothing is copied."""
        return Codes(
            self.centroid_ids[rows], self.residuals[rows], self.gains[rows], self.norms[rows]
        )

    @property
    def nbytes(self) -> int:
        """How many bytes the four columns take."""
        columns = (self.centroid_ids, self.residuals, self.gains, self.norms)
        return sum(column.nbytes for column in columns)

    @staticmethod
    def concatenate(parts: Sequence[Codes]) -> Codes:
        """Return the rows of all parts, in order.

        Raises:
            ValueError: There is no part, so that nobody knows the width of a row.
        """
        if not parts:
            raise ValueError("parts must hold at least one Codes, got none.")
        return Codes(
            np.concatenate([part.centroid_ids for part in parts]),
            np.concatenate([part.residuals for part in parts]),
            np.concatenate([part.gains for part in parts]),
            np.concatenate([part.norms for part in parts]),
        )
