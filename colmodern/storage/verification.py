"""Whether an index is sound: every byte the one that was written, every part true to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from colmodern.errors import ColModernError, IndexStoreError
from colmodern.storage.codec_file import read_codec
from colmodern.storage.layout import MANIFEST, sources_schema
from colmodern.storage.manifest import FileRecord, Manifest, SegmentRecord
from colmodern.storage.manifest_file import read_manifest
from colmodern.storage.postings import distinct_centroids, posting_lists
from colmodern.storage.segment import Segment
from colmodern.storage.tables import MappedTable, check_file, damaged

__all__ = ["Problem", "verify"]

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an index.

    Attributes:
        path: The file it is wrong with.
        message: A sentence that says what is wrong.
    """

    path: Path
    message: str

    def __str__(self) -> str:
        """Return the sentence, which names the file."""
        return self.message


def verify(path: Path | str) -> list[Problem]:
    """Return everything that is wrong with an index; an empty list says that it is sound.

    Every file is read whole (about a second a gigabyte) and compared with its checksum; then the
    columns are compared with each other. A folder without an index is one problem. An index that
    is committed to meanwhile is looked at again from the start.
    """
    path = Path(path)
    for attempt in range(_ATTEMPTS):
        try:
            manifest = read_manifest(path)
        except IndexStoreError as error:
            return [_problem(error, path)]
        problems = list(_check_index(path, manifest))
        if not problems or attempt == _ATTEMPTS - 1 or not _was_replaced(path, manifest):
            return problems
    raise AssertionError


def _was_replaced(path: Path, manifest: Manifest) -> bool:
    try:
        return read_manifest(path) != manifest
    except IndexStoreError:
        return True


def _check_index(path: Path, manifest: Manifest) -> Iterator[Problem]:
    damaged: set[str] = set()
    for record in manifest.files():
        for problem in _caught(path, partial(check_file, path, record)):
            damaged.add(record.name)
            yield problem
    if manifest.codec.file.name not in damaged:
        yield from _caught(path, partial(_check_codec, path, manifest))
    if manifest.sources is not None and manifest.sources.name not in damaged:
        yield from _caught(path, partial(_check_sources, path, manifest.sources))
    seen: set[str] = set()
    for segment in manifest.segments:
        # What is inside a file with another checksum says nothing more.
        if damaged.isdisjoint(file.name for file in segment.files()):
            yield from _caught(path, partial(_check_segment, path, segment, manifest, seen))


def _caught(path: Path, check: Callable[[], None]) -> Iterator[Problem]:
    try:
        check()
    except ColModernError as error:
        yield _problem(error, path)


def _problem(error: ColModernError, path: Path) -> Problem:
    return Problem(error.path if isinstance(error, IndexStoreError) else path, str(error))


def _check_codec(path: Path, manifest: Manifest) -> None:
    codec = read_codec(path, manifest.codec)
    if codec.fingerprint != manifest.codec.fingerprint:
        file = MappedTable(path, manifest.codec.file)
        raise file.corrupt("its codec has another fingerprint than the manifest says")


def _check_sources(path: Path, record: FileRecord) -> None:
    MappedTable(path, record, schema=sources_schema()).rows()


def _check_segment(path: Path, record: SegmentRecord, manifest: Manifest, seen: set[str]) -> None:
    segment = Segment(path, record, manifest.codec)
    _check_documents(path, segment, seen)
    _check_counts(path, segment)
    _check_codes(path, segment)
    _check_lists(path, segment, manifest.codec.n_centroids)


def _check_documents(path: Path, segment: Segment, seen: set[str]) -> None:
    file = segment.record.documents
    keys = []
    for i in range(segment.n_documents):
        document = segment.document(i)
        segment.spans(i)
        keys.append(document.id.encode("utf-8"))
        if not document.id:
            raise damaged(path / file.name, f"document {i} has an empty id")
        if segment.alive[i]:
            if document.id in seen:
                raise damaged(path / file.name, f"the id {document.id!r} is there twice")
            seen.add(document.id)
    expected = sorted(range(len(keys)), key=keys.__getitem__)
    if segment.id_order.tolist() != expected:
        raise damaged(path / file.name, "id_order is not the order of the ids")


def _check_counts(path: Path, segment: Segment) -> None:
    record = segment.record
    dead = ~segment.alive
    found = (int(dead.sum()), int(np.diff(segment.token_offsets)[dead].sum()))
    expected = (record.n_deleted_documents, record.n_deleted_tokens)
    if found != expected:
        raise damaged(
            path / MANIFEST,
            f"{record.name} has {found} deleted documents and tokens, not {expected}",
        )


def _check_codes(path: Path, segment: Segment) -> None:
    codes = segment.codes
    if not np.isfinite(codes.gains).all() or not np.isfinite(codes.norms).all():
        raise damaged(path / segment.record.tokens.name, "a gain or a norm is not finite")
    if not np.isfinite(segment.contexts.gains).all():
        raise damaged(path / segment.record.contexts.name, "a gain is not finite")


def _check_lists(path: Path, segment: Segment, n_centroids: int) -> None:
    distinct = distinct_centroids(
        segment.codes.centroid_ids, segment.token_offsets, n_centroids=n_centroids
    )
    offsets, documents = posting_lists(*distinct, n_centroids=n_centroids)
    same = np.array_equal(offsets, segment.posting_offsets)
    if not same or not np.array_equal(documents, segment.posting_documents):
        raise damaged(path / segment.record.postings.name, "it is not what the tokens give")
