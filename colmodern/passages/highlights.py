"""Which characters of a passage matched?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatMatrix, Spans

_FLOOR = 0.6  # a query token is shown if its match is this good beside the best one's


def highlights_of(
    scores: FloatMatrix, spans: Spans, start: int, end: int
) -> tuple[tuple[int, int], ...]:
    """Return merged spans of the tokens that the well-matched query tokens matched.

    Args:
        scores: Shape (n_tokens, n_query_tokens), float32.
        spans: Shape (n_tokens, 2), int32.
        start: The first character of the passage.
        end: The one past its last; what stands outside is left out.
    """
    inside: NDArray[np.bool_] = (
        (spans[:, 0] >= start) & (spans[:, 1] <= end) & (spans[:, 1] > spans[:, 0])
    )
    if not inside.all():
        scores, spans = scores[inside], spans[inside]
    if scores.size == 0:
        return ()
    best = np.maximum.reduce(scores, axis=0)
    is_shown = ((best >= _FLOOR * best.max()) & (best > 0)).tolist()
    rows, columns = (scores == best).nonzero()
    found = spans[rows].tolist()
    marked: list[tuple[int, int]] = []
    for first, last in sorted(
        {tuple(one) for one, q in zip(found, columns.tolist(), strict=True) if is_shown[q]}
    ):
        if marked and first <= marked[-1][1]:
            marked[-1] = (marked[-1][0], max(last, marked[-1][1]))
        else:
            marked.append((first, last))
    return tuple(marked)
