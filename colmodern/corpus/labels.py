"""What does the label of an encoding mean?

Browsers take many labels for a larger encoding than their name says, and pages are written to be
read in browsers: ``iso-8859-1`` means Windows-1252. The table is the WHATWG's Encoding Standard
(https://encoding.spec.whatwg.org/#names-and-labels), as far as it differs from Python's names.
"""

from __future__ import annotations

import codecs

__all__ = ["codec_of_label", "text_codec"]

_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "johab": "cp949",
    # Bytes that spell their own label in single bytes cannot be UTF-16.
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
    "utf-7": "cp1252",
}

_ALIASES = {
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "x-cp1253": "cp1253",
    "x-cp1254": "cp1254",
    "x-cp1255": "cp1255",
    "x-cp1256": "cp1256",
    "x-cp1257": "cp1257",
    "x-cp1258": "cp1258",
    "x-euc-jp": "euc_jp",
    "x-x-big5": "big5hkscs",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "dos-874": "cp874",
    "windows-949": "cp949",
    "windows-31j": "cp932",
    "ks_c_5601-1989": "cp949",
    "ksc_5601": "cp949",
    "csksc56011987": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "sun_eu_greek": "iso8859-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode20utf8": "utf-8",
    "x-user-defined": "cp1252",
}


# Python calls these encodings of text; no file is written in them.
_NO_TEXT = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})


def codec_of_label(label: str) -> str | None:
    """Return the name of Python's codec for what a label means; None if it means no text."""
    label = label.strip().lower()
    name = text_codec(_ALIASES.get(label, label))
    return None if name is None else _MEANT.get(name, name)


def text_codec(name: str) -> str | None:
    """Return the name of the codec that Python has for a name; None if no text is written in it."""
    try:
        found = codecs.lookup(name).name
        b"a".decode(found, "replace")  # of no bytes, Python does not look for the codec
    except (LookupError, ValueError):  # none, or one of bytes to bytes
        return None
    return None if found in _NO_TEXT else found
