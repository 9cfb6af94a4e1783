"""What text do these bytes spell?

UTF-8 is tried first; only bytes that are not UTF-8 cost a guess. Whatever comes back can be
encoded as UTF-8: it holds no lone surrogates.
"""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from typing import NamedTuple

from colmodern.corpus.labels import codec_of_label

__all__ = ["MARKS", "SNIFF_BYTES", "Decoded", "Encoding", "NotTextError", "Told", "decode"]
__all__ += ["decoded", "find_encoding", "utf16_without_mark", "without_surrogates"]

SNIFF_BYTES = 8 * 1024

# A guess looks at no more than this: it costs milliseconds, and more would not change it.
GUESS_BYTES = 64 * 1024

# UTF-32 before UTF-16: its mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# With fewer bytes beyond ASCII than this nothing can be told: the most common encoding of Western
# text is taken. With fewer than the second, encodings of DOS and old Macs are not thought of.
FEW_WIDE_BYTES, SOME_WIDE_BYTES = 3, 16

# Encodings that differ in a few letters only, and what is no letter between two letters. Where the
# second has its control characters the first has letters.
_TWINS = {"cp1250": "iso8859-2"}
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_IN_A_WORD = re.compile(r"[^\W\d_][^\w\s\x00-\x7f][^\W\d_]")

_WIDE = bytes(range(128, 256))

# Half of a pair of UTF-16, each in three bytes, is how some programs write what they call UTF-8.
_HALVES = re.compile(rb"(?:\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf]|\xed[\xa0-\xbf])[\x80-\xbf]")

# With so many NUL bytes for each that is none on the other side of its pair it is UTF-16.
_LEAST_NULS = 0.4
_LEAST_WIDE_BYTES = 8  # that say UTF-16 without a mark

# Where a guess puts letters of two scripts into one word: encodings of the West, to try instead.
_WESTERN = ("cp1252", "cp850", "mac_roman")
_LATIN = "[A-Za-z\u00c0-\u024f]"
_OTHER = "[\u0370-\u077f]"
_MIXED = re.compile(f"{_LATIN}{_OTHER}|{_OTHER}{_LATIN}")
_UNMIXED = re.compile(_OTHER * 2)

# ISO-2022-JP has no bytes beyond ASCII: it changes character sets by escapes.
_ESCAPES = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\([BJI])")

_SURROGATES = re.compile("[\ud800-\udfff]")


class NotTextError(ValueError):
    """The bytes spell no text; the message says why."""


class Told(StrEnum):
    """By what an encoding is known."""

    MARK = "byte order mark"
    CALLER = "given"
    UTF8 = "valid UTF-8"
    FILE = "declared"
    GUESS = "guessed"


class Encoding(NamedTuple):
    """An encoding: its name in Python, and by what it is known."""

    name: str
    told: Told


class Decoded(NamedTuple):
    """A text, the encoding it was read in, and how many bytes or runs of bytes became U+FFFD."""

    text: str
    encoding: Encoding
    n_replaced: int


def decode(data: bytes, *, given: str | None = None, declared: str | None = None) -> str:
    """Return the text of a file, as :func:`decoded` does, without what there is to say of it."""
    return decoded(data, given=given, declared=declared).text


def decoded(data: bytes, *, given: str | None = None, declared: str | None = None) -> Decoded:
    """Return the text of a file, without its byte order mark, newlines untouched.

    Args:
        data: All bytes of the file.
        given: The label of the encoding that whoever asks says it has: nothing else is tried.
        declared: The label of the encoding that the file says it has, taken when it is not UTF-8.

    Raises:
        NotTextError: If a NUL byte stands among the first 8 KiB of bytes that no byte order mark
            declares to be UTF-16 or UTF-32 and that are not plainly UTF-16; or if no encoding fits.
    """
    encoding = find_encoding(data, given=given, declared=declared)
    is_utf8 = encoding.name.startswith("utf-8")
    text = (_without_halves(data) if is_utf8 else data).decode(encoding.name, errors="replace")
    # What stood there as U+FFFD is no loss of this reading; in UTF-8 it can be told.
    n_before = data.count(b"\xef\xbf\xbd") if is_utf8 else 0
    n_replaced = max(0, text.count("\ufffd") - n_before)
    return Decoded(without_surrogates(text), encoding, n_replaced)


