"""All bytes of a file that is read whole: unpacked, and never more than the limit."""

from __future__ import annotations

import gzip
import zlib
from typing import BinaryIO, cast

from colmodern.corpus.decoding import NotTextError
from colmodern.corpus.proof import check_text, is_gzip_name
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["file_bytes", "opened"]


def opened(source: Source) -> BinaryIO:
    """Open a file for its bytes; what is called ``.gz`` is unpacked."""
    if is_gzip_name(source.path):
        return cast("BinaryIO", gzip.open(source.path, "rb"))
    return source.path.open("rb")


def file_bytes(source: Source, limit: int) -> bytes:
    """Return the bytes of a file; one that only its first bytes prove to be text is all text.

    Raises:
        ExtractionError: It cannot be read, is larger than the limit, or is no text after all.
    """
    try:
        with opened(source) as file:
            data = file.read(limit + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        detail = f"not a whole gzip file: {error}"
        raise ExtractionError(source.path, SkipReason.BROKEN, detail) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ExtractionError(source.path, SkipReason.UNREADABLE, reason) from error
    if len(data) > limit:
        how = "unpacked it has" if is_gzip_name(source.path) else "it has grown to"
        detail = f"{how} more than {limit:,} bytes"
        raise ExtractionError(source.path, SkipReason.TOO_LARGE, detail)
    if source.is_proven and source.format.name == "text":
        try:
            check_text(data, is_whole=True)
        except NotTextError as error:
            raise ExtractionError(source.path, SkipReason.BINARY, str(error)) from error
    return data
