"""Which files make up a state of an index, or of a shard set? As read here, and as published.

What comes from an object store may have been written by anybody: nothing of it is used before
names, sizes and checksums are those that the format allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.remote.failures import ObjectMissingError
from colmodern.remote.layout import LARGEST_COMMIT, MOST_FILES, Publication, object_name
from colmodern.remote.place import RemotePlace
from colmodern.remote.transfer import each
from colmodern.storage import (
    Directory,
    FileRecord,
    Manifest,
    ShardSet,
    is_shard_set,
    read_shard_set,
)
from colmodern.storage.format.manifest import CHECKSUM_BYTES
from colmodern.storage.format.manifest_json import decode_manifest
from colmodern.storage.format.names import MANIFEST, set_name, shard_place
from colmodern.storage.format.sealed_json import check_seal, parsed
from colmodern.storage.format.shard_set import decode_shard_set
from colmodern.storage.snapshot.shard_set import read_shard_manifest, shard_directory

__all__ = ["IndexState", "damaged_object", "local_state", "published_state"]


@dataclass(frozen=True, slots=True)
class IndexState:
    """A whole index, or shard set, at one moment.

    Attributes:
        name: The file whose presence makes it one: a manifest, or the file of a set.
        data: The bytes of that file.
        generation: The number of the commit.
        is_set: Whether it is a shard set.
        files: All other files, those of shards with the folder of their shard in front.
        shard: The number of the shard that they are of, from 1; None: there are all.
    """

    name: str
    data: bytes
    generation: int
    is_set: bool
    files: tuple[FileRecord, ...]
    shard: int | None = None

    @property
    def key(self) -> str:
        """What a folder with these files is called."""
        return self.checksum if self.shard is None else f"{self.checksum}-{self.shard}"

    @property
    def checksum(self) -> str:
        """What tells this state from every other one."""
        return checksum_of(self.data)

    def of_shard(self, number: int) -> IndexState | None:
        """Return the same state with the files of one shard only; None: there is no such shard."""
        folders = {one.name.partition("/")[0] for one in self.files}
        for folder in folders:
            place = shard_place(folder)
            if self.is_set and place is not None and place[0] == number:
                files = tuple(one for one in self.files if one.name.startswith(f"{folder}/"))
                return replace(self, files=files, shard=number)
        return None

    def contents(self) -> list[FileRecord]:
        """Return a file for each content there is."""
        return list({(one.checksum, one.bytes): one for one in self.files}.values())


def checksum_of(data: bytes) -> str:
    """Return the checksum of bytes, as that of any file of an index."""
    return blake2b(data, digest_size=CHECKSUM_BYTES).hexdigest()


def local_state(directory: Directory) -> IndexState:
    """Return the state of an index, or of a shard set, that was committed last.

    Raises:
        IndexNotFoundError: There is neither.
        IndexCorruptError: What names its files is damaged.
    """
    if not is_shard_set(directory):
        try:
            data = directory.read(MANIFEST)
        except OSError:
            from colmodern.storage.snapshot.files import read_manifest

            read_manifest(directory)  # says what is wrong
            raise
        return _of_manifest(data, directory.path / MANIFEST)
    record = read_shard_set(directory)
    name = set_name(record.generation)
    data = directory.read(name)
    manifests = [
        read_shard_manifest(shard_directory(directory, one.name), one, record)
        for one in record.shards
    ]
    return _of_set(record, name, data, manifests)


def published_state(place: RemotePlace, publication: Publication) -> IndexState:
    """Return a state that was published, from what names its files.

    Raises:
        ObjectMissingError: It, or the manifest of a shard, is not there any more.
        IndexCorruptError: What names its files is damaged, or names what no index has.
        IndexFormatError: It is something else, or of another version.
    """
    name = publication.name
    data = place.read_whole(name, LARGEST_COMMIT)
    if data is None:
        raise damaged_object(place, name, f"it has more than {LARGEST_COMMIT:,} bytes")
    path = Path(place.url) / name
    with _told_of_place(place, path):
        if not publication.is_set:
            state = _of_manifest(data, path)
        else:
            record = decode_shard_set(data, path, generation=_generation_of(data, path))
    if publication.is_set:
        manifests = _shard_manifests(place, record)
        state = _of_set(record, set_name(record.generation), data, manifests)
    with _told_of_place(place, path):
        _check_files(state, path)
    return state


@contextmanager
def _told_of_place(place: RemotePlace, path: Path) -> Iterator[None]:
    """Let what is wrong with a file of an index be told of the place that it came from."""
    try:
        yield
    except (IndexCorruptError, IndexFormatError) as error:
        detail = str(error).replace(str(Path(place.url)), place.url).partition(". Mend it with")[0]
        raise type(error)(
            f"What {place.url} has cannot be used: {detail.rstrip('.')}. Publish it again from a "
            "sound copy, with `colmodern push --replace`.",
            path=path,
        ) from error


def damaged_object(place: RemotePlace, name: str, what: str) -> IndexCorruptError:
    """Return the error for an object that is not what it should be."""
    return IndexCorruptError(
        f"{place.url}/{name} is damaged: {what}. Publish the index again from a sound copy, with "
        "`colmodern push --resend`.",
        path=Path(place.url) / name,
    )


def _of_manifest(data: bytes, path: Path) -> IndexState:
    manifest = decode_manifest(data, path)
    return IndexState(MANIFEST, data, manifest.generation, False, tuple(manifest.files()))


def _of_set(record: ShardSet, name: str, data: bytes, manifests: Sequence[Manifest]) -> IndexState:
    files = [] if record.sources is None else [record.sources]
    for shard, manifest in zip(record.shards, manifests, strict=True):
        files += _inside(shard.name, manifest.files())
        files.append(shard.manifest)
    return IndexState(name, data, record.generation, True, tuple(files))


def _inside(folder: str, files: Iterator[FileRecord]) -> Iterator[FileRecord]:
    for one in files:
        yield replace(one, name=f"{folder}/{one.name}")


def _generation_of(data: bytes, path: Path) -> int:
    """Return the generation that the file of a set says; its publication has another number."""
    check_seal(data, path)
    try:
        found = parsed(data)
    except (ValueError, RecursionError):
        return 0  # told where it is read
    generation = found.get("generation") if isinstance(found, dict) else None
    return generation if type(generation) is int else 0


def _shard_manifests(place: RemotePlace, record: ShardSet) -> list[Manifest]:
    """Return the manifests of the shards of a set, each the one that the set names.

    Raises:
        ObjectMissingError: One is not there.
        IndexCorruptError: One is not what the set says.
    """
    found: dict[int, Manifest] = {}

    def read(number: int) -> None:
        shard = record.shards[number]
        name = object_name(shard.manifest)
        path = Path(place.url) / shard.manifest.name
        with _told_of_place(place, path):
            if name is None or shard.manifest.bytes > LARGEST_COMMIT:
                message = f"{path} has a checksum or a size that no file has"
                raise IndexCorruptError(message, path=path)
        try:
            data = place.read_whole(str(name), shard.manifest.bytes)
        except ObjectMissingError:
            raise ObjectMissingError(place.url, name=name) from None
        if data is None or checksum_of(data) != shard.manifest.checksum:
            what = f"it has other bytes than {shard.manifest.name} had"
            raise damaged_object(place, str(name), what)
        with _told_of_place(place, path):
            manifest = decode_manifest(data, path)
            same = (manifest.codec.fingerprint, manifest.encoder.fingerprint)
            if same != (record.codec.fingerprint, record.encoder.fingerprint):
                message = f"{path} has another codec or encoder than the set"
                raise IndexCorruptError(message, path=path)
        found[number] = manifest

    each(read, range(len(record.shards)))
    return [found[number] for number in range(len(record.shards))]


def _check_files(state: IndexState, path: Path) -> None:
    """Check what the format says of files, and what nobody can have.

    Raises:
        IndexCorruptError: One is not as it must be.
    """
    if len(state.files) > MOST_FILES:
        message = f"{path} names {len(state.files):,} files, more than {MOST_FILES:,}"
        raise IndexCorruptError(message, path=path)
    known: dict[str, FileRecord] = {}
    for one in state.files:
        if object_name(one) is None:
            message = f"{path} gives {one.name} a checksum that is none"
            raise IndexCorruptError(message, path=path)
        if known.setdefault(one.name, one) != one:
            raise IndexCorruptError(f"{path} names {one.name} twice", path=path)
