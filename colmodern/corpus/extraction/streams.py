"""Row files as streams of lines: unpacked, decoded, and never whole in memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from colmodern.corpus.decoding import NotTextError, Told, find_encoding
from colmodern.corpus.extraction.bytes_of import opened
from colmodern.corpus.extraction.parsed import OnSkipped
from colmodern.corpus.extraction.spelled import encoding_note
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source

__all__ = ["PIECE", "open_text", "pass_over_line"]

# The encoding of a stream is told from its beginning; a stray byte further on becomes U+FFFD.
SAMPLE_BYTES = 1 << 20

# What is passed over is read in pieces of so many characters.
PIECE = 1 << 20


@contextmanager
def open_text(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[TextIO]:
    """Open a row file as text, unpacking it if its name ends in ``.gz``; newlines are kept.

    Raises:
        ExtractionError: If it cannot be read, is no text, or is not a whole gzip file; also while
            it is being read.
    """
    try:
        with opened(source) as file:
            given = options.encoding_of(source.key)
            found = find_encoding(file.read(SAMPLE_BYTES), given=given, is_sample=True)
            if found.told is Told.GUESS:
                report(Skipped(source.path, *encoding_note(found.name)))
            file.seek(0)
            with io.TextIOWrapper(file, found.name, errors="replace", newline="") as text:
                yield text
    except NotTextError as error:
        raise ExtractionError(source.path, SkipReason.BINARY, str(error)) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        detail = f"not a whole gzip file: {error}"
        raise ExtractionError(source.path, SkipReason.BROKEN, detail) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ExtractionError(source.path, SkipReason.UNREADABLE, reason) from error


def pass_over_line(file: TextIO) -> Iterator[str]:
    """Yield the rest of a line in pieces, for a line that is too long to be kept."""
    while piece := file.readline(PIECE):
        yield piece
        if piece.endswith(("\n", "\r")) or len(piece) < PIECE:
            return
