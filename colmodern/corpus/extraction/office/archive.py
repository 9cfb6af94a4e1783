"""A zip archive, and how much of it may be unpacked."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers.expat import ExpatError

from colmodern.corpus.extraction.office.elements import Handler, TooManyElementsError, read_elements
from colmodern.corpus.extraction.parsed import Note
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["Archive"]

# Old office files and encrypted new ones are containers of this kind, not zip files.
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Markup takes several bytes for each byte of text, and packs well; a bomb takes and packs far more.
_MARKUP = 4
_DENSEST = 200
_SMALL = 8 << 20
_NUMBER = re.compile(r"\d{1,9}")


class Archive:
    """An office file.

    Attributes:
        names: Of its parts, in their order.
        notes: What was wrong with parts that were read.
    """

    def __init__(self, data: bytes, source: Source, options: ScanOptions) -> None:
        """Open it.

        Raises:
            ExtractionError: If it is encrypted, or unpacks to more than the limits.
            zipfile.BadZipFile: If it is no archive.
        """
        if data.startswith(_OLE_MARK):
            detail = "it is encrypted, or of an old format; save it anew, without a password"
            raise ExtractionError(source.path, SkipReason.ENCRYPTED, detail)
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._source = source
        parts = [part for part in self._zip.infolist() if _is_text(part.filename)]
        n_bytes = sum(part.file_size for part in parts)
        n_packed = sum(part.compress_size for part in parts)
        is_dense = n_bytes > max(_SMALL, _DENSEST * n_packed)
        if n_bytes > _MARKUP * options.max_file_bytes or is_dense:
            detail = f"it unpacks to {n_bytes:,} bytes"
            raise ExtractionError(source.path, SkipReason.TOO_LARGE, detail)
        self.names = dict.fromkeys(part.filename for part in self._zip.infolist())
        self.notes: list[Note] = []

    def read(self, name: str, handler: Handler) -> bool:
        """Hand the elements of a part to a handler; what is wrong with it is noted.

        Returns:
            Whether the part was read to its end.

        Raises:
            ExtractionError: If it has far more elements than text.
        """
        try:
            with self._zip.open(name) as part:
                read_elements(part, handler)
        except TooManyElementsError as error:
            raise ExtractionError(self._source.path, SkipReason.TOO_LARGE, str(error)) from error
        except KeyError:
            self.note(name, "it is not there")
        except (ExpatError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            self.note(name, str(error))
        except RuntimeError as error:  # how zipfile says that a part is encrypted
            raise ExtractionError(self._source.path, SkipReason.ENCRYPTED, str(error)) from error
        else:
            return True
        return False

    def bytes_of(self, name: str) -> bytes:
        """Return a part as it is; empty, and noted, if it cannot be read."""
        try:
            return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            self.note(name, str(error))
        except RuntimeError as error:
            raise ExtractionError(self._source.path, SkipReason.ENCRYPTED, str(error)) from error
        return b""

    def check_read(self, text: str) -> None:
        """Refuse a file of whose parts nothing could be read.

        Raises:
            ExtractionError: If there is no text, and parts are broken.
        """
        if self.notes and not text.strip():
            detail = "; ".join(note.detail for note in self.notes[:3])
            raise ExtractionError(self._source.path, SkipReason.BROKEN, detail)

    def matching(self, regex: re.Pattern[str], folder: str = "") -> Iterator[str]:
        """Yield the names that match whole below a folder, in the order of their numbers."""
        start = f"{folder}/" if folder else ""
        below = [name for name in self.names if name.startswith(start)]
        found = [name for name in below if regex.fullmatch(name[len(start) :])]
        yield from sorted(found, key=_by_number)

    def beside(self, name: str, target: str) -> str:
        """Return the name of a part that another one names by a relative path."""
        if target.startswith("/"):
            return target.lstrip("/")
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))

    def note(self, name: str, what: str) -> None:
        """Note that a part was left out, and why."""
        self.notes.append(Note(SkipReason.PART, f"{name}: {what}"))


def _is_text(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx"))


def _by_number(name: str) -> tuple[str, int, str]:
    numbers = _NUMBER.findall(posixpath.basename(name))
    return posixpath.dirname(name), int(numbers[-1]) if numbers else 0, name
