"""What a query looks like to the integer kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatVector


@dataclass(frozen=True, slots=True, eq=False)
class QuantisedQuery:
    """The token vectors of a query as 8-bit integers.

    Attributes:
        values: Shape (n_tokens, dim), int8 within -127..127, C-contiguous.
        scales: Shape (n_tokens,), float32: what turns the integer product of a token with residual
            levels into a real one. It holds the step of the query and the step of the levels.
    """

    values: NDArray[np.int8]
    scales: FloatVector

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.values)
