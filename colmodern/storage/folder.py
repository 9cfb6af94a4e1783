"""What else lies in the folder of an index: strangers' files, and what a killed writer left."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from colmodern.errors import IndexExistsError
from colmodern.storage.durable import writing
from colmodern.storage.layout import LOCK, MANIFEST, PENDING, is_ours
from colmodern.storage.lock import WriterLock
from colmodern.storage.manifest import Manifest
from colmodern.storage.manifest_file import read_manifest
from colmodern.storage.pending import Pending, read_pending

__all__ = ["claim_folder", "discard_uncommitted", "remove_entry", "remove_unlisted"]

logger = logging.getLogger(__name__)


def claim_folder(path: Path, *, may_replace: bool) -> Manifest | None:
    """Return the manifest of the index that a new one is to replace, or None for a free folder.

    Raises:
        IndexExistsError: There is an index that may not be replaced, or files of somebody else.
    """
    if not (path / MANIFEST).exists():
        strangers = [e.name for e in path.iterdir() if e.name != LOCK and not is_ours(e.name)]
        if strangers:
            raise IndexExistsError(
                f"The folder {path} holds other files ({min(strangers)!r}, for one). Give the "
                "index a folder of its own.",
                path=path,
            )
        return None
    if not may_replace:
        raise IndexExistsError(
            f"There is an index at {path} already. Update it, or choose another folder.", path=path
        )
    return read_manifest(path)


def remove_unlisted(path: Path, manifest: Manifest | None, pending: Pending | None = None) -> None:
    """Remove what a writer left in an index folder and neither list names.

    Only names that colmodern gives are touched. What cannot be removed now (Windows keeps files
    that a reader has mapped) stays until the next commit.
    """
    files = [] if manifest is None else [*manifest.files()]
    if pending is not None:
        files.extend(pending.files())
    listed = {file.name.split("/")[0] for file in files}
    if pending is not None:
        listed.add(PENDING)
    # The list of what is pending goes first: it must not name files that are gone.
    for entry in sorted(path.iterdir(), key=lambda entry: entry.name != PENDING):
        if is_ours(entry.name) and entry.name not in listed:
            remove_entry(entry)


def remove_entry(entry: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it can be removed now."""
    try:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    except OSError as error:
        logger.info("%s stays until the next commit: %s", entry, error)


def discard_uncommitted(path: Path, lock: WriterLock, *, keep_pending: bool = False) -> None:
    """Remove what no list names, give up the lock, and the folder if nothing is in it.

    The lists are read from the disk again: an interrupt may have come right after a commit.
    """
    is_index = (path / MANIFEST).exists()
    try:
        with writing(path):
            manifest = read_manifest(path) if is_index else None
            pending = read_pending(path) if keep_pending else None
            remove_unlisted(path, manifest, pending)
    finally:
        lock.release()
    if not is_index and not any(path.iterdir()):
        path.rmdir()
