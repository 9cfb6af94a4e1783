"""What of a damaged index can be used? Each segment is taken, copied, encoded again or lost.

A segment whose files are sound stays. Words and postings follow from the rest. Where only codes are
damaged the texts are there to be encoded again; where the documents are damaged, those are that can
be proven one by one. Which proof there is the caller knows: storage does not look into hashes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from colmodern.errors import IndexCorruptError
from colmodern.storage.directory import Directory
from colmodern.storage.format.documents import StoredDocument
from colmodern.storage.format.manifest import CodecRecord, SegmentRecord
from colmodern.storage.snapshot.segment import Segment

__all__ = ["Salvage", "Sieve"]


@dataclass(frozen=True, slots=True)
class Sieve:
    """What is known beside the files of a segment.

    Attributes:
        is_proven: Says whether a document is the one that was written, by its content hash.
        is_encodable: Says whether its text alone can make its vectors.
        is_deleted: Says whether a document was deleted, where nothing else tells.
    """

    is_proven: Callable[[StoredDocument], bool]
    is_encodable: Callable[[StoredDocument], bool]
    is_deleted: Callable[[StoredDocument], bool]


@dataclass(slots=True)
class Salvage:
    """What is found, segment after segment.

    Attributes:
        kept: Segments that stay, perhaps without words, which the next commit counts again.
        copied: Segments of which documents are written again with their codes.
        encoded: Segments of which documents must be encoded again.
        lost: Ids of live documents that can be neither.
        n_lost: How many more documents are lost, whose ids are lost, too.
        n_dead: How many documents beside those were deleted, whose ids are lost as well.
        unsure: Ids of documents of which some were deleted, nobody knows which.
    """

    kept: list[SegmentRecord] = field(default_factory=list)
    copied: list[tuple[Segment, list[int]]] = field(default_factory=list)
    encoded: list[tuple[Segment, list[int]]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    n_lost: int = 0
    n_dead: int = 0
    unsure: list[str] = field(default_factory=list)

    def take(
        self,
        directory: Directory,
        record: SegmentRecord,
        codec: CodecRecord,
        damaged: Collection[str],
        sieve: Sieve,
    ) -> None:
        """Decide about one segment.

        Args:
            directory: Where the index lives.
            record: The segment.
            codec: The codec of the index.
            damaged: Names of the files that are damaged; that of the codec counts for the tokens.
            sieve: What else is known.
        """
        parts = {part: not names.isdisjoint(damaged) for part, names in _files(record).items()}
        is_lost_code = parts["tokens"] or parts["contexts"] or codec.file.name in damaged
        if parts["words"]:
            record = dataclasses.replace(record, words=None)
        if not any((parts["documents"], is_lost_code, parts["postings"], parts["tombstones"])):
            self.kept.append(record)
            return
        if parts["tombstones"]:
            unknown = record.n_deleted_documents
            record = dataclasses.replace(
                record, tombstones=None, n_deleted_documents=0, n_deleted_tokens=0
            )
        else:
            unknown = 0
        codes = () if is_lost_code else ("tokens", "contexts")
        try:
            segment = Segment(directory, record, codec, parts=("documents", *codes))
            has_keys = not parts["documents"] or segment.has_sound_keys()
            live = list(segment.live_positions()) if has_keys else []
        except IndexCorruptError:
            has_keys, live = False, []
        if not has_keys:
            n_deleted = record.n_deleted_documents + unknown
            self.n_lost += record.n_documents - n_deleted
            self.n_dead += n_deleted
            return
        if unknown:
            live = self.without_deleted(segment, live, unknown, sieve)
        if is_lost_code or parts["documents"]:
            self.add_texts(segment, live, sieve, is_proven=not parts["documents"])
        else:
            self.copied.append((segment, live))

    def without_deleted(
        self, segment: Segment, positions: list[int], n_deleted: int | None, sieve: Sieve
    ) -> list[int]:
        """Return the documents of a segment without tombstones that are not known to be deleted.

        Args:
            segment: The segment.
            positions: The documents that were not deleted, as far as its files tell.
            n_deleted: How many of them were; None: nobody knows.
            sieve: What else is known.
        """
        left = [
            position
            for position in positions
            if (document := _document(segment, position)) is None or not sieve.is_deleted(document)
        ]
        if len(positions) - len(left) != n_deleted:
            self.unsure += [segment.id_of(position) for position in left]
        return left

    def add_texts(
        self, segment: Segment, positions: list[int], sieve: Sieve, *, is_proven: bool
    ) -> None:
        """Count documents as those to encode again, as far as their texts are sound."""
        found = []
        for position in positions:
            document = _document(segment, position)
            if (
                document is not None
                and sieve.is_encodable(document)
                and (is_proven or sieve.is_proven(document))
            ):
                found.append(position)
            else:
                self.lost.append(segment.id_of(position))
        self.encoded.append((segment, found))

    def texts(self) -> Iterator[StoredDocument]:
        """Yield the documents that must be encoded again."""
        for segment, positions in self.encoded:
            for position in positions:
                yield segment.document(position)

    def hashes(self, kept: Mapping[str, str]) -> dict[str, str]:
        """Return the content hash of each document that is there, with those of ``kept``."""
        found = dict(kept)
        for segment, positions in (*self.copied, *self.encoded):
            found.update((segment.id_of(i), segment.content_hashes[i]) for i in positions)
        return found


def _document(segment: Segment, position: int) -> StoredDocument | None:
    try:
        return segment.document(position)
    except IndexCorruptError:
        return None


def _files(record: SegmentRecord) -> dict[str, set[str]]:
    """Return the names of the files of each part of a segment."""
    words = record.words
    return {
        "documents": {record.documents.name},
        "tokens": {record.tokens.name},
        "contexts": {record.contexts.name},
        "postings": {record.postings.name},
        "words": set() if words is None else {words.postings.name, words.lengths.name},
        "tombstones": set() if record.tombstones is None else {record.tombstones.name},
    }
