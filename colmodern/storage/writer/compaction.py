"""Which segments are worth merging, and how do documents move without being encoded anew?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from colmodern.storage.format.manifest import SegmentRecord
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.segment_writer import SegmentWriter

__all__ = ["plan_compaction", "plan_merge", "rewrite"]


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


def rewrite(
    parts: Iterable[tuple[Segment, Iterable[int]]],
    new_segment: Callable[[], SegmentWriter],
    *,
    max_tokens: int,
) -> None:
    """Copy documents, in order, into segments of bounded size.

    Args:
        parts: Segments, each with the positions of the documents to copy.
        new_segment: Starts the next segment.
        max_tokens: A segment is begun before one would exceed this.

    Raises:
        IndexWriteError: The disk is full or refuses; the segment begun last is gone.
    """
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
