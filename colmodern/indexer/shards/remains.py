"""What is left of a shard set whose file is damaged? Its shards, and what they have in common."""

from __future__ import annotations

from pathlib import Path

from colmodern.errors import IndexCorruptError, IndexStoreError
from colmodern.storage import FileRecord, Manifest, ShardRecord, ShardSet, shard_of
from colmodern.storage.directory.base import Directory
from colmodern.storage.format.names import MANIFEST, file_generation, shard_place
from colmodern.storage.format.shard_set import SetCodec, manifest_checksum
from colmodern.storage.snapshot.files import read_manifest
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.snapshot.shard_set import (
    newest_generation,
    read_shard_set,
    shard_directory,
)

__all__ = ["found_set"]


def found_set(directory: Directory) -> ShardSet:
    """Return a shard set as its file has it or, where that is damaged, as its shards show it.

    Raises:
        IndexNotFoundError: There is none.
        IndexCorruptError: Too little is left to tell.
    """
    try:
        return read_shard_set(directory)
    except IndexCorruptError:
        generation = newest_generation(directory)
        found = _shards(directory, generation)
        known = {name: manifest for name, manifest in found if manifest is not None}
        if not known or not _are_all(directory, found):
            raise
    first = next(iter(known.values()))
    codec = first.codec
    return ShardSet(
        generation=generation,
        created_by=first.created_by,
        updated_by=first.updated_by,
        config=first.config,
        encoder=first.encoder,
        codec=SetCodec(codec.dim, codec.bits, codec.n_centroids, codec.fingerprint),
        shards=tuple(_record(directory, name, manifest) for name, manifest in found),
        sources=_sources(directory, generation),
    )


def _shards(directory: Directory, generation: int) -> list[tuple[str, Manifest | None]]:
    """Return the newest folder of each shard that the set may have named, with its manifest."""
    newest: dict[int, tuple[int, str]] = {}
    for name in directory.entries():
        number, since = shard_place(name) or (0, 0)
        if number and since <= generation:
            newest[number] = max(newest.get(number, (0, "")), (since, name))
    found: list[tuple[str, Manifest | None]] = []
    for number in range(1, max(newest, default=0) + 1):
        name = newest.get(number, (0, f"shard-{number:06d}-g000001"))[1]
        try:
            found.append((name, read_manifest(shard_directory(directory, name))))
        except IndexStoreError:
            found.append((name, None))
    return found


def _are_all(directory: Directory, found: list[tuple[str, Manifest | None]]) -> bool:
    """Return whether documents are where they are in a set of just so many shards."""
    for number, (name, manifest) in enumerate(found):
        if manifest is None:
            continue
        for record in manifest.segments:
            segment = Segment(shard_directory(directory, name), record, manifest.codec)
            if any(shard_of(one, len(found)) != number for one in segment.ids):
                return False
    return True


def _record(directory: Directory, name: str, manifest: Manifest | None) -> ShardRecord:
    if manifest is None:
        return ShardRecord(name, 0, 0, 0, FileRecord(f"{name}/{MANIFEST}", 0, ""))
    return ShardRecord.of(name, manifest, (directory.path / name / MANIFEST).read_bytes())


def _sources(directory: Directory, generation: int) -> FileRecord | None:
    names = [n for n in directory.entries() if n.startswith("sources-g")]
    names = [n for n in names if file_generation(n) <= generation]
    if not names:
        return None
    data = Path(directory.path / max(names, key=file_generation)).read_bytes()
    return FileRecord(max(names, key=file_generation), len(data), manifest_checksum(data))
