"""Is an index sound? Every byte the one that was written, every part true to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import ColModernError, IndexNotFoundError, IndexStoreError
from colmodern.storage.directory import Directory, IndexLocation, as_directory
from colmodern.storage.format.keys import keys_checksum
from colmodern.storage.format.manifest import FileRecord, Manifest, SegmentRecord
from colmodern.storage.format.names import MANIFEST
from colmodern.storage.format.placement import shard_of
from colmodern.storage.format.postings import distinct_centroids, posting_lists
from colmodern.storage.format.schemas import documents_schema, sources_schema
from colmodern.storage.format.tables import damaged
from colmodern.storage.format.word_postings import count_words
from colmodern.storage.snapshot.files import check_file, map_table, read_codec, read_manifest
from colmodern.storage.snapshot.remains import read_manifest_or_none
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.snapshot.shard_set import (
    is_shard_set,
    newest_generation,
    read_shard_manifest,
    read_shard_set,
    shard_directory,
)
from colmodern.storage.snapshot.words import SegmentWords
from colmodern.text.words import ANALYSES

__all__ = ["Problem", "problems_of", "verify"]

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


def verify(path: IndexLocation) -> list[Problem]:
    """Return everything that is wrong with an index or a shard set; an empty list: it is sound.

    Every file is read whole (about a second a gigabyte) and compared with its checksum; then the
    columns are compared with each other. An index that is committed to meanwhile is looked at
    again from the start.

    Raises:
        IndexNotFoundError: There is no index, nor what is left of one.
        IndexStoreError: The system does not let a file be read now, which says nothing of it.
    """
    directory = as_directory(path)
    if is_shard_set(directory):
        return _verify_set(directory)
    for attempt in range(_ATTEMPTS):
        try:
            manifest = read_manifest(directory)
        except IndexNotFoundError as error:
            read_manifest_or_none(directory)  # what is none has no problems
            return [_problem(error, directory)]
        except IndexStoreError as error:
            return [_problem(error, directory)]
        problems = list(problems_of(directory, manifest))
        if not problems or attempt == _ATTEMPTS - 1 or not _was_replaced(directory, manifest):
            return problems
    raise AssertionError


def _verify_set(directory: Directory) -> list[Problem]:
    """Return everything that is wrong with a shard set."""
    for attempt in range(_ATTEMPTS):
        generation = newest_generation(directory)
        problems = list(_problems_of_set(directory))
        is_last = attempt == _ATTEMPTS - 1
        if not problems or is_last or newest_generation(directory) == generation:
            return problems
    raise AssertionError


def _problems_of_set(directory: Directory) -> Iterator[Problem]:
    try:
        whole = read_shard_set(directory)
    except IndexStoreError as error:
        yield _problem(error, directory)
        return
    if whole.sources is not None:
        yield from _caught(directory, partial(check_file, directory, whole.sources))
    for number, shard in enumerate(whole.shards):
        folder = shard_directory(directory, shard.name)
        try:
            manifest = read_shard_manifest(folder, shard, whole)
        except IndexStoreError as error:
            yield _problem(error, folder)
            continue
        found = list(problems_of(folder, manifest))
        yield from found
        if not found:
            check = partial(_check_placement, folder, manifest, number, len(whole.shards))
            yield from _caught(folder, check)


def _check_placement(directory: Directory, manifest: Manifest, number: int, n_shards: int) -> None:
    """Check that each document is in the shard that its id says: nobody would find it elsewhere."""
    for record in manifest.segments:
        segment = Segment(directory, record, manifest.codec)
        for position in segment.live_positions():
            identifier = segment.id_of(position)
            if shard_of(identifier, n_shards) != number:
                path = directory.path / record.documents.name
                raise damaged(path, f"it holds {identifier!r}, which belongs to another shard")


def _was_replaced(directory: Directory, manifest: Manifest) -> bool:
    try:
        return read_manifest(directory) != manifest
    except IndexStoreError:
        return True


def problems_of(directory: Directory, manifest: Manifest) -> Iterator[Problem]:
    """Yield everything that is wrong with the files that a manifest names."""
    damaged_files: set[str] = set()
    for record in manifest.files():
        for problem in _caught(directory, partial(check_file, directory, record)):
            damaged_files.add(record.name)
            yield problem
    if manifest.codec.file.name not in damaged_files:
        yield from _caught(directory, partial(_check_codec, directory, manifest))
    if manifest.sources is not None and manifest.sources.name not in damaged_files:
        yield from _caught(directory, partial(_check_sources, directory, manifest.sources))
    seen: set[str] = set()
    for segment in manifest.segments:
        # What is inside a file with another checksum says nothing more.
        if damaged_files.isdisjoint(file.name for file in segment.files()):
            yield from _caught(
                directory, partial(_check_segment, directory, segment, manifest, seen)
            )


def _caught(directory: Directory, check: Callable[[], None]) -> Iterator[Problem]:
    try:
        check()
    except ColModernError as error:
        yield _problem(error, directory)


def _problem(error: ColModernError, directory: Directory) -> Problem:
    if error.code == IndexStoreError.code:  # it is not damage: nobody may mend it
        raise error
    return Problem(error.path if isinstance(error, IndexStoreError) else directory.path, str(error))


def _check_codec(directory: Directory, manifest: Manifest) -> None:
    codec = read_codec(directory, manifest.codec)
    if codec.fingerprint != manifest.codec.fingerprint:
        file = map_table(directory, manifest.codec.file)
        raise file.corrupt("its codec has another fingerprint than the manifest says")


def _check_sources(directory: Directory, record: FileRecord) -> None:
    map_table(directory, record, schema=sources_schema()).rows()


def _check_segment(
    directory: Directory, record: SegmentRecord, manifest: Manifest, seen: set[str]
) -> None:
    segment = Segment(directory, record, manifest.codec)
    _check_documents(directory, segment, seen)
    _check_counts(directory, segment)
    _check_codes(directory, segment)
    _check_lists(directory, segment, manifest.codec.n_centroids)
    _check_words(directory, segment)
    _check_keys(directory, record)


def _check_keys(directory: Directory, record: SegmentRecord) -> None:
    documents = map_table(directory, record.documents, schema=documents_schema())
    if record.keys not in (None, keys_checksum(documents)):
        raise documents.corrupt("its keys have another checksum than the manifest says")


def _check_documents(directory: Directory, segment: Segment, seen: set[str]) -> None:
    file = segment.record.documents
    keys = []
    for i in range(segment.n_documents):
        document = segment.document(i)
        segment.spans(i)
        keys.append(document.id.encode("utf-8"))
        if not document.id:
            raise damaged(directory.path / file.name, f"document {i} has an empty id")
        if segment.live[i]:
            if document.id in seen:
                raise damaged(directory.path / file.name, f"the id {document.id!r} is there twice")
            seen.add(document.id)
    expected = sorted(range(len(keys)), key=keys.__getitem__)
    if segment.id_order.tolist() != expected:
        raise damaged(directory.path / file.name, "id_order is not the order of the ids")


def _check_counts(directory: Directory, segment: Segment) -> None:
    record = segment.record
    deleted = ~segment.live
    found = (int(deleted.sum()), int(np.diff(segment.token_offsets)[deleted].sum()))
    expected = (record.n_deleted_documents, record.n_deleted_tokens)
    if found != expected:
        raise damaged(
            directory.path / MANIFEST,
            f"{record.name} has {found} deleted documents and tokens, not {expected}",
        )


def _check_codes(directory: Directory, segment: Segment) -> None:
    codes = segment.codes
    if not np.isfinite(codes.gains).all() or not np.isfinite(codes.norms).all():
        raise damaged(directory.path / segment.record.tokens.name, "a gain or a norm is not finite")
    if not np.isfinite(segment.contexts.gains).all():
        raise damaged(directory.path / segment.record.contexts.name, "a gain is not finite")


def _check_lists(directory: Directory, segment: Segment, n_centroids: int) -> None:
    distinct = distinct_centroids(
        segment.codes.centroid_ids, segment.token_offsets, n_centroids=n_centroids
    )
    offsets, documents = posting_lists(*distinct, n_centroids=n_centroids)
    same = np.array_equal(offsets, segment.posting_offsets)
    if not same or not np.array_equal(documents, segment.posting_documents):
        raise damaged(
            directory.path / segment.record.postings.name, "it is not what the tokens give"
        )


def _check_words(directory: Directory, segment: Segment) -> None:
    """Compare the words of a segment with its texts, if this program can count them."""
    record = segment.record.words
    if record is None or record.analysis not in ANALYSES:
        return
    found = SegmentWords(directory, record, n_documents=segment.n_documents)
    expected = count_words(segment.searched_texts(), record.analysis)
    if not np.array_equal(found.lengths, expected.lengths):
        raise damaged(directory.path / record.lengths.name, "it is not what the texts give")
    there: tuple[NDArray[Any], ...] = (*found.word_arrays, *found.posting_lists)
    if not all(map(np.array_equal, there, expected[: len(there)])):
        raise damaged(directory.path / record.postings.name, "it is not what the texts give")
