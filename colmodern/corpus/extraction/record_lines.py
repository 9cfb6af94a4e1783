"""The lines of a CSV or TSV file for the csv module, of which none is read beyond the limit.

A record may take several lines, where quotation marks enclose a line break. One that is too large
in its first line is passed over and reported; one that grows too large later ends the file, since
half of it has been read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from colmodern.corpus.extraction.parsed import OnSkipped
from colmodern.corpus.extraction.streams import pass_over_line
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source

__all__ = ["RecordLines"]

_QUOTE = '"'


class RecordLines:
    """An iterator over lines that knows where records begin, and counts the rows.

    Attributes:
        is_cut: Whether the line read last has no line break: the file ends with it.
    """

    def __init__(
        self,
        file: TextIO,
        source: Source,
        options: ScanOptions,
        report: OnSkipped,
        *,
        has_quotes: bool,
    ) -> None:
        """Read ``file``; ``has_quotes`` says whether a record may go on behind a line break."""
        self.source = source
        self.options = options
        self.is_cut = False
        self._file = file
        self._report = report
        self._has_quotes = has_quotes
        self._size = 0
        self._row: int | None = None

    def __iter__(self) -> Iterator[str]:
        """Return the iterator itself."""
        return self

    def __next__(self) -> str:
        """Return the next line of a record that is not too large.

        Raises:
            ExtractionError: A record of several lines, or the header, is larger than the limit.
        """
        limit = self.options.max_file_bytes
        while line := self._file.readline(limit + 1 - self._size):
            if self._size + len(line) <= limit:
                self._size += len(line)
                self.is_cut = not line.endswith(("\n", "\r"))
                return line
            if self._size or self._row is None:
                place = "the header" if self._row is None else f"row {self._row + 1}"
                detail = f"{place} has more than {limit:,} characters"
                raise ExtractionError(self.source.path, SkipReason.TOO_LARGE, detail)
            is_whole, n_quotes = line.endswith(("\n", "\r")), line.count(_QUOTE)
            line = ""
            self._pass_over(n_quotes, is_whole=is_whole)
        raise StopIteration

    def start_rows(self) -> None:
        """Say that the header was read."""
        self._row = self._size = 0

    def end_record(self) -> None:
        """Say that a record was read that is no row."""
        self._size = 0

    def next_row(self) -> int:
        """Say that a row was read; return its number from 1."""
        self.end_record()
        self._row = (self._row or 0) + 1
        return self._row

    def _pass_over(self, n_quotes: int, *, is_whole: bool) -> None:
        while not is_whole or (self._has_quotes and n_quotes % 2):
            is_whole, is_at_end = True, True
            for piece in pass_over_line(self._file):
                n_quotes += piece.count(_QUOTE)
                is_at_end = False
            if is_at_end:
                break
        detail = f"a row of more than {self.options.max_file_bytes:,} characters"
        self._report(Skipped(self.source.path, SkipReason.TOO_LARGE, detail, self.next_row()))
