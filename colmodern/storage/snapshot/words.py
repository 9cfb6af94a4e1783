"""Which documents of a segment have a word, how often, and how long are they?

As in ``segment``, a column is checked when it is first asked for, and only then handed out.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.storage.directory import Directory
from colmodern.storage.format.manifest import WordsRecord
from colmodern.storage.format.schemas import DocumentIds, lengths_schema, words_schema
from colmodern.storage.format.tables import StringColumn
from colmodern.storage.snapshot.checks import FileChecks, guarded
from colmodern.storage.snapshot.files import map_table
from colmodern.types import IntVector

__all__ = ["SegmentWords"]


class SegmentWords:
    """The words of one segment, deleted documents included."""

    def __init__(
        self,
        directory: Directory,
        record: WordsRecord,
        *,
        n_documents: int,
        checks: FileChecks | None = None,
    ) -> None:
        """Map the files of the words; ``checks`` is that of ``Segment``.

        Raises:
            IndexCorruptError: A file is missing, or has another size or layout than it should.
        """
        self.analysis = record.analysis
        self._n_documents = n_documents
        postings = map_table(
            directory, record.postings, schema=words_schema(n_documents=n_documents)
        )
        lengths = map_table(directory, record.lengths, schema=lengths_schema(), n_rows=n_documents)
        self._postings = guarded(postings, record.postings, checks)
        self._lengths = guarded(lengths, record.lengths, checks)

    @cached_property
    def words(self) -> StringColumn:
        """The distinct words, ascending by their UTF-8 bytes."""
        return self._postings.strings("word")

    @cached_property
    def lengths(self) -> NDArray[np.uint32]:
        """How many words each document has: shape (n_documents,), uint32."""
        return self._lengths.vector("words")

    @cached_property
    def posting_lists(self) -> tuple[IntVector, DocumentIds, NDArray[np.uint16]]:
        """Offsets, shape (n_words + 1,), int64; documents and counts, one for each posting."""
        offsets, (documents, counts) = self._postings.ragged("postings")
        if len(documents) and int(documents.max()) >= self._n_documents:
            raise self._postings.corrupt(
                f"a posting names document {documents.max()} of {self._n_documents}"
            )
        return offsets, documents, counts

    def postings(self, word: str) -> tuple[DocumentIds, NDArray[np.uint16]]:
        """Return the documents that have a word, ascending, and how often; O(log n_words)."""
        offsets, documents, counts = self.posting_lists
        row = self._row(word.encode("utf-8", "surrogatepass"))
        part: slice[Any, Any, Any] = (
            slice(0) if row is None else slice(offsets[row], offsets[row + 1])
        )
        return documents[part], counts[part]

    def _row(self, wanted: bytes) -> int | None:
        low, high = 0, len(self.words)
        while low < high:  # the first place whose word is not smaller
            middle = (low + high) // 2
            if self.words.bytes_at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        is_there = low < len(self.words) and self.words.bytes_at(low) == wanted
        return low if is_there else None
