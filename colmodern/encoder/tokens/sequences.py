"""What goes through the model for a text, and which of the resulting vectors are kept?

Documents become windows, queries are cut or filled up; both become sequences of token ids with
the rows to keep. Nothing here computes a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.encoder.checkpoint.specs import Expansion
from colmodern.encoder.tokens.tokenizer import TokenisedText
from colmodern.encoder.tokens.windows import default_overlap, plan_windows
from colmodern.frozen import frozen
from colmodern.types import IntVector, Spans

NO_SPANS: Spans = np.zeros((0, 2), np.int32)


@frozen(eq=False)
class TokenSequence:
    """Token ids that go through the model together.

    Attributes:
        ids: Shape (n,), int64, n at least 1.
        seen: How many tokens from the first on the others may look at.
        kept: Rows whose vectors are kept, ascending.
    """

    ids: IntVector
    seen: int
    kept: IntVector


@frozen(eq=False)
class EncodingPlan:
    """One text: its sequences, and the span of every kept token over all of them in order."""

    sequences: tuple[TokenSequence, ...]
    spans: Spans


_NOTHING = EncodingPlan((), NO_SPANS)


def plan_document(text: TokenisedText, *, limit: int, skipped: IntVector) -> EncodingPlan:
    """Return the windows of a document.

    Special tokens and the prompt stand in every window; their vectors are kept from the first
    window, those at the end from the last. A document of which no token with a place in the
    text is kept (an empty one, or punctuation that is skipped) has no tokens at all.

    Args:
        text: The document's tokens.
        limit: The most tokens a window may have, special ones included.
        skipped: Ids of tokens that get no vector.
    """
    stop = text.head + text.n_body
    capacity = limit - text.head - text.tail
    windows = plan_windows(text.n_body, capacity=capacity, overlap=default_overlap(capacity))
    keep = ~np.isin(text.ids, skipped)
    if not keep[text.head : stop].any():
        return _NOTHING
    sequences = []
    for index, window in enumerate(windows):
        body = slice(text.head + window.start, text.head + window.stop)
        ids = np.concatenate([text.ids[: text.head], text.ids[body], text.ids[stop:]])
        wanted = np.zeros(len(ids), bool)
        wanted[: text.head] = index == 0
        offset = text.head - window.start
        wanted[window.keep_start + offset : window.keep_stop + offset] = True
        wanted[len(ids) - text.tail :] = index == len(windows) - 1
        kept = np.flatnonzero(wanted & ~np.isin(ids, skipped))
        sequences.append(TokenSequence(ids, len(ids), kept))
    return EncodingPlan(tuple(sequences), text.spans[keep])


def plan_query(
    text: TokenisedText,
    *,
    limit: int,
    skipped: IntVector,
    expansion: Expansion | None,
    filler: int,
) -> EncodingPlan:
    """Return the one sequence of a query: cut to ``limit`` tokens, filled up by ``expansion``.

    A query of which no token with a place in the text is kept has no tokens, filled up or not:
    it would match every document alike.

    Args:
        text: The query's tokens.
        limit: The most tokens, special ones included.
        skipped: Ids of tokens that get no vector.
        expansion: How short queries are filled up, or None.
        filler: The id they are filled up with.
    """
    body_stop = text.head + min(text.n_body, limit - text.head - text.tail)
    tail = len(text.ids) - text.tail
    n_real = body_stop + text.tail
    n_added = max(0, expansion.length - n_real) if expansion is not None else 0
    fillers = np.full(n_added, filler, np.int64)
    ids = np.concatenate([text.ids[:body_stop], text.ids[tail:], fillers])
    no_places = np.zeros((n_added, 2), np.int32)
    spans = np.concatenate([text.spans[:body_stop], text.spans[tail:], no_places])
    # np.isin takes three times as long for a few ids.
    keep: NDArray[np.bool_] = (ids[:, np.newaxis] != skipped).all(axis=1)
    if not keep[text.head : body_stop].any():
        return _NOTHING
    attend = expansion is not None and expansion.attend
    sequence = TokenSequence(ids, len(ids) if attend else n_real, np.flatnonzero(keep))
    return EncodingPlan((sequence,), spans[keep])


def plan_packs(sequences: Sequence[TokenSequence], *, budget: int) -> list[list[int]]:
    """Return the indices of the sequences pack by pack, shortest first, alike ones side by side.

    A pack holds at most ``budget`` tokens, or a single longer sequence.
    """
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i].ids), sequences[i].seen))
    packs: list[list[int]] = []
    filled = budget
    for index in order:
        length = len(sequences[index].ids)
        if not packs or filled + length > budget:
            packs.append([])
            filled = 0
        packs[-1].append(index)
        filled += length
    return packs


def join_vectors(parts: Sequence[NDArray[Any]], dim: int) -> NDArray[np.float32]:
    """Return the vectors of a text's sequences as one matrix."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty((0, dim), np.float32)
