"""The bytes of a file as text, and what there is to say about how they were read."""

from __future__ import annotations

from typing import NamedTuple

from colmodern.corpus.decoding import Decoded, NotTextError, Told, decoded
from colmodern.corpus.extraction.parsed import Note
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["Spelled", "encoding_note", "spelled"]


class Spelled(NamedTuple):
    """The text of a file, and what there is to note of it."""

    text: str
    notes: tuple[Note, ...] = ()


def spelled(
    data: bytes, source: Source, options: ScanOptions, *, declared: str | None = None
) -> Spelled:
    """Return the text that the bytes of a file spell.

    Args:
        data: All bytes of the file.
        source: The file.
        options: Those of the scan; they may say its encoding.
        declared: The label of the encoding that the file itself says it has.

    Raises:
        ExtractionError: If the bytes are no text.
    """
    try:
        found = decoded(data, given=options.encoding_of(source.key), declared=declared)
    except NotTextError as error:
        raise ExtractionError(source.path, SkipReason.BINARY, str(error)) from error
    return Spelled(found.text, tuple(_notes(found)))


def encoding_note(name: str) -> Note:
    """Return what to say of an encoding that was guessed."""
    return Note(SkipReason.GUESSED, f"read as {name}; --encoding 'GLOB={name}' settles it")


def _notes(found: Decoded) -> list[Note]:
    notes = []
    if found.encoding.told is Told.GUESS:
        notes.append(encoding_note(found.encoding.name))
    if found.n_replaced:
        detail = f"{found.n_replaced:,} in {found.encoding.name}"
        notes.append(Note(SkipReason.REPLACED, detail))
    return notes
