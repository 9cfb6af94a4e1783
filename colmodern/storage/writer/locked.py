"""What lies where an index is, while nobody else may write there?

The manifest is read once, under the lock. It is read again only if it is not the one that was read
or committed here, which an interrupt in the midst of a commit may bring about.
"""

from __future__ import annotations

from typing import Self

from colmodern.errors import IndexFormatError, IndexNotFoundError, IndexStoreError, IndexWriteError
from colmodern.storage.directory import Directory
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.manifest import Manifest
from colmodern.storage.format.manifest_json import decode_manifest, encode_manifest
from colmodern.storage.format.names import LAST_NUMBER, MANIFEST
from colmodern.storage.format.pending import Pending
from colmodern.storage.snapshot.checks import FileChecks
from colmodern.storage.snapshot.files import check_not_lost, pending_after, read_manifest
from colmodern.storage.snapshot.reader import IndexReader
from colmodern.storage.writer.leftovers import remove_unlisted

__all__ = ["LockedIndex", "nothing_pending"]

# More segments and commits than one change can make.
_SPARE_NUMBERS = 10**9


class LockedIndex:
    """A place whose lock is held, until ``release`` or ``discard_uncommitted``.

    Attributes:
        directory: The place.
        checks: Which of its files were compared with their checksums under this lock.
    """

    def __init__(self, directory: Directory, *, is_damaged: bool = False) -> None:
        """Take the lock of a place, where there may be an index.

        Args:
            directory: The place.
            is_damaged: The manifest is not read; ``build_on`` says what the next commit starts
                from.

        Raises:
            IndexLockedError: Another process is writing there.
            IndexWriteError: The disk refuses.
            IndexFormatError: There is a manifest of something else, or of another version, or its
                numbers are near their end.
            IndexCorruptError: The manifest was changed or cut short, or is gone.
        """
        self.directory = directory
        self.checks = FileChecks(directory)
        self._manifest: Manifest | None = None
        self._kept: frozenset[str] = frozenset()
        self._lock = directory.lock()
        try:
            if is_damaged:
                self._version = directory.version(MANIFEST)
            else:
                self._read()
        except BaseException:
            self.release()
            raise

    @classmethod
    def of_index(cls, directory: Directory) -> Self:
        """Take the lock of an index that exists; what is none gets no lock file.

        Raises:
            IndexNotFoundError: There is none.
        """
        if directory.version(MANIFEST) is None:
            read_manifest(directory)  # says what is missing
        locked = cls(directory)
        try:
            locked.required_manifest()
        except BaseException:
            locked.release()
            raise
        return locked

    @property
    def manifest(self) -> Manifest | None:
        """The manifest that is there now; None: there is no index yet."""
        if self.directory.version(MANIFEST) != self._version:
            self._read()
        return self._manifest

    def required_manifest(self) -> Manifest:
        """Return the manifest that is there now.

        Raises:
            IndexNotFoundError: There is none.
        """
        manifest = self.manifest
        return read_manifest(self.directory) if manifest is None else manifest

    def snapshot(self) -> IndexReader:
        """Return a reader of the state that is there now; the manifest is not read again.

        It compares each file with its checksum before anything of it is handed out.

        Raises:
            IndexNotFoundError: There is none.
            IndexCorruptError: A file is missing, or has another size or layout than it should.
        """
        manifest = self.required_manifest()
        return IndexReader(self.directory, manifest, version=self._version, checks=self.checks)

    def pending(self) -> Pending | None:
        """Return what an interrupted writer has left to go on with, or None."""
        return pending_after(self.directory, self.manifest)

    def required_pending(self) -> Pending:
        """Return what an interrupted writer has left to go on with.

        Raises:
            IndexNotFoundError: There is nothing.
        """
        pending = self.pending()
        if pending is None:
            raise nothing_pending(self.directory)
        return pending

    def build_on(self, manifest: Manifest, damaged: Manifest | None) -> None:
        """Let the next commit start from another state than the one that is there.

        What that one names stays until that commit; if its manifest is lost, all that lies there.
        """
        self._manifest = manifest
        self._kept = frozenset(
            self.directory.entries()
            if damaged is None
            else (file.name.split("/")[0] for file in damaged.files())
        )

    def replace_manifest(self, manifest: Manifest) -> None:
        """Commit: put a manifest in the place of the one that is there.

        Raises:
            IndexWriteError: No reader would take it, or the disk gives back other bytes.
            OSError: The disk is full or refuses; the caller says what that means.
        """
        self.directory.replace(MANIFEST, _readable(manifest, self.directory))
        self._version = self.directory.version(MANIFEST)
        self._manifest = manifest
        self._kept = frozenset()

    def remove_unlisted(self, *, keep_pending: bool = False) -> None:
        """Remove what neither the manifest nor, if it is kept, the list of the pending names."""
        pending = self.pending() if keep_pending else None
        remove_unlisted(self.directory, self.manifest, pending, kept=self._kept)

    def discard_uncommitted(self, *, keep_pending: bool = False) -> None:
        """Remove what no list names and let the next writer in."""
        try:
            with writing(self.directory.path):
                self.remove_unlisted(keep_pending=keep_pending)
        finally:
            self.release()

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        self._lock.release()

    def _read(self) -> None:
        self._version = self.directory.version(MANIFEST)
        if self._version is None:
            check_not_lost(self.directory)
        self._manifest = None if self._version is None else read_manifest(self.directory)
        if self._manifest is not None:
            _check_numbers(self._manifest, self.directory)


def _readable(manifest: Manifest, directory: Directory) -> bytes:
    """Return the bytes of a manifest, if they are read as what they were made of."""
    path = directory.path
    data = encode_manifest(manifest)
    try:
        is_same = encode_manifest(decode_manifest(data, path / MANIFEST)) == data
    except IndexStoreError as error:
        raise IndexWriteError(
            f"The index {path} is left as it was: no reader would take the new state ({error})",
            path=path,
        ) from error
    if not is_same:
        raise IndexWriteError(
            f"The index {path} is left as it was: the new state would be read as another one.",
            path=path,
        )
    return data


def _check_numbers(manifest: Manifest, directory: Directory) -> None:
    """Refuse an index whose next commits would have numbers that no name of a file can hold."""
    for name in ("generation", "next_segment"):
        if getattr(manifest, name) > LAST_NUMBER - _SPARE_NUMBERS:
            raise IndexFormatError(
                f"{directory.path / MANIFEST} has {name} {getattr(manifest, name)}, near the last "
                f"number there is ({LAST_NUMBER}), which no series of commits reaches. It can be "
                "read, but not changed: index its documents into another folder.",
                path=directory.path / MANIFEST,
            )


def nothing_pending(directory: Directory) -> IndexNotFoundError:
    """Return the error that says that there is nothing to go on with."""
    path = directory.path
    return IndexNotFoundError(
        f"There is no interrupted work at {path} to go on with. Index from the start.", path=path
    )
