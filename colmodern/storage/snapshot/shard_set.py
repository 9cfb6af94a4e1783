"""What does a search see of a shard set? One state of every shard, all of one commit.

The set's file names the manifest of each shard by its checksum, so that shards of two commits are
never read together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from pathlib import Path
from typing import Self

from colmodern.errors import (
    IndexCorruptError,
    IndexNotFoundError,
    IndexStoreError,
)
from colmodern.storage.directory import Directory, IndexLocation, LocalDirectory, as_directory
from colmodern.storage.format.manifest import Manifest
from colmodern.storage.format.manifest_json import decode_manifest
from colmodern.storage.format.names import MANIFEST, set_generation, set_name
from colmodern.storage.format.placement import shard_of
from colmodern.storage.format.schemas import sources_schema
from colmodern.storage.format.shard_set import (
    ShardRecord,
    ShardSet,
    decode_shard_set,
    manifest_checksum,
)
from colmodern.storage.snapshot.checks import FileChecks, guarded
from colmodern.storage.snapshot.files import map_table
from colmodern.storage.snapshot.lookup import DocumentLookup
from colmodern.storage.snapshot.reader import IndexReader
from colmodern.storage.snapshot.segment import Segment

__all__ = [
    "ShardSetReader",
    "is_shard_set",
    "newest_generation",
    "open_reader",
    "read_shard_manifest",
    "read_shard_set",
    "shard_directory",
]

_ATTEMPTS = 10


def newest_generation(directory: Directory) -> int:
    """Return the generation of the shard set in a directory; 0: there is none."""
    try:
        return max(map(set_generation, directory.entries()), default=0)
    except OSError:
        return 0


def is_shard_set(path: IndexLocation) -> bool:
    """Return whether a shard set lies at a path; costs next to nothing."""
    return newest_generation(as_directory(path)) > 0


def read_shard_set(directory: Directory) -> ShardSet:
    """Return the state of a shard set that was committed last.

    Raises:
        IndexNotFoundError: There is none.
        IndexFormatError: Its file is something else, or of another version.
        IndexCorruptError: The file was changed or cut short.
        IndexStoreError: The system does not let it be read.
    """
    path = directory.path
    for _ in range(_ATTEMPTS):
        generation = newest_generation(directory)
        if not generation:
            break
        name = set_name(generation)
        try:
            data = directory.read(name)
        except FileNotFoundError:
            continue  # a commit came in between
        except OSError as error:
            message = f"{path / name} cannot be read: {error.strerror}."
            raise IndexStoreError(message, path=path / name) from error
        return decode_shard_set(data, path / name, generation=generation)
    raise IndexNotFoundError(
        f"There is no shard set at {path}. Make one with `colmodern index --shards N`.", path=path
    )


def read_shard_manifest(folder: Directory, shard: ShardRecord, whole: ShardSet) -> Manifest:
    """Return the manifest of a shard, if it is the one that the set names.

    Raises:
        IndexCorruptError: The shard is missing, is in another state than the set says, or has
            another codec or encoder; the code says which.
        IndexFormatError: It is something else, or of another version.
    """
    path = folder.path / MANIFEST
    try:
        data = folder.read(MANIFEST)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexCorruptError(
            f"{folder.path} is missing: it is one of the {len(whole.shards)} shards that "
            f"{set_name(whole.generation)} names. Restore it from a backup, or index again.",
            path=folder.path,
            code="shard_missing",
        ) from error
    except OSError as error:
        raise IndexStoreError(f"{path} cannot be read: {error.strerror}.", path=path) from error
    manifest = decode_manifest(data, path)
    if manifest_checksum(data) != shard.manifest.checksum:
        raise _mismatch(
            path,
            f"it is of generation {manifest.generation} and {set_name(whole.generation)} names "
            f"another state, of generation {shard.generation}: it was changed by itself",
        )
    if manifest.codec.fingerprint != whole.codec.fingerprint:
        raise _mismatch(path, "it has another codec than the set, so its scores do not compare")
    if manifest.encoder.fingerprint != whole.encoder.fingerprint:
        raise _mismatch(path, f"it was made with another encoder, {manifest.encoder}")
    if (manifest.n_documents, manifest.n_tokens) != (shard.n_documents, shard.n_tokens):
        raise _mismatch(path, "it holds other numbers of documents or tokens than the set says")
    return manifest


class ShardSetReader(IndexReader):
    """A snapshot of a shard set: all segments of all shards, as those of one index.

    Attributes:
        record: What the file of the set says.
        shards: A reader of each shard.
    """

    def __init__(
        self,
        directory: Directory,
        record: ShardSet,
        *,
        previous: ShardSetReader | None = None,
        checks: bool = False,
    ) -> None:
        """Map every file of every shard; callers use ``open`` or ``refresh``.

        A writer passes ``checks``, so that nothing damaged is handed out; see ``Segment``.
        """
        self.directory = directory
        self.record = record
        self.shards = [_opened(directory, one, record, previous, checks) for one in record.shards]
        self.manifest = _as_manifest(record, self.shards)
        self._version: Hashable = record.generation
        self._is_open = True
        self._checks_files = checks
        self._codec = self.shards[0].codec
        self._segments: list[Segment] = [s for shard in self.shards for s in shard.segments]
        self._lookup = DocumentLookup(self._segments)
        self._words = [words for shard in self.shards for words in shard._words]
        self._sources = None
        if record.sources is not None:
            sources = map_table(directory, record.sources, schema=sources_schema())
            own = FileChecks(directory) if checks else None
            self._sources = guarded(sources, record.sources, own)

    @classmethod
    def _open(
        cls, directory: Directory, previous: IndexReader | None, *, checked: bool = False
    ) -> Self:
        before = previous if isinstance(previous, cls) else None
        for attempt in range(_ATTEMPTS):
            record = read_shard_set(directory)
            try:
                return cls(directory, record, previous=before, checks=checked)
            except IndexStoreError:
                # A commit may have removed the shards of the set read before it.
                if attempt == _ATTEMPTS - 1 or newest_generation(directory) == record.generation:
                    raise
        raise AssertionError

    def __repr__(self) -> str:
        """Return the path and the counts."""
        return (
            f"<ShardSetReader {self.path}: generation {self.record.generation}, "
            f"{len(self.shards)} shards, {self.n_documents} documents, {self.n_tokens} tokens>"
        )

    @property
    def n_bytes(self) -> int:
        """How many bytes the files have that make up this state."""
        n_own = self.directory.size(set_name(self.record.generation))
        if self.record.sources is not None:
            n_own += self.record.sources.bytes
        return n_own + sum(shard.n_bytes for shard in self.shards)

    def find(self, document_id: str) -> tuple[Segment, int] | None:
        """Return the segment and position of the live document with this id, or None.

        Only the shard is asked that the id belongs to.
        """
        self._check_open()
        return self.shards[shard_of(document_id, len(self.shards))].find(document_id)

    def newest_version(self) -> Hashable:
        """Return the generation of the set committed last; costs next to nothing."""
        return newest_generation(self.directory)

    def close(self) -> None:
        """Let go of the files; arrays taken from the reader stay valid. May be called twice."""
        super().close()
        for shard in self.shards:
            shard.close()


def open_reader(path: IndexLocation, *, checked: bool = False) -> IndexReader:
    """Open the index, or the shard set, at a path; see ``IndexReader.open``.

    Raises:
        IndexNotFoundError: There is neither.
        IndexFormatError: The folder holds something else, or another format version.
        IndexCorruptError: A file is missing or was changed, or shards do not belong together.
    """
    directory = as_directory(path)
    kind = ShardSetReader if is_shard_set(directory) else IndexReader
    return kind.open(directory, checked=checked)


def shard_directory(directory: Directory, name: str) -> LocalDirectory:
    """Return the folder of a shard."""
    return LocalDirectory(directory.path / name)


def _opened(
    directory: Directory,
    shard: ShardRecord,
    whole: ShardSet,
    previous: ShardSetReader | None,
    checks: bool,
) -> IndexReader:
    """Return a reader of a shard; what is in both states is shared."""
    folder = shard_directory(directory, shard.name)
    known: dict[ShardRecord, IndexReader] = {}
    if previous is not None:
        known = dict(zip(previous.record.shards, previous.shards, strict=True))
    manifest = read_shard_manifest(folder, shard, whole)
    return IndexReader(
        folder,
        manifest,
        version=folder.version(MANIFEST),
        previous=known.get(shard),
        checks=FileChecks(folder) if checks else None,
    )


def _as_manifest(record: ShardSet, shards: list[IndexReader]) -> Manifest:
    """Return what would be the manifest of one index of the same segments, in the same order.

    Its files have names of their shards: only counts and sizes mean something.
    """
    first = shards[0].manifest
    return dataclasses.replace(
        first,
        generation=record.generation,
        created_by=record.created_by,
        updated_by=record.updated_by,
        config=record.config,
        segments=tuple(one for shard in shards for one in shard.manifest.segments),
        sources=record.sources,
    )


def _mismatch(path: Path, what: str) -> IndexCorruptError:
    return IndexCorruptError(
        f"{path} does not belong to its shard set: {what}. Change the set as a whole; restore the "
        "shard from a backup, or index again.",
        path=path,
        code="shard_mismatch",
    )
