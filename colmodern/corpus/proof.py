"""Do the first bytes of a file prove that it is text, whatever its name?

Asked of files whose name promises nothing: without a suffix, or with one that no format has. A look
costs one read of a few KiB; nothing is unpacked beyond that.
"""

from __future__ import annotations

import codecs
import re
import zlib
from pathlib import Path

from colmodern.corpus.decoding import MARKS, SNIFF_BYTES, NotTextError, utf16_without_mark

__all__ = ["check_text", "first_bytes", "is_gzip_name", "promised_by"]

_GZIP = b"\x1f\x8b"

# Bytes that no text has, apart from those that terminals and printers were told: BEL, BS, FF, ESC.
_CONTROLS = bytes(sorted({*range(32), 127} - {7, 8, 9, 10, 12, 13, 27}))
_NO_CONTROLS = bytes(range(256)).translate(None, _CONTROLS)

# In UTF-8 a control character here or there is a slip; in bytes of no known encoding it is a proof.
MOST_CONTROLS = 1 / 500

_MAGIC = (
    (b"%PDF-", "pdf"),
    (b"<!doctype html", "html"),
    (b"<html", "html"),
)


# Manual pages are called after their section (`ls.1`, `x.3pm`), and so is much else: old logs,
# versions of libraries. They begin with a comment of roff, or have a line that names them.
_ROFF_START = re.compile(rb"""[.']\\"|\.so man""")
_MANUAL_PAGE = re.compile(rb"^\.(?:TH|Dd)[ \t]", re.MULTILINE)


def is_gzip_name(path: Path) -> bool:
    """Say whether a name says that the file is packed by gzip."""
    return path.suffix.lower() == ".gz"


def first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked if its name ends in ``.gz``.

    Raises:
        OSError: It cannot be read.
        NotTextError: It is called ``.gz`` and is no gzip file.
    """
    with path.open("rb", buffering=0) as file:
        data = file.read(SNIFF_BYTES)
    if not is_gzip_name(path):
        return data
    if not data.startswith(_GZIP):
        raise NotTextError("no gzip file, in spite of its name")
    try:
        return zlib.decompressobj(31).decompress(data, SNIFF_BYTES)
    except zlib.error as error:
        raise NotTextError(f"not a sound gzip file: {error}") from error


def promised_by(head: bytes) -> str:
    """Return the name of the format that the first bytes of a file promise.

    Raises:
        NotTextError: They are no text.
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:32].lower()
    for magic, name in _MAGIC:
        if start.startswith(magic.lower()):
            return name
    check_text(head, is_whole=len(head) < SNIFF_BYTES)
    is_page = _ROFF_START.match(head) is not None or _MANUAL_PAGE.search(head) is not None
    return "man" if is_page else "text"


def check_text(data: bytes, *, is_whole: bool) -> None:
    """Refuse bytes that are no text; in UTF-32 they need a byte order mark.

    Args:
        data: All bytes, or the first of them.
        is_whole: Whether they are all.

    Raises:
        NotTextError: They are none; the message says why.
    """
    for mark, name in MARKS:
        if data.startswith(mark) and not name.startswith("utf-8"):
            _check_letters(data, name, is_whole=is_whole)
            return
    if utf16_without_mark(data) is not None:
        return
    if b"\0" in data:
        raise NotTextError("NUL bytes in it")
    n_controls = len(data.translate(None, delete=_NO_CONTROLS)) - data.endswith(b"\x1a")
    most = len(data) * MOST_CONTROLS if _is_utf8(data, is_whole=is_whole) else 0
    if n_controls > most:
        raise NotTextError("control characters in it")


def _check_letters(data: bytes, name: str, *, is_whole: bool) -> None:
    try:
        text = codecs.getincrementaldecoder(name)().decode(data, final=is_whole)
    except UnicodeDecodeError as error:
        raise NotTextError(f"not {name}, in spite of its byte order mark") from error
    if "\0" in text:
        raise NotTextError("NUL characters in it")


def _is_utf8(data: bytes, *, is_whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=is_whole)
    except UnicodeDecodeError:
        return False
    return True
