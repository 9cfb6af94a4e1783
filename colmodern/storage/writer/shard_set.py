"""How does a shard set change? Every shard in a folder of its own, then one file that names them.

A shard that a set names is never written to. A change is made in a new folder, which starts with
links to the files of the one before it; when all changed shards are committed there, the next file
of the set names them. So a kill at any moment leaves the state before or the state after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from colmodern.errors import IndexExistsError, IndexLockedError
from colmodern.storage.directory import Directory, LocalDirectory
from colmodern.storage.directory.durable import sync_folder, writing
from colmodern.storage.directory.folders import link_file, make_empty_folder
from colmodern.storage.format.documents import EncoderInfo, SourceRecord
from colmodern.storage.format.manifest import FileRecord
from colmodern.storage.format.manifest_json import program_name
from colmodern.storage.format.names import (
    LOCK,
    MANIFEST,
    PLAN,
    is_ours_in_set,
    set_name,
    shard_name,
    sources_name,
)
from colmodern.storage.format.shard_set import (
    SetCodec,
    ShardRecord,
    ShardSet,
    decode_shard_set,
    encode_shard_set,
)
from colmodern.storage.snapshot.files import read_manifest
from colmodern.storage.snapshot.shard_set import (
    ShardSetReader,
    newest_generation,
    read_shard_manifest,
    read_shard_set,
    shard_directory,
)
from colmodern.storage.writer.commit_files import write_sources
from colmodern.storage.writer.leftovers import remove_unlisted_of_set

__all__ = ["LockedShardSet"]


class LockedShardSet:
    """The folder of a shard set whose lock is held, until ``release``.

    Attributes:
        directory: The folder.
        record: The set that is there; None: there is none yet.
    """

    def __init__(self, directory: Directory, *, is_damaged: bool = False) -> None:
        """Take the lock of a folder, where there may be a shard set.

        Args:
            directory: The folder.
            is_damaged: The file of the set is not read; whoever repairs it sets ``record``.

        Raises:
            IndexExistsError: The folder holds an index, or files of somebody else.
            IndexFormatError: The set is of another version.
            IndexCorruptError: Its file was changed or cut short.
            IndexLockedError: Another process is writing there.
            IndexWriteError: The disk refuses.
        """
        self.directory = directory
        self.record: ShardSet | None = None
        self._lock = directory.lock()
        try:
            if is_damaged:
                return
            if newest_generation(directory):
                self.record = read_shard_set(directory)
            else:
                _check_free(directory)
        except BaseException:
            self.release()
            raise

    @property
    def generation(self) -> int:
        """The generation that the next commit makes."""
        return 1 if self.record is None else self.record.generation + 1

    def snapshot(self) -> ShardSetReader:
        """Return a reader of the state that is there, which compares files with their checksums.

        Raises:
            IndexNotFoundError: There is none.
            IndexCorruptError: A file is damaged, or shards do not belong together.
        """
        record = read_shard_set(self.directory) if self.record is None else self.record
        return ShardSetReader(self.directory, record, checks=True)

    def new_shard(self, number: int, *, is_empty: bool = False) -> Path:
        """Return the folder in which a shard's next state is to be made, and committed.

        It is an index as it is now, or an empty folder.

        Args:
            number: The number of the shard, from 0.
            is_empty: Start without what is there.

        Raises:
            IndexCorruptError: The shard that is there is not the one that the set names.
            IndexWriteError: The disk is full or refuses.
        """
        name = shard_name(number + 1, self.generation)
        folder = self.directory.path / name
        with writing(folder):
            make_empty_folder(folder)
            if not is_empty and self.record is not None:
                self._link(self.record.shards[number], folder)
        return folder

    def publish(
        self,
        folders: Mapping[int, Path],
        *,
        n_shards: int,
        config: Mapping[str, Any],
        sources: Sequence[SourceRecord] | FileRecord | None,
    ) -> ShardSet:
        """Commit: name the shards of the next generation, in one step.

        Args:
            folders: The folders of ``new_shard`` by the numbers of the shards, each committed.
            n_shards: How many shards the set has.
            config: The options of the build.
            sources: The files that documents were read from, or the file that lists them now.

        Raises:
            IndexLockedError: Another writer has committed meanwhile.
            IndexWriteError: The disk is full or refuses; the set is as it was.
        """
        directory, generation = self.directory, self.generation
        if newest_generation(directory) >= generation:
            raise IndexLockedError(
                f"Another writer has changed the shard set {directory.path} meanwhile. Nothing of "
                "this change was committed; start it again.",
                path=directory.path,
            )
        old = () if self.record is None else self.record.shards
        shards = [
            _record_of(folders[number]) if number in folders else old[number]
            for number in range(n_shards)
        ]
        first = read_manifest(shard_directory(directory, shards[0].name))
        codec = SetCodec(
            first.codec.dim, first.codec.bits, first.codec.n_centroids, first.codec.fingerprint
        )
        encoder = EncoderInfo(first.encoder.name, first.encoder.fingerprint, first.encoder.dim)
        with writing(directory.path):
            if sources is not None and not isinstance(sources, FileRecord):
                sources = self._written(sources, generation)
            created_by = program_name() if self.record is None else self.record.created_by
            record = ShardSet(
                generation=generation,
                created_by=created_by,
                updated_by=program_name(),
                config=dict(config),
                encoder=encoder,
                codec=codec,
                shards=tuple(shards),
                sources=sources,
            )
            self._check(record)
            directory.sync()
            directory.replace(set_name(generation), encode_shard_set(record))
            directory.sync()
        self.record = record
        with writing(directory.path):
            self.remove_unlisted()
        return record

    def remove_unlisted(self) -> None:
        """Remove what no state of the set names: older ones, and what a killed writer left."""
        remove_unlisted_of_set(self.directory, self.record)

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        self._lock.release()

    def _written(self, sources: Sequence[SourceRecord], generation: int) -> FileRecord:
        name = sources_name(generation)
        if name in self.directory.entries():  # of an attempt that was killed
            self.directory.delete(name)
        return write_sources(self.directory, sources, generation=generation)

    def _check(self, record: ShardSet) -> None:
        """Compare the new state with what a reader will see of it, before it is one."""
        path = self.directory.path / set_name(record.generation)
        decode_shard_set(encode_shard_set(record), path, generation=record.generation)
        for shard in record.shards:
            read_shard_manifest(shard_directory(self.directory, shard.name), shard, record)

    def _link(self, shard: ShardRecord, folder: Path) -> None:
        """Give a new folder the files of a shard; the manifest last, so that half is no index."""
        assert self.record is not None
        before = shard_directory(self.directory, shard.name)
        manifest = read_shard_manifest(before, shard, self.record)
        names = [file.name for file in manifest.files()]
        inner = sorted({name.split("/")[0] for name in names if "/" in name})
        for name in inner:
            make_empty_folder(folder / name)
        for name in names:
            link_file(before.path / name, folder / name)
        for name in inner:
            sync_folder(folder / name)
        sync_folder(folder)
        link_file(before.path / MANIFEST, folder / MANIFEST)
        sync_folder(folder)


def _record_of(folder: Path) -> ShardRecord:
    directory = LocalDirectory(folder)
    return ShardRecord.of(folder.name, read_manifest(directory), directory.read(MANIFEST))


def _check_free(directory: Directory) -> None:
    """Check that a set may be made where there is none.

    Raises:
        IndexExistsError: There is an index, or there are files of somebody else.
    """
    path = directory.path
    entries = directory.entries()
    if MANIFEST in entries:
        raise IndexExistsError(
            f"There is an index at {path}, which has no shards. Give the shard set another "
            "folder, or index into that one without --shards.",
            path=path,
        )
    foreign = [one for one in entries if one not in {LOCK, PLAN} and not is_ours_in_set(one)]
    if foreign:
        raise IndexExistsError(
            f"The folder {path} holds other files ({min(foreign)!r}, for one). Give the shard set "
            "a folder of its own.",
            path=path,
        )
