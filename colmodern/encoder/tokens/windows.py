"""Into which windows is a long document cut, and which window does each token's vector come from?

Windows overlap and are all about as long as the model allows, none much shorter than the rest.
A token in two windows keeps the vector of the one in which the nearer edge is farther away.
"""

from __future__ import annotations

from itertools import pairwise

from colmodern.frozen import frozen

_OVERLAP_SHARE = 8  # of a window: one eighth
_MAX_OVERLAP = 512  # more context than that on the shorter side changes little and costs much


@frozen
class Window:
    """Tokens ``start`` to ``stop`` go together; ``keep_start`` to ``keep_stop`` are kept."""

    start: int
    stop: int
    keep_start: int
    keep_stop: int


def default_overlap(capacity: int) -> int:
    """Return how many tokens neighbouring windows share, for windows of ``capacity`` tokens."""
    return min(capacity // _OVERLAP_SHARE, _MAX_OVERLAP)


def plan_windows(n_tokens: int, *, capacity: int, overlap: int) -> list[Window]:
    """Return the fewest windows of at most ``capacity`` tokens that overlap by ``overlap`` or more.

    Args:
        n_tokens: Tokens of the document, without special ones.
        capacity: The most tokens a window may hold, at least 1.
        overlap: At most half the capacity.

    Returns:
        Windows in order; the kept parts follow one another without gap and cover all tokens.
    """
    if not 0 <= overlap <= capacity // 2:
        raise ValueError(f"overlap must lie in 0..{capacity // 2}, got {overlap}.")
    if n_tokens <= capacity:
        return [Window(0, n_tokens, 0, n_tokens)]
    n_windows = -(-(n_tokens - overlap) // (capacity - overlap))
    size = -(-(n_tokens + (n_windows - 1) * overlap) // n_windows)
    starts = [index * (n_tokens - size) // (n_windows - 1) for index in range(n_windows)]
    # Between two windows the cut lies in the middle of what they share.
    cuts = [(previous + size + start + 1) // 2 for previous, start in pairwise(starts)]
    edges = [0, *cuts, n_tokens]
    return [
        Window(start, start + size, edges[index], edges[index + 1])
        for index, start in enumerate(starts)
    ]
