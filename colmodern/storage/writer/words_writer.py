"""How does a segment get its words? Once, at the commit that first names it.

An index that an older program made gets them at its next commit.
"""

from __future__ import annotations

import dataclasses

import pyarrow as pa

from colmodern.storage.directory import Directory
from colmodern.storage.format.manifest import CodecRecord, SegmentRecord, WordsRecord
from colmodern.storage.format.names import lengths_name, words_name
from colmodern.storage.format.schemas import lengths_schema
from colmodern.storage.format.word_postings import count_words, has_words, word_columns
from colmodern.storage.snapshot.checks import FileChecks
from colmodern.storage.snapshot.segment import Segment
from colmodern.storage.writer.files import write_table
from colmodern.text.words import ANALYSIS

__all__ = ["with_words"]


def with_words(
    directory: Directory,
    record: SegmentRecord,
    codec: CodecRecord,
    *,
    generation: int,
    checks: FileChecks,
) -> SegmentRecord:
    """Return the record of a segment that has words, writing them if it has none.

    Raises:
        IndexCorruptError: A text of the segment is damaged.
        OSError: The disk is full or refuses; the caller says what that means.
    """
    if has_words(record):
        return record
    segment = Segment(directory, record, codec, checks=checks)
    counted = count_words(segment.searched_texts())
    schema, columns = word_columns(counted, n_documents=record.n_documents)
    words = WordsRecord(
        ANALYSIS,
        write_table(directory, words_name(record.name, generation), schema, columns),
        write_table(
            directory,
            lengths_name(record.name, generation),
            lengths_schema(),
            [pa.array(counted.lengths)],
        ),
    )
    return dataclasses.replace(record, words=words)
