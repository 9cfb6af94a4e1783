"""Which documents of a segment have a word, how often, and how long are they?

As in ``segment``, a column is checked when it is first asked for, and only then handed out.
"""

from __future__ import annotations

from functools import cached_property

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
        self.n_documents = n_documents
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
        if len(documents) and int(documents.max()) >= self.n_documents:
            raise self._postings.corrupt(
                f"a posting names document {documents.max()} of {self.n_documents}"
            )
        return offsets, documents, counts

    @cached_property
    def word_arrays(self) -> tuple[IntVector, NDArray[np.uint8]]:
        """Where the bytes of each word begin, shape (n_words + 1,), int64, and those bytes, uint8.

        Raises:
            IndexCorruptError: The offsets leave the file.
        """
        offsets = self.words.offsets
        data = np.frombuffer(self.words.data, np.uint8)
        if offsets[0] < 0 or offsets[-1] != len(data) or np.any(offsets[1:] < offsets[:-1]):
            raise self._postings.corrupt("the offsets of its words are out of range")
        return offsets, data
