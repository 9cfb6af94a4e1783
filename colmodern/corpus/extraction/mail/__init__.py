"""EML: what a message says, with the messages and files in it."""

from __future__ import annotations

from email import message_from_bytes

from colmodern.corpus.extraction.mail.body import MessageBody
from colmodern.corpus.extraction.mail.headers import BOUNDED, date_of, header_of
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.types import MetadataValue

__all__ = ["parse_eml"]


def parse_eml(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return a message: who wrote what to whom, when, its text, and the files attached to it.

    The metadata have ``from``, ``to`` and ``date``, and messages in it as ``sections``.

    Raises:
        ExtractionError: If its parts nest too deeply.
    """
    with parsing(source, "EML"):
        message = message_from_bytes(data, policy=BOUNDED)
        parsed = MessageBody(source, options).read(message)
        fields: dict[str, MetadataValue] = {
            "from": header_of(message, "From") or None,
            "to": header_of(message, "To") or None,
            "date": date_of(message),
        }
        found = {name: value for name, value in fields.items() if value is not None}
        return Parsed(
            parsed.text, parsed.title, found | dict(parsed.metadata), parsed.notes, parsed.attached
        )
