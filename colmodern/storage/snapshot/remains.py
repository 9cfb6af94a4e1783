"""What is left of an index whose manifest is lost? Segments, deletions and sources on the disk.

Without the manifest no file can be compared with its checksum, and nothing says which codec or
encoder the codes belong to. So only texts count, and each has to prove itself by its content hash.
"""

from __future__ import annotations

import dataclasses
import re

from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.storage.directory import Directory
from colmodern.storage.format.documents import EncoderInfo, SourceRecord
from colmodern.storage.format.manifest import CodecRecord, FileRecord, Manifest, SegmentRecord
from colmodern.storage.format.names import MANIFEST, is_ours, segment_number
from colmodern.storage.format.schemas import documents_schema, sources_schema, tombstones_schema
from colmodern.storage.format.tables import Table
from colmodern.storage.snapshot.files import map_table, read_manifest, unreadable
from colmodern.storage.snapshot.segment import Segment

__all__ = ["bare_manifest", "found_segments", "found_sources", "read_manifest_or_none"]

_NUMBERS = re.compile(r"[0-9]{6,18}")
_NO_FILE = FileRecord("", 0, "")
_NO_CODEC = CodecRecord(8, 1, 1, "", _NO_FILE)


def read_manifest_or_none(directory: Directory) -> Manifest | None:
    """Return the manifest of a damaged index; None: it is lost, but something else is there.

    Raises:
        IndexNotFoundError: There is no index, nor what is left of one.
        IndexFormatError: It is something else, or of another format version.
    """
    try:
        return read_manifest(directory)
    except IndexCorruptError:
        return None
    except (IndexFormatError, FileNotFoundError):
        if not any(segment_number(name) is not None for name in _entries(directory)):
            raise
        return None


def bare_manifest(directory: Directory) -> Manifest:
    """Return a manifest of nothing, with numbers above all that any file there has."""
    numbers = [int(n) for name in _entries(directory) for n in _NUMBERS.findall(name)]
    last = max(numbers, default=0)
    return Manifest(last, "", "", {}, EncoderInfo("", "", 8), _NO_CODEC, last + 1, (), None)


def found_segments(directory: Directory) -> tuple[list[tuple[Segment, bool]], int]:
    """Return the segments on the disk, without their codes, and how many cannot be read.

    Beside each stands whether it is known which of its documents were deleted.
    """
    found, n_unreadable = [], 0
    for name in sorted(_entries(directory), key=lambda name: segment_number(name) or 0):
        if segment_number(name) is not None:
            try:
                found.append(_segment(directory, name))
            except IndexCorruptError:
                n_unreadable += 1
    return found, n_unreadable


def found_sources(directory: Directory) -> list[SourceRecord] | None:
    """Return the list of sources that was written last; None: there is none that can be read."""
    names = [name for name in _entries(directory) if name.startswith("sources-g")]
    for name in sorted(names, key=_last_number, reverse=True):
        try:
            table = _table(directory, name, sources_schema())
            return [SourceRecord(**row) for row in table.rows()]
        except IndexCorruptError:
            continue
    return None


def _segment(directory: Directory, name: str) -> tuple[Segment, bool]:
    documents = _table(directory, f"{name}/documents.arrow", documents_schema())
    record = SegmentRecord(
        name=name,
        n_documents=documents.n_rows,
        n_tokens=int(documents.offsets("spans")[-1]),
        documents=_record(directory, f"{name}/documents.arrow"),
        tokens=_NO_FILE,
        contexts=_NO_FILE,
        postings=_NO_FILE,
    )
    list(Segment(directory, record, _NO_CODEC, parts=("documents",)).ids)  # or nothing can be named
    prefix = f"tombstones-{name.removeprefix('segment-')}-"
    written = [file for file in _entries(directory) if file.startswith(prefix)]
    for number, file in enumerate(sorted(written, key=_last_number, reverse=True)):
        try:
            return _with_tombstones(directory, record, file), number == 0
        except IndexCorruptError:
            continue
    return Segment(directory, record, _NO_CODEC, parts=("documents",)), not written


def _with_tombstones(directory: Directory, record: SegmentRecord, file: str) -> Segment:
    changed = dataclasses.replace(
        record,
        n_deleted_documents=_table(directory, file, tombstones_schema()).n_rows,
        tombstones=_record(directory, file),
    )
    segment = Segment(directory, changed, _NO_CODEC, parts=("documents",))
    list(segment.live_positions())  # positions that leave the segment are damage
    return segment


def _table(directory: Directory, name: str, schema: object) -> Table:
    return map_table(directory, _record(directory, name), schema=schema)


def _record(directory: Directory, name: str) -> FileRecord:
    try:
        return FileRecord(name, directory.size(name), "")
    except OSError as error:
        raise unreadable(directory.path / name, error, "cannot be read") from error


def _entries(directory: Directory) -> list[str]:
    try:
        return [name for name in directory.entries() if is_ours(name) or name == MANIFEST]
    except OSError:
        return []


def _last_number(name: str) -> int:
    return int((_NUMBERS.findall(name) or ["0"])[-1])