def find_encoding(
    data: bytes,
    *,
    given: str | None = None,
    declared: str | None = None,
    is_sample: bool = False,
) -> Encoding:
    """Return the encoding of these bytes, for ``errors="replace"``.

    Args:
        data: The bytes, or the first of them.
        given: As :func:`decoded`.
        declared: As :func:`decoded`.
        is_sample: Whether more bytes follow, so that the last character may be cut.

    Raises:
        NotTextError: As :func:`decoded`.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            return Encoding(name, Told.MARK)
    if given is not None:
        return Encoding(codecs.lookup(given).name, Told.CALLER)
    if b"\0" in data[:SNIFF_BYTES]:
        if (wide := utf16_without_mark(data[:SNIFF_BYTES])) is not None:
            return Encoding(wide, Told.GUESS)
        raise NotTextError("NUL bytes at its beginning")
    has_escapes = _ESCAPES.search(data[:GUESS_BYTES]) is not None
    if not has_escapes and _is_utf8(data, is_sample=is_sample):
        return Encoding("utf-8", Told.UTF8)
    meant = codec_of_label(declared) if declared is not None else None
    if meant is not None and _nearly_fits(data, meant):
        return Encoding(meant, Told.FILE)
    return Encoding(_guess(data[:GUESS_BYTES]), Told.GUESS)


def utf16_without_mark(data: bytes) -> str | None:
    """Return which UTF-16 bytes are that have no byte order mark; None if they are none.

    Letters of Latin scripts have a NUL on the same side of each pair; none is a control character.
    A few bytes prove nothing.
    """
    whole = data[: len(data) & ~1]
    if len(whole) < _LEAST_WIDE_BYTES:
        return None
    first, second = whole[::2].count(0), whole[1::2].count(0)
    if max(first, second) < _LEAST_NULS * len(whole) / 2 or min(first, second):
        return None
    name = "utf-16-be" if first else "utf-16-le"
    try:
        text = codecs.getincrementaldecoder(name)().decode(whole)
    except UnicodeDecodeError:
        return None
    return name if all(letter.isprintable() or letter.isspace() for letter in text) else None


def without_surrogates(text: str) -> str:
    """Return the text with every lone surrogate replaced by U+FFFD; its length stays."""
    if text.isascii():
        return text
    return _SURROGATES.sub("\ufffd", text)


def _is_utf8(data: bytes, *, is_sample: bool) -> bool:
    """Say whether the bytes are UTF-8, fewer broken ones than half of the good ones allowed."""
    decoder = codecs.getincrementaldecoder("utf-8")
    try:
        decoder().decode(data, final=not is_sample)
    except UnicodeDecodeError:
        text = decoder(errors="replace").decode(_HALVES.sub(b"", data), final=not is_sample)
        n_broken = text.count("\ufffd")
        n_wide = len(text) - n_broken - len(text.encode("ascii", errors="ignore"))
        # In other encodings bytes hardly ever fall into the patterns of UTF-8 by chance.
        return n_wide >= 2 * n_broken
    return True


def _without_halves(data: bytes) -> bytes:
    return _HALVES.sub(_joined, data) if b"\xed" in data else data


def _joined(match: re.Match[bytes]) -> bytes:
    """Return UTF-8 of two halves of a pair; U+FFFD for one half alone."""
    both = match[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    return both.decode("utf-16-le", "replace").encode()


def _nearly_fits(data: bytes, encoding: str) -> bool:
    """Say whether an encoding that a file declares spells it, but for a stray byte here or there.

    Browsers believe the label whatever comes; one that spoils more than that is a wrong label.
    """
    text = data.decode(encoding, errors="replace")
    return text.count("\ufffd") * 20 <= len(data) - len(data.translate(None, _WIDE)) or (
        "\ufffd" not in text
    )


def _guess(data: bytes) -> str:
    if data.isascii():
        return "iso2022_jp_2" if _nearly_fits(data, "iso2022_jp_2") else "utf-8"
    n_wide = len(data.translate(None, delete=bytes(range(128))))
    return "cp1252" if n_wide < FEW_WIDE_BYTES else _guess_by_letters(data, n_wide)


def _guess_by_letters(data: bytes, n_wide: int) -> str:
    from chardet import detect
    from chardet.enums import EncodingEra

    eras = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO
    if n_wide >= SOME_WIDE_BYTES:
        eras |= EncodingEra.LEGACY_MAC | EncodingEra.DOS
    found = detect(data, encoding_era=eras)["encoding"]
    if found is None:
        raise NotTextError("neither UTF-8 nor in any other encoding of text")
    try:
        return _of_one_script(data, _of_twins(data, codecs.lookup(found).name))
    except LookupError:
        raise NotTextError(f"in {found}, which Python does not read") from None


def _of_twins(data: bytes, name: str) -> str:
    """Return the other of two encodings of one language if this one puts symbols into words."""
    twin = _TWINS.get(name)
    if twin is None or _CONTROLS.search(data):
        return name
    mine, other = (_IN_A_WORD.findall(data.decode(one, "replace")) for one in (name, twin))
    return twin if len(other) < len(mine) else name


def _of_one_script(data: bytes, name: str) -> str:
    """Return another encoding if this one mostly puts letters of two scripts into one word."""
    guessed = data.decode(name, "replace")
    if len(_MIXED.findall(guessed)) <= 2 * len(_UNMIXED.findall(guessed)):
        return name
    for other in _WESTERN:
        text = data.decode(other, "replace")
        if "\ufffd" not in text and not _IN_A_WORD.search(text):
            return other
    return name
