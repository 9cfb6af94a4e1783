"""From what does a writer start? An index that is new, one that is there, or one half made.

Whoever holds the lock hands it in. If the start fails the lock is released, so that no caller has
to remember that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from colmodern.codec import Codec
from colmodern.storage.directory import IndexLocation, as_directory
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.documents import EncoderInfo
from colmodern.storage.format.manifest import Manifest, SegmentRecord, first_manifest
from colmodern.storage.format.manifest_json import encode_manifest, program_name
from colmodern.storage.format.names import PENDING
from colmodern.storage.snapshot.files import read_codec
from colmodern.storage.writer.files import write_codec
from colmodern.storage.writer.leftovers import check_free
from colmodern.storage.writer.locked import LockedIndex, nothing_pending

__all__ = ["Start", "lock_pending", "releasing", "start_change", "start_new", "start_resumed"]


@dataclass(frozen=True, slots=True)
class Start:
    """What a writer starts from.

    Attributes:
        base: The manifest that the next commit changes.
        codec: The codec of all segments.
        is_new: Whether the first commit makes an index, perhaps in place of another one.
        next_segment: The number of the next segment.
        pending: Finished segments of an interrupted writer.
    """

    base: Manifest
    codec: Codec
    is_new: bool
    next_segment: int
    pending: tuple[SegmentRecord, ...] = ()


@contextmanager
def releasing(locked: LockedIndex) -> Iterator[None]:
    """Release the lock if the block fails."""
    try:
        yield
    except BaseException:
        locked.release()
        raise


def start_new(
    locked: LockedIndex,
    codec: Codec,
    *,
    encoder: EncoderInfo,
    config: Mapping[str, Any],
    replace: bool,
) -> Start:
    """Write the codec of a new index; see ``IndexWriter.create``."""
    directory = locked.directory
    with releasing(locked):
        old = locked.manifest
        check_free(directory, old, may_replace=replace)
    try:
        with writing(directory.path):
            locked.remove_unlisted()
            generation = 1 if old is None else old.generation + 1
            record = write_codec(directory, codec, generation=generation)
        base = first_manifest(record, encoder, config, old, program=program_name())
        encode_manifest(base)  # a config that JSON cannot hold is refused now, not at the end
    except BaseException:
        locked.discard_uncommitted()
        raise
    return Start(base, codec, is_new=True, next_segment=base.next_segment)


def start_change(locked: LockedIndex) -> Start:
    """Start from the index that is there; see ``IndexWriter.open``."""
    with releasing(locked):
        manifest = locked.required_manifest()
        with writing(locked.directory.path):
            locked.remove_unlisted()
        locked.checks.file(manifest.codec.file)
        codec = read_codec(locked.directory, manifest.codec)
    return Start(manifest, codec, is_new=False, next_segment=manifest.next_segment)


def start_resumed(locked: LockedIndex) -> Start:
    """Start where an interrupted writer ended; see ``IndexWriter.resume``."""
    directory = locked.directory
    with releasing(locked):
        pending = locked.required_pending()
        with writing(directory.path):
            locked.remove_unlisted(keep_pending=True)
        codec = read_codec(directory, pending.codec)
        base = old = locked.manifest
        if base is None or pending.is_new:
            base = first_manifest(
                pending.codec, pending.encoder, pending.config, old, program=program_name()
            )
    return Start(base, codec, pending.is_new, pending.next_segment, pending.segments)


def lock_pending(path: IndexLocation) -> LockedIndex:
    """Take the lock of a place where a writer was interrupted; what has none gets no lock file.

    Raises:
        IndexNotFoundError: There is nothing to go on with.
    """
    directory = as_directory(path)
    if directory.version(PENDING) is None:
        raise nothing_pending(directory)
    return LockedIndex(directory)
