"""What text do these bytes spell?

UTF-8 is tried first; only bytes that are not UTF-8 cost a guess. Whatever comes back can be
encoded as UTF-8: it holds no lone surrogates.
"""

from __future__ import annotations

import codecs
import re

__all__ = ["NotTextError", "decode", "guess_encoding", "without_surrogates"]

SNIFF_BYTES = 8 * 1024

# A guess looks at no more than this: it costs milliseconds, and more would not change it.
GUESS_BYTES = 64 * 1024

# UTF-32 before UTF-16: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Without a byte order mark these would fit almost any bytes.
_NEVER_GUESSED = (
    "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_7",
)  # fmt: skip

# With fewer bytes beyond ASCII than this, none of them side by side, nothing can be told: the most
# common encoding of Western text is taken.
FEW_WIDE_BYTES = 8
_WIDE_PAIR = re.compile(rb"[\x80-\xff]{2}")

_SURROGATES = re.compile("[\ud800-\udfff]")


class NotTextError(ValueError):
    """The bytes spell no text; the message says why."""


def decode(data: bytes, *, declared: str | None = None) -> str:
    """Return the text of a file, without its byte order mark, newlines untouched.

    Args:
        data: All bytes of the file.
        declared: The encoding that the file says it has, tried when it is not UTF-8.

    Raises:
        NotTextError: If a NUL byte stands among the first 8 KiB of bytes that no byte order mark
            declares to be UTF-16 or UTF-32, or if no encoding fits.
    """
    encoding = guess_encoding(data, declared=declared)
    return without_surrogates(data.decode(encoding, errors="replace"))


def guess_encoding(data: bytes, *, declared: str | None = None, is_sample: bool = False) -> str:
    """Return the name of the encoding of these bytes, for ``errors="replace"``.

    Args:
        data: The bytes, or the first of them.
        declared: The encoding that the file says it has.
        is_sample: Whether more bytes follow, so that the last character may be cut.

    Raises:
        NotTextError: As :func:`decode`.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data[:SNIFF_BYTES]:
        raise NotTextError("NUL bytes at its beginning")
    if _is_utf8(data, is_sample=is_sample):
        return "utf-8"
    if declared is not None and _fits(data, declared):
        return declared
    if _is_too_short_to_guess(data):
        return "cp1252"
    return _guess(data[:GUESS_BYTES])


def without_surrogates(text: str) -> str:
    """Return the text with every lone surrogate replaced by U+FFFD; its length stays."""
    if text.isascii():
        return text
    return _SURROGATES.sub("\ufffd", text)


def _is_utf8(data: bytes, *, is_sample: bool) -> bool:
    """Say whether the bytes are UTF-8, a few broken ones among many good ones allowed."""
    decoder = codecs.getincrementaldecoder("utf-8")
    try:
        decoder().decode(data, final=not is_sample)
    except UnicodeDecodeError:
        text = decoder(errors="replace").decode(data, final=not is_sample)
        n_broken = text.count("\ufffd")
        n_wide = len(text) - n_broken - len(text.encode("ascii", errors="ignore"))
        # In other encodings bytes hardly ever fall into the patterns of UTF-8 by chance.
        return n_wide >= 10 * n_broken
    return True


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (LookupError, ValueError):
        return False
    return True


def _is_too_short_to_guess(data: bytes) -> bool:
    """Say whether there is only a stray accent or quotation mark here and there."""
    n_wide = len(data.translate(None, delete=bytes(range(128))))
    return n_wide < FEW_WIDE_BYTES and not _WIDE_PAIR.search(data)


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_exclusion=list(_NEVER_GUESSED))
    best = matches.best()
    if best is None:
        raise NotTextError("neither UTF-8 nor in any other encoding of text")
    equals = [m for m in matches if (m.chaos, m.coherence) == (best.chaos, best.coherence)]
    # Short texts fit many code pages equally well; cp1252 is by far the most common of them.
    if any("cp1252" in match.could_be_from_charset for match in equals):
        return "cp1252"
    return best.encoding
