"""What do the headers of a message say, as a person reads them?"""

from __future__ import annotations

import binascii
import re
from datetime import datetime
from email.message import Message
from email.policy import Compat32
from email.utils import parsedate_to_datetime

from colmodern.corpus.decoding import NotTextError, decode, without_surrogates

__all__ = ["BOUNDED", "date_of", "header_lines", "header_of", "text_of_bytes"]

# No header that a person reads is longer; the rest is lists of thousands of addresses.
_LONGEST = 8_000
# In a page these labels cannot be true; here they can.
_WIDE = frozenset(f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "le", "be"))
_SHOWN = ("Subject", "From", "To", "Cc", "Date")
_ENCODED = re.compile(
    r"=\?(?P<charset>[^?\s]{1,60})\?(?P<how>[BbQq])\?(?P<text>[^?\s]*+)\?=(?P<gap>\s*+)"
)


class _Bounded(Compat32):
    """Reads messages with headers cut: the parameters of one are found in quadratic time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return name and value of a header."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST]


BOUNDED = _Bounded()


def header_lines(message: Message) -> list[str]:
    """Return the headers that a reader of mail shows, a line each."""
    found = ((name, header_of(message, name)) for name in _SHOWN)
    return [f"{name}: {value}" for name, value in found if value]


def header_of(message: Message, name: str) -> str:
    """Return a header on one line; empty if it is not there."""
    wanted = name.lower()
    raw = next((value for key, value in message.raw_items() if key.lower() == wanted), "")
    value = str(raw)[:_LONGEST]
    if not value.isascii():
        value = text_of_bytes(value.encode("utf-8", "surrogateescape"))
    return " ".join(without_surrogates(_unencoded(value)).split())


def date_of(message: Message) -> str | None:
    """Return when a message was sent, as ``2024-03-31T12:00:00+02:00``; None if it is not said."""
    try:
        moment: datetime = parsedate_to_datetime(header_of(message, "Date"))
        return moment.isoformat()
    except (ValueError, TypeError, OverflowError):
        return None


def text_of_bytes(data: bytes, charset: str = "") -> str:
    """Return what bytes spell, by what the message says of them unless they are UTF-8."""
    if charset.lower() in _WIDE:
        return without_surrogates(data.decode(charset, "replace"))
    try:
        return decode(data, declared=charset or None)
    except NotTextError:
        return data.decode("cp1252", "replace")


def _unencoded(value: str) -> str:
    """Return a header with its encoded words decoded; a letter may be cut between two of them."""
    parts: list[str] = []
    waiting, charset, at = b"", "", 0
    for match in _ENCODED.finditer(value):
        data = _bytes_of(match["how"].upper(), match["text"])
        own = match["charset"].partition("*")[0].lower()
        if waiting and (match.start() > at or own != charset):
            parts.append(text_of_bytes(waiting, charset))
            waiting = b""
        parts.append(value[at : match.start()])
        waiting, charset = waiting + data, own
        # Blanks between two encoded words are no text; those before other words are.
        is_last = not value.startswith("=?", match.end())
        at = match.start("gap") if is_last else match.end()
    parts.append(text_of_bytes(waiting, charset) if waiting else "")
    return "".join((*parts, value[at:]))


def _bytes_of(how: str, text: str) -> bytes:
    try:
        if how == "Q":
            return binascii.a2b_qp(text.encode(), header=True)
        return binascii.a2b_base64(text.encode() + b"==")
    except (binascii.Error, ValueError):
        return text.encode(errors="replace")
