"""Which segments are worth merging, and how do documents move without being encoded anew?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from colmodern.storage.directory import Directory
from colmodern.storage.format.manifest import SegmentRecord
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.leftovers import remove_entry
from colmodern.storage.writer.segment_writer import SegmentWriter
from colmodern.storage.writer.uncommitted import UncommittedChanges

__all__ = ["compacted", "plan_compaction", "plan_merge", "plan_neighbours", "rewritten"]

MERGED_TOKENS = 500_000
"""How many tokens a commit copies at most to merge segments."""

_SMALL_TOKENS = 8_000
_RATIO = 16
_DELETED_SHARE = 0.25

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
) -> list[SegmentRecord]:
    """Copy documents, in order, into segments of bounded size; return the records of those.

    Args:
        directory: Where the index lives.
        parts: Segments, each with the positions of the documents to copy.
        next_writer: Starts the next segment; it calls what it is given with the record.
        max_tokens: A segment is begun before one would exceed this.

    Raises:
        IndexWriteError: The disk is full or refuses; what was copied is gone.
    """
    made: list[SegmentRecord | None] = []
    try:
        _rewrite(parts, lambda: next_writer(made.append), max_tokens=max_tokens)
    except BaseException:
        for record in filter(None, made):
            remove_entry(directory, record.name)
        raise
    return [record for record in made if record is not None]


def _rewrite(
    parts: Iterable[tuple[Segment, Iterable[int]]],
    new_segment: Callable[[], SegmentWriter],
    *,
    max_tokens: int,
) -> None:
    writer = new_segment()
    try:
        for segment, positions in parts:
            codes, error = segment.codes, segment.record.squared_error
            for i in positions:
                start, end = segment.token_offsets[i : i + 2].tolist()
                if writer.n_documents and writer.n_tokens + end - start > max_tokens:
                    writer.finish()
                    writer = new_segment()
                writer.add(
                    segment.document(i),
                    codes[start:end],
                    segment.spans(i),
                    squared_error=error * (end - start),
                    contexts=segment.contexts.of(i),
                )
        writer.finish()
    except BaseException:
        writer.discard()
        raise
