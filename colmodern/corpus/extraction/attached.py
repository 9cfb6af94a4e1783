"""The files attached to a document: each is read as if it lay in a folder, and follows the text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from colmodern.corpus.extraction.joined import JoinedText
from colmodern.corpus.extraction.parsed import Attachment, Note, Parsed
from colmodern.corpus.formats import BY_NAME, FileFormat, format_of
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.headings import Heading, markdown_headings, rst_headings
from colmodern.text.noted_headings import noted_headings

__all__ = ["with_attached"]

_MARKED = {"markdown": markdown_headings, "rst": rst_headings}

Reader = Callable[[bytes, Source, ScanOptions], Parsed]


def with_attached(parsed: Parsed, source: Source, options: ScanOptions, read: Reader) -> Parsed:
    """Return a document with the texts of what is attached, each under the name of its file.

    Files of other kinds are only named. What cannot be read is noted.
    """
    joined = JoinedText()
    joined.add(parsed.text, noted_headings(parsed.metadata))
    notes = list(parsed.notes)
    for attachment in parsed.attached:
        form = _format_of(attachment.name, options)
        if form is None or not attachment.data:
            joined.add(f"Attachment: {attachment.name}")
            continue
        own = _source_of(attachment, form, source)
        try:
            found = read(attachment.data, own, options)
            _refuse_beyond(options.max_file_bytes, joined.length + len(found.text), own)
        except ExtractionError as error:
            skipped = error.skipped
            detail = f"{attachment.name}: {skipped.reason} ({skipped.detail})"
            notes.append(Note(SkipReason.PART, detail))
            joined.add(f"Attachment: {attachment.name}")
        else:
            headings = _headings_of(found, form)
            joined.add_file(attachment.name, found.text, headings, found.metadata)
            notes += [Note(n.reason, f"{attachment.name}: {n.detail}") for n in found.notes]
    metadata = {**parsed.metadata, **joined.places()}
    return Parsed(joined.result(), parsed.title, metadata, tuple(notes))


def _refuse_beyond(most: int, length: int, source: Source) -> None:
    """Refuse what would make a text too long: what is attached may unpack to a lot."""
    if length > most:
        raise ExtractionError(source.path, SkipReason.TOO_LARGE, f"{length:,} characters so far")


def _format_of(name: str, options: ScanOptions) -> FileFormat | None:
    """Return how an attached file is read; a table is read as the text that it is."""
    form = format_of(PurePath(name), options.text_suffixes)
    if form is None or not form.is_rows:
        return form
    return BY_NAME["text"] if form.name in {"csv", "tsv", "jsonl"} else None


def _headings_of(found: Parsed, form: FileFormat) -> list[Heading]:
    """Return the headings of a file; those whose marks are in the text were not noted."""
    if form.name in _MARKED:
        return _MARKED[form.name](found.text, len(found.text))
    return noted_headings(found.metadata)


def _source_of(attachment: Attachment, form: FileFormat, source: Source) -> Source:
    return replace(
        source,
        path=source.path / attachment.name,
        key=f"{source.key}/{attachment.name}",
        size=len(attachment.data),
        format=form,
    )
