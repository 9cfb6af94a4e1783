"""What else lies where an index is? Files of others, and what a killed writer left."""

from __future__ import annotations

import logging
from collections.abc import Collection

from colmodern.errors import IndexExistsError
from colmodern.storage.directory import Directory
from colmodern.storage.format.manifest import Manifest
from colmodern.storage.format.names import (
    LOCK,
    PENDING,
    is_of_commit,
    is_ours,
    is_ours_in_set,
    set_generation,
    set_name,
)
from colmodern.storage.format.pending import Pending
from colmodern.storage.format.shard_set import ShardSet

__all__ = ["check_free", "remove_entry", "remove_unlisted", "remove_unlisted_of_set"]

logger = logging.getLogger(__name__)


def check_free(directory: Directory, manifest: Manifest | None, *, may_replace: bool) -> None:
    """Check that a new index may be made where this manifest, or none, is.

    Raises:
        IndexExistsError: There is an index that may not be replaced, or files of somebody else.
    """
    path = directory.path
    if manifest is None:
        foreign = [e for e in directory.entries() if e != LOCK and not is_ours(e)]
        if foreign:
            raise IndexExistsError(
                f"The folder {path} holds other files ({min(foreign)!r}, for one). Give the "
                "index a folder of its own.",
                path=path,
            )
    elif not may_replace:
        raise IndexExistsError(
            f"There is an index at {path} already. Update it, or choose another folder.", path=path
        )


def remove_unlisted(
    directory: Directory,
    manifest: Manifest | None,
    pending: Pending | None = None,
    *,
    kept: Collection[str] = (),
) -> None:
    """Remove what a writer left and neither list names, but for the entries that are ``kept``.

    Only names that colmodern gives are touched. What cannot be removed now (Windows keeps files
    that a reader has mapped) stays until the next commit.
    """
    files = [] if manifest is None else [*manifest.files()]
    if pending is not None:
        files.extend(pending.files())
    listed = {*kept, *(file.name.split("/")[0] for file in files)}
    if pending is not None:
        listed.add(PENDING)
    for entry in sorted(directory.entries(), key=_removal_order):
        if is_ours(entry) and entry not in listed:
            remove_entry(directory, entry)


def remove_unlisted_of_set(directory: Directory, record: ShardSet | None) -> None:
    """Remove what a writer left in the folder of a shard set, older states of it included."""
    listed: set[str] = set()
    if record is not None:
        listed = {set_name(record.generation)}
        listed |= {shard.name for shard in record.shards}
        if record.sources is not None:
            listed.add(record.sources.name)
    # Files of sets go first: none must name shards that are gone.
    entries = sorted(directory.entries(), key=lambda one: (not set_generation(one), one))
    for entry in entries:
        if is_ours_in_set(entry) and entry not in listed:
            remove_entry(directory, entry)


def _removal_order(entry: str) -> int:
    """Return when an entry goes: the list of what is pending before the files that it names.

    But after those of a commit, beside which a missing list would say that there was an index.
    """
    return 0 if is_of_commit(entry) else 1 if entry == PENDING else 2


def remove_entry(directory: Directory, entry: str) -> None:
    """Remove a file, or a folder with all that is in it, if it can be removed now."""
    try:
        directory.delete(entry)
    except OSError as error:
        logger.info("%s stays until the next commit: %s", directory.path / entry, error)
