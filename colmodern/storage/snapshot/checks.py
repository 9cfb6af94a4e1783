"""Is what a change builds on what was written? Each file is compared with its checksum once.

A reader checks where its arrays end and no more; a change that took damage over would write it
down with a right checksum. So the tables of a writer are guarded: before a column is handed out,
the file, or the key columns of a documents file, was compared with what the manifest says of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from colmodern.storage.directory import Directory
from colmodern.storage.format.keys import keys_checksum
from colmodern.storage.format.manifest import FileRecord, SegmentRecord
from colmodern.storage.format.tables import Table
from colmodern.storage.snapshot.files import check_file

__all__ = ["FileChecks", "guarded"]


class FileChecks:
    """Which files of an index one change has compared with their checksums."""

    def __init__(self, directory: Directory) -> None:
        """Start with none compared."""
        self._directory = directory
        self._sound: set[FileRecord] = set()
        self._sound_keys: set[tuple[str, str]] = set()

    def file(self, record: FileRecord) -> None:
        """Compare a whole file with its record, unless that was done.

        Raises:
            IndexCorruptError: The file is missing or differs.
        """
        if record not in self._sound:
            check_file(self._directory, record)
            self._sound.add(record)

    def keys(self, segment: SegmentRecord, documents: Table) -> None:
        """Compare the key columns of a segment with its record, unless that was done.

        The whole file is compared if the record has no checksum of them.

        Raises:
            IndexCorruptError: They differ.
        """
        if segment.keys is None:
            self.file(segment.documents)
            return
        known = segment.name, segment.keys
        if known not in self._sound_keys and segment.documents not in self._sound:
            found = keys_checksum(documents)
            if found != segment.keys:
                raise documents.corrupt(
                    f"the checksum of its keys is {found}, the manifest says {segment.keys}"
                )
            self._sound_keys.add(known)


def guarded(table: Table, record: FileRecord, checks: FileChecks | None) -> Table:
    """Return a table that compares its file with a record before a column is used."""
    guard: Callable[[], None] | None = None if checks is None else partial(checks.file, record)
    return table.guarded(guard)
