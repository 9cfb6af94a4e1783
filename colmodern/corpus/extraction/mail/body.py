"""The parts of a message, in their order: texts, pages, messages in it, and what is attached."""

from __future__ import annotations

import codecs
from email.message import Message

from colmodern.corpus.extraction.html import parse_html
from colmodern.corpus.extraction.joined import JoinedText
from colmodern.corpus.extraction.mail.headers import header_lines, header_of, text_of_bytes
from colmodern.corpus.extraction.parsed import Attachment, Note, Parsed
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.noted_headings import noted_headings

__all__ = ["MessageBody"]

# Messages in messages in messages: no person nests them so deeply.
_DEEPEST = 40
_ENCRYPTED = frozenset({
    "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime",
})  # fmt: skip
_SIGNATURES = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
    "application/pgp-keys",
})  # fmt: skip
# What is attached without a name is read by what it is said to be.
_SUFFIXES = {
    "application/pdf": ".pdf",
    "text/csv": ".csv",
    "text/markdown": ".md",
    "application/json": ".json",
}


class MessageBody:
    """Collects what a message says.

    Attributes:
        attached: The files that are attached.
        notes: What was left out.
    """

    def __init__(self, source: Source, options: ScanOptions) -> None:
        """Start with no text."""
        self.attached: list[Attachment] = []
        self.notes: list[Note] = []
        self._source = source
        self._options = options
        self._text = JoinedText()

    def read(self, message: Message) -> Parsed:
        """Return all that a message says."""
        self._text.add("\n".join(header_lines(message)))
        self._read(message, 0)
        return Parsed(
            self._text.result(),
            header_of(message, "Subject"),
            self._text.places(),
            tuple(self.notes),
            tuple(self.attached),
        )

    def _read(self, part: Message, depth: int) -> None:
        kind = part.get_content_type()
        children = part.get_payload() if part.is_multipart() else None
        if depth > _DEEPEST:
            self._note(part, "parts in parts, too deep to be read")
        elif kind in _ENCRYPTED:
            self._note(part, "it is encrypted")
        elif kind == "multipart/alternative" and isinstance(children, list):
            self._read_best([one for one in children if isinstance(one, Message)], depth + 1)
        elif isinstance(children, list):
            for child in children:
                if isinstance(child, Message):
                    self._read_child(child, kind, depth + 1)
        elif kind not in _SIGNATURES:
            self._read_leaf(part, kind)

    def _read_best(self, forms: list[Message], depth: int) -> None:
        best = _best(forms)
        if best is None:
            return
        self._read(best, depth)
        for form in forms:  # some programs attach files to one of the forms
            for part in form.walk() if form is not best else ():
                if part.get_content_disposition() == "attachment" and not part.is_multipart():
                    self._read_leaf(part, part.get_content_type())

    def _read_child(self, child: Message, kind: str, depth: int) -> None:
        if kind == "message/delivery-status":
            self._text.add("\n".join(f"{name}: {header_of(child, name)}" for name in child))
        elif kind.startswith("message/"):
            self._text.add("\n".join(header_lines(child)), above=header_of(child, "Subject"))
            self._read(child, depth)
        else:
            self._read(child, depth)

    def _read_leaf(self, part: Message, kind: str) -> None:
        data = _bytes_of(part)
        name = _name_of(part)
        is_attached = part.get_content_disposition() == "attachment" or bool(name)
        if is_attached or not kind.startswith("text/"):
            name = name or f"{kind.partition('/')[2]}{_SUFFIXES.get(kind, '')}"
            self.attached.append(Attachment(name, data))
        elif kind == "text/html":
            self._read_page(text_of_bytes(data, _charset_of(part)))
        else:
            text = text_of_bytes(data, _charset_of(part)).replace("\r\n", "\n")
            is_flowed = part.get_param("format", "") == "flowed"
            self._text.add((_unflowed(text) if is_flowed else text).strip("\n").rstrip())

    def _read_page(self, markup: str) -> None:
        # What the page says of its encoding was true before the message was packed.
        data = codecs.BOM_UTF8 + markup.encode()
        try:
            page = parse_html(data, self._source, self._options)
        except ExtractionError as error:
            self.notes.append(Note(SkipReason.PART, error.skipped.detail))
        else:
            self._text.add(page.text, noted_headings(page.metadata))

    def _note(self, part: Message, what: str) -> None:
        self.notes.append(Note(SkipReason.PART, f"{part.get_content_type()}: {what}"))


def _best(children: list[Message]) -> Message | None:
    """Return the form of a text to read: the plain one, unless that only says to look elsewhere."""
    plain = next((part for part in children if part.get_content_type() == "text/plain"), None)
    others = [part for part in children if part is not plain]
    rich = next((part for part in reversed(others) if _has_page(part)), None)
    if plain is None:
        return rich if rich is not None else children[-1] if children else None
    if rich is None:
        return plain
    # Markup is several times as long as what it says.
    is_stub = 40 * len(_bytes_of(plain).split()) < len(_size_of_page(rich).split())
    return rich if is_stub or not _bytes_of(plain).strip() else plain


def _has_page(part: Message) -> bool:
    return part.get_content_type() in {"text/html", "multipart/related", "multipart/mixed"}


def _size_of_page(part: Message) -> bytes:
    pages = (child for child in part.walk() if child.get_content_type() == "text/html")
    return b" ".join(map(_bytes_of, pages))


def _bytes_of(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _charset_of(part: Message) -> str:
    charset = part.get_param("charset", "")
    return charset if isinstance(charset, str) else ""


def _name_of(part: Message) -> str:
    """Return the name of an attached file, without folders; empty if it has none."""
    name = part.get_filename("") or ""
    if not name:
        return ""
    holder = Message()
    holder["Subject"] = name.replace("\r", " ").replace("\n", " ")
    shown = header_of(holder, "Subject")
    return shown.replace("\\", "/").rpartition("/")[2][:200]


def _unflowed(text: str) -> str:
    """Join the lines of paragraphs, which end in a blank where they go on (RFC 3676)."""
    lines = text.split("\n")
    goes_on = (line.endswith(" ") and line != "-- " for line in lines)
    return "".join(line if on else f"{line}\n" for line, on in zip(lines, goes_on, strict=True))
