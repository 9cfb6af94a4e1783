"""How are the characters of each token kept in two bytes?

A token begins at or soon after the one before it and is short, so its span is kept as how far it
begins behind the start of that one (``skip``) and its length, a byte each. The few tokens that this
does not hold (a jump back, a word without end) are marked and kept whole beside them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.types import IntVector, Spans

__all__ = ["WIDE", "PackedSpans", "pack_spans", "unpack_spans"]

# In both bytes: the span stands in the table of wide ones.
WIDE = 255

_LAST_CHARACTER = np.iinfo(np.int32).max


@frozen(eq=False)
class PackedSpans:
    """The spans of the tokens of one document, or of several, one after the other.

    Attributes:
        skips: Shape (n_tokens,), uint8: how far a token begins behind the start of the one before
            it, the first behind 0.
        lengths: Shape (n_tokens,), uint8.
        wide_tokens: Shape (n_wide,), int32, ascending: the tokens whose two bytes are ``WIDE``,
            counted in their document.
        wide_starts: Shape (n_wide,), int32: their first characters.
        wide_lengths: Shape (n_wide,), int32.
    """

    skips: NDArray[np.uint8]
    lengths: NDArray[np.uint8]
    wide_tokens: NDArray[np.int32]
    wide_starts: NDArray[np.int32]
    wide_lengths: NDArray[np.int32]


def pack_spans(spans: Spans, offsets: IntVector) -> tuple[PackedSpans, IntVector]:
    """Return the spans of documents as bytes and exceptions.

    Args:
        spans: Shape (n_tokens, 2), int32, start and end.
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.

    Returns:
        The spans, and where the wide ones of each document begin, shape (n_documents + 1,), int64.
    """
    starts = spans[:, 0].astype(np.int64)
    lengths = spans[:, 1] - starts
    skips = starts.copy()
    skips[1:] -= starts[:-1]
    firsts = offsets[:-1][offsets[:-1] < offsets[1:]]
    skips[firsts] = starts[firsts]
    is_wide = (skips < 0) | (skips >= WIDE) | (lengths >= WIDE)
    wide = is_wide.nonzero()[0]
    wide_offsets = np.searchsorted(wide, offsets).astype(np.int64)
    packed = PackedSpans(
        np.where(is_wide, WIDE, skips).astype(np.uint8),
        np.where(is_wide, WIDE, lengths).astype(np.uint8),
        (wide - np.repeat(offsets[:-1], np.diff(wide_offsets))).astype(np.int32),
        starts[wide].astype(np.int32),
        lengths[wide].astype(np.int32),
    )
    return packed, wide_offsets


def unpack_spans(packed: PackedSpans) -> Spans:
    """Return the spans of one document: shape (n_tokens, 2), int32, as before ``pack_spans``.

    Raises:
        ValueError: No spans are packed like this; the message says why, as a clause.
    """
    wide = (packed.skips == WIDE).nonzero()[0]
    if len(wide) == len(packed.wide_tokens) == 0:
        return _unpack_narrow(packed)
    if not np.array_equal(wide, packed.wide_tokens) or np.any(packed.lengths[wide] != WIDE):
        raise ValueError("its wide spans are not those of the tokens marked as wide")
    steps = packed.skips.astype(np.int64)
    steps[wide] = 0
    starts = np.cumsum(steps)
    # From a wide token on, all that follows is moved to where that token begins.
    moves = np.zeros_like(starts)
    moves[wide] = np.diff(packed.wide_starts - starts[wide], prepend=0)
    starts += np.cumsum(moves)
    lengths = packed.lengths.astype(np.int64)
    lengths[wide] = packed.wide_lengths
    ends = starts + lengths
    if np.any(starts < 0) or np.any(lengths < 0) or np.any(ends > _LAST_CHARACTER):
        raise ValueError("a span leaves every text")
    return np.stack([starts, ends], axis=1).astype(np.int32)


def _unpack_narrow(packed: PackedSpans) -> Spans:
    """Return spans of which none is wide: as those of most documents are."""
    spans = np.empty((len(packed.skips), 2), np.int32)
    if 2 * WIDE * len(spans) < _LAST_CHARACTER:  # 32 bits hold every sum
        packed.skips.cumsum(dtype=np.int32, out=spans[:, 0])
        np.add(spans[:, 0], packed.lengths, out=spans[:, 1])
        return spans
    ends = packed.skips.cumsum(dtype=np.int64)
    if len(ends) and ends[-1] > _LAST_CHARACTER - WIDE:
        raise ValueError("a span leaves every text")
    spans[:, 0] = ends
    ends += packed.lengths
    spans[:, 1] = ends
    return spans
