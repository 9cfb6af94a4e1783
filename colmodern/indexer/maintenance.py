"""What can be done to an index without an encoder? Merging segments, deleting documents."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from colmodern.indexer.kept_config import config_of
from colmodern.indexer.report import IndexReport
from colmodern.indexer.shards.maintenance import (
    compact_shards,
    delete_and_commit,
    delete_from_shards,
)
from colmodern.storage import IndexWriter, is_shard_set

__all__ = ["compact", "delete", "delete_documents"]


def compact(path: str | Path) -> IndexReport:
    """Merge small segments and drop what was deleted, of each shard of a set by itself.

    Raises:
        IndexNotFoundError: There is no index.
    """
    if is_shard_set(path):
        return compact_shards(Path(path))
    started = time.perf_counter()
    with IndexWriter.open(Path(path)) as writer:
        config = config_of(writer.manifest.config)
        manifest = writer.compact(max_tokens=config.segment_tokens)
    seconds = time.perf_counter() - started
    n_documents = manifest.n_documents
    return IndexReport(
        unchanged=n_documents, documents=n_documents, tokens=manifest.n_tokens, seconds=seconds
    )


def delete(path: str | Path, ids: Sequence[str]) -> list[str]:
    """Delete documents of an index by id; no encoder is needed.

    Returns:
        The ids that no live document had, in the order they came in.

    Raises:
        IndexNotFoundError: There is no index.
        TypeError: ``ids`` is one string, or an id is none.
    """
    missing, _ = delete_documents(path, ids)
    return missing


def delete_documents(path: str | Path, ids: Iterable[str]) -> tuple[list[str], IndexReport]:
    """Delete documents as ``delete``; return the ids that no live document had, and a report."""
    started = time.perf_counter()
    wanted = _distinct(ids)
    if is_shard_set(path):
        return delete_from_shards(Path(path), wanted)
    with IndexWriter.open(Path(path)) as writer:
        missing = delete_and_commit(writer, wanted)
        n_deleted = len(wanted) - len(missing)
        manifest = writer.manifest
    report = IndexReport(
        deleted=n_deleted,
        documents=manifest.n_documents,
        tokens=manifest.n_tokens,
        seconds=time.perf_counter() - started,
    )
    return missing, report


def _distinct(ids: Iterable[object]) -> list[str]:
    if isinstance(ids, str):
        raise TypeError(f"ids must be a list of strings, not the string {ids!r}")
    found = []
    for identifier in dict.fromkeys(ids):
        if not isinstance(identifier, str):
            kind = type(identifier).__name__
            raise TypeError(f"an id must be a string, not {identifier!r:.40} ({kind})")
        found.append(identifier)
    return found
