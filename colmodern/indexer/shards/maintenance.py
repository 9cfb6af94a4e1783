"""What can be done to a shard set without an encoder? What can be to each shard, in one commit."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from colmodern.indexer.kept_config import config_of
from colmodern.indexer.report import IndexReport
from colmodern.storage import IndexWriter, LocalDirectory, LockedShardSet, ShardSet, shard_of
from colmodern.storage.format.ids import forms_of_id
from colmodern.storage.snapshot.shard_set import read_shard_set

__all__ = ["compact_shards", "delete_and_commit", "delete_from_shards"]


def compact_shards(path: Path) -> IndexReport:
    """Merge small segments of every shard and drop what was deleted, in one commit of the set.

    Raises:
        IndexLockedError: Another process is writing there.
        IndexCorruptError: A file is damaged, or shards do not belong together.
    """
    started = time.perf_counter()

    def work(_: int, writer: IndexWriter) -> None:
        writer.compact(max_tokens=config_of(writer.manifest.config).segment_tokens)

    record = _changed(path, None, work)
    return IndexReport(
        unchanged=record.n_documents,
        documents=record.n_documents,
        tokens=record.n_tokens,
        seconds=time.perf_counter() - started,
    )


def delete_from_shards(path: Path, ids: Sequence[str]) -> tuple[list[str], IndexReport]:
    """Delete documents by id; return the ids that no live document had, in their order, too."""
    started = time.perf_counter()
    n_shards = len(read_shard_set(LocalDirectory(path)).shards)
    by_shard: dict[int, list[str]] = {}
    for identifier in ids:
        by_shard.setdefault(shard_of(identifier, n_shards), []).append(identifier)
    missing: set[str] = set()

    def work(number: int, writer: IndexWriter) -> None:
        missing.update(delete_and_commit(writer, by_shard[number]))

    record = _changed(path, sorted(by_shard), work)
    report = IndexReport(
        deleted=len(ids) - len(missing),
        documents=record.n_documents,
        tokens=record.n_tokens,
        seconds=time.perf_counter() - started,
    )
    return [one for one in ids if one in missing], report


def delete_and_commit(writer: IndexWriter, ids: Iterable[str]) -> list[str]:
    """Delete documents of one index; return the ids that no live document had."""
    wanted = list(ids)
    missing = [
        identifier
        for identifier in wanted
        if not any(writer.delete([form]) for form in forms_of_id(identifier))
    ]
    if len(missing) < len(wanted):
        config = config_of(writer.manifest.config)
        if config.merge:
            writer.merge_neighbours(max_tokens=config.segment_tokens)
        writer.commit()
    return missing


def _changed(
    path: Path, numbers: Sequence[int] | None, work: Callable[[int, IndexWriter], None]
) -> ShardSet:
    """Return the set after a change of some shards; None: of all."""
    locked = LockedShardSet(LocalDirectory(path))
    try:
        before = read_shard_set(locked.directory) if locked.record is None else locked.record
        folders = {}
        for number in range(len(before.shards)) if numbers is None else numbers:
            folder = locked.new_shard(number)
            with IndexWriter.open(folder) as writer:
                generation = writer.manifest.generation
                work(number, writer)
                is_changed = writer.manifest.generation != generation
            if is_changed:
                folders[number] = folder
            else:
                shutil.rmtree(folder)
        if not folders:
            return before
        return locked.publish(
            folders, n_shards=len(before.shards), config=before.config, sources=before.sources
        )
    finally:
        locked.release()
