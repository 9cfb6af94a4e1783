"""Which files gave the documents that an index has lost, and what do they say now?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from colmodern.corpus import Changes, is_gone, scan
from colmodern.indexer.report import IndexReport
from colmodern.indexer.scans import scans_of, without_index
from colmodern.indexer.sources.files import UNTRUSTED, FileChanges, FileReader
from colmodern.storage import SourceRecord, StoredDocument
from colmodern.types import Progress

__all__ = ["read_again", "sources_of"]


def read_again(
    index: Path,
    config: Mapping[str, Any],
    sources: Sequence[SourceRecord],
    known: Mapping[str, str],
    wanted: AbstractSet[str],
    take: Callable[[StoredDocument], None],
    progress: Progress | None = None,
) -> FileChanges:
    """Read the files of lost documents again, and no others.

    Args:
        index: The folder of the index.
        config: The options of its manifest, which say how files were read.
        sources: What it remembers of its files.
        known: The content hash of each document that is not lost, by id.
        wanted: Ids of lost documents.
        take: Gets every document that must be encoded.
        progress: Told how many files are read.
    """
    listed = {identifier for record in sources for identifier in record.document_ids}
    left = {record.path for record in sources if not wanted.isdisjoint(record.document_ids)}
    changes = FileChanges(sources=list(sources))

    def take_wanted(document: StoredDocument) -> None:
        # What a file gave and somebody deleted by its id stays deleted.
        if document.id in wanted or document.id in known or document.id not in listed:
            take(document)

    for name, options in scans_of(config, sources).items():
        root = Path(name)
        if not left or is_gone(root):
            continue
        options = without_index(options, index, [root])  # noqa: PLW2901
        found = tuple(s for s in scan([root], options).sources if s.location in left)
        left -= {source.location for source in found}
        reader = FileReader(known, changes.sources or (), options, take_wanted, IndexReport())
        read = reader.read(Changes(changed=found), progress)
        changes.sources = read.sources
        changes.deleted |= read.deleted
    return changes


def sources_of(
    documents: Iterable[tuple[str, str | None]], config: Mapping[str, Any]
) -> list[SourceRecord]:
    """Return the sources that documents name, each to be read again by the next sync.

    Args:
        documents: The id and the source of each document, in the order of the index.
        config: The options of the manifest, which know the roots.
    """
    roots = [Path(name) for name in scans_of(config, [])]
    ids: dict[str, list[str]] = {}
    for identifier, source in documents:
        if source is not None:
            ids.setdefault(source, []).append(identifier)
    return [
        SourceRecord(path, _root_of(Path(path), roots), 0, UNTRUSTED, "", "", found)
        for path, found in ids.items()
    ]


def _root_of(path: Path, roots: Iterable[Path]) -> str:
    above = [str(root) for root in roots if path.is_relative_to(root) and path != root]
    return max(above, key=len, default=str(path.parent))
