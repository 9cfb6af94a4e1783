"""How is what was damaged mended? An index by itself, a shard set shard by shard."""

from __future__ import annotations

from pathlib import Path

from colmodern.indexer.repair_one import RepairReport, repair_one
from colmodern.indexer.repair_shards import repair_shards
from colmodern.storage import is_shard_set
from colmodern.types import DocumentEncoder, EncoderIdentity, Progress

__all__ = ["RepairReport", "repair"]


def repair(
    path: str | Path,
    encoder: DocumentEncoder | EncoderIdentity | None = None,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RepairReport:
    """Mend a damaged index or shard set, as far as its files and those it was made of allow.

    Sound segments stay. Words and postings are computed again. Documents whose codes are damaged
    are encoded again from the texts in the index, those whose texts are, from their files. If the
    codec or the manifest is lost, everything is encoded again.

    Args:
        path: The folder of the index, or of the set.
        encoder: Encodes what has to be encoded; None: the encoder that the index names is loaded,
            or, if the manifest is lost, the default one.
        dry_run: Change nothing, and report what would be done: no lock is taken, so the index may
            be where nobody may write. Nothing is encoded, but files that documents are lost of
            are read.
        progress: Told how far it is.

    Raises:
        IndexNotFoundError: There is no index, nor what is left of one.
        IndexFormatError: It is of another format version.
        IndexStoreError: The system does not let a file be read now, which is no damage; nothing was
            changed.
        IndexLockedError: Another process is writing to it.
        EncoderError: The encoder cannot be loaded; nothing was changed.
        EncoderMismatchError: The index was made with another one; nothing was changed.
        IndexWriteError: The disk is full or refuses; nothing was changed.
    """
    if is_shard_set(path):
        return repair_shards(Path(path), encoder, dry_run=dry_run, progress=progress)
    return repair_one(path, encoder, dry_run=dry_run, progress=progress)
