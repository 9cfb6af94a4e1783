"""Which segments are worth merging, and how do documents move without being encoded anew?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np

from colmodern.storage.directory import Directory
from colmodern.storage.format.manifest import SegmentRecord
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.leftovers import remove_entry
from colmodern.storage.writer.segment_writer import SegmentWriter
from colmodern.storage.writer.uncommitted import UncommittedChanges

__all__ = [
    "compacted",
    "copy_read",
    "plan_compaction",
    "plan_merge",
    "plan_neighbours",
    "rewritten",
]

MERGED_TOKENS = 500_000
"""How many tokens a commit copies at most to merge segments."""

_SMALL_TOKENS = 8_000
_RATIO = 16
_DELETED_SHARE = 0.25

_AT_ONCE = 512  # documents whose bytes are copied together

Copy: TypeAlias = Callable[[SegmentWriter, Segment, int, int], None]
NextWriter: TypeAlias = Callable[[Callable[[SegmentRecord | None], None]], SegmentWriter]


def plan_compaction(
    segments: Sequence[SegmentRecord], *, max_tokens: int
) -> Iterator[tuple[list[SegmentRecord], bool]]:
    """Yield runs of neighbouring segments in order, each with whether it is to be rewritten.

    Only neighbours are merged, so that the order of the documents, which decides between equal
    scores, stays.
    """

    def is_poor(segment: SegmentRecord) -> bool:
        return segment.n_deleted_documents > 0 or 2 * segment.n_tokens < max_tokens

    for poor, group in groupby(segments, key=is_poor):
        run = list(group)
        is_rewritten = poor and (len(run) > 1 or run[0].n_deleted_documents > 0)
        yield run, is_rewritten


def plan_merge(segments: Sequence[SegmentRecord], *, max_tokens: int) -> list[list[SegmentRecord]]:
    """Return runs of neighbouring segments, in order, that fit into one of ``max_tokens``.

    Deleted tokens do not count. A segment that is too large by itself is a run by itself.
    """
    runs: list[list[SegmentRecord]] = []
    room = -1
    for segment in segments:
        n_tokens = segment.n_tokens - segment.n_deleted_tokens
        if n_tokens > room:
            runs.append([])
            room = max_tokens
        runs[-1].append(segment)
        room -= n_tokens
    return runs


def plan_neighbours(segments: Sequence[SegmentRecord], *, max_tokens: int) -> list[slice]:
    """Return which neighbours a commit puts together, from the right: one segment for each slice.

    The last segment takes in the ones before it while they are small, or not much larger than what
    is taken already. So sizes fall by a factor from left to right, there are few segments, and a
    document is copied a few times for each factor the index grows by. Elsewhere a segment of which
    more than a share is deleted is written anew. All together no more than ``MERGED_TOKENS`` are
    copied, so that a commit takes a bounded time.
    """
    room = min(max_tokens, MERGED_TOKENS)
    sizes = [segment.n_tokens - segment.n_deleted_tokens for segment in segments]
    start = len(segments)
    total = 0
    while start and total + sizes[start - 1] <= room:
        if start < len(segments) and sizes[start - 1] > max(_SMALL_TOKENS, _RATIO * total):
            break
        start -= 1
        total += sizes[start]
    plan = [slice(start, len(segments))] if len(segments) - start > 1 else []
    room -= total if plan else 0
    for i in reversed(range(start if plan else len(segments))):
        segment = segments[i]
        if segment.n_deleted_documents > _DELETED_SHARE * segment.n_documents and sizes[i] <= room:
            plan.append(slice(i, i + 1))
            room -= sizes[i]
    return plan


def compacted(
    changes: UncommittedChanges,
    segments: Sequence[SegmentRecord],
    next_writer: NextWriter,
    *,
    max_tokens: int,
) -> list[SegmentRecord]:
    """Rewrite the segments that are worth it and return those that there shall be.

    Raises:
        IndexCorruptError: A file that was to be rewritten is damaged.
        IndexWriteError: The disk is full or refuses.
    """
    plan: list[SegmentRecord] = []
    for run, is_rewritten in plan_compaction(segments, max_tokens=max_tokens):
        if is_rewritten:
            parts = [(s, s.live_positions()) for s in changes.checked(run)]
            plan.extend(rewritten(changes.directory, parts, next_writer, max_tokens=max_tokens))
        else:
            plan.extend(run)
    return plan


def rewritten(
    directory: Directory,
    parts: Iterable[tuple[Segment, Iterable[int]]],
    next_writer: NextWriter,
    *,
    max_tokens: int,
    copy: Copy = SegmentWriter.copy,
) -> list[SegmentRecord]:
    """Copy documents, in order, into segments of bounded size; return the records of those.

    Args:
        directory: Where the index lives.
        parts: Segments, each with the positions of the documents to copy, ascending.
        next_writer: Starts the next segment; it calls what it is given with the record.
        max_tokens: A segment is begun before one would exceed this.
        copy: Adds the documents first .. last - 1 of a segment to a writer.

    Raises:
        IndexWriteError: The disk is full or refuses; what was copied is gone.
    """
    made: list[SegmentRecord | None] = []
    try:
        _rewrite(parts, lambda: next_writer(made.append), copy, max_tokens=max_tokens)
    except BaseException:
        for record in filter(None, made):
            remove_entry(directory, record.name)
        raise
    return [record for record in made if record is not None]


def copy_read(writer: SegmentWriter, segment: Segment, first: int, last: int) -> None:
    """Add documents of a segment whose files nobody compared: whatever is damaged is refused."""
    for i in range(first, last):
        start, end = segment.token_offsets[i : i + 2].tolist()
        writer.add(
            segment.document(i),
            segment.codes[start:end],
            segment.spans(i),
            squared_error=segment.record.squared_error * (end - start),
            contexts=segment.contexts.of(i),
        )


def _rewrite(
    parts: Iterable[tuple[Segment, Iterable[int]]],
    new_segment: Callable[[], SegmentWriter],
    copy: Copy,
    *,
    max_tokens: int,
) -> None:
    writer = new_segment()
    try:
        for segment, positions in parts:
            for start, last in _runs(positions):
                at = start
                while at < last:
                    end = _end_of_room(segment, at, last, max_tokens - writer.n_tokens)
                    if end == at and writer.n_documents:
                        writer.finish()
                        writer = new_segment()
                        continue
                    end = max(end, at + 1)  # one that is too long for any segment
                    copy(writer, segment, at, end)
                    at = end
        writer.finish()
    except BaseException:
        writer.discard()
        raise


def _runs(positions: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first position of each run of neighbours, and the one past its last."""
    for _, run in groupby(enumerate(positions), key=lambda pair: pair[1] - pair[0]):
        members = [position for _, position in run]
        yield members[0], members[-1] + 1


def _end_of_room(segment: Segment, first: int, last: int, room: int) -> int:
    """Return the end of as many documents from ``first`` on as have ``room`` tokens together."""
    ends = segment.token_offsets[first + 1 : last + 1]
    n = int(np.searchsorted(ends, segment.token_offsets[first] + room, "right"))
    return min(first + n, first + _AT_ONCE)
