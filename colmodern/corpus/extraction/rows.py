"""A row of a file as a document: which field is its id, its title, its text, its metadata?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import normalize

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Row
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, Skipped, SkipReason, Source
from colmodern.types import Document, MetadataValue

__all__ = ["document_of_row", "no_text_field"]

# A message names no more fields than a person will read.
NAMED_FIELDS = 20


def document_of_row(
    row: Row, source: Source, options: ScanOptions, *, may_lack_text: bool = False
) -> Document | Skipped:
    """Return the document that a row holds, or why it holds none; a title alone makes one.

    Args:
        row: The row.
        source: The file.
        options: Which fields are which.
        may_lack_text: Whether the field of the text may be missing from a row with a title.
    """
    title = _text_of(row.fields.get(options.title_field))
    value = row.fields.get(options.text_field)
    if value is None and title.strip() and (may_lack_text or options.text_field in row.fields):
        value = ""
    if value is None:
        detail = f"it has no field {options.text_field!r}"
        return Skipped(source.path, SkipReason.BAD_ROW, detail, row.number)
    if isinstance(value, list | dict | bytes):
        detail = f"field {options.text_field!r} holds a {type(value).__name__}, not a text"
        return Skipped(source.path, SkipReason.BAD_ROW, detail, row.number)
    text = without_surrogates(str(value))
    if not text.strip() and not title.strip():
        detail = f"field {options.text_field!r} is blank"
        return Skipped(source.path, SkipReason.EMPTY, detail, row.number)
    return Document(
        id=normalize("NFC", _text_of(row.fields.get(options.id_field)))
        or f"{source.key}#{row.number}",
        text=text,
        title=title,
        metadata=_metadata(row.fields, options),
    )


def no_text_field(source: Source, fields: Iterable[str], options: ScanOptions) -> ExtractionError:
    """Return the error for a file of which no row has a text."""
    names = [repr(name) for name in fields]
    shown = ", ".join(names[:NAMED_FIELDS]) + (", ..." if len(names) > NAMED_FIELDS else "")
    detail = (
        f"no row has a field {options.text_field!r}; the fields are {shown or 'none'}. "
        "Name the one that holds the text with text_field (--text-field)"
    )
    return ExtractionError(source.path, SkipReason.NO_TEXT_FIELD, detail)


def _text_of(value: Any) -> str:
    flat = _flat(value)
    return "" if flat is None else str(flat)


def _metadata(fields: Mapping[str, Any], options: ScanOptions) -> dict[str, MetadataValue]:
    """Return all other fields, flat; bytes are left out, for nobody reads them in a hit."""
    used = {options.id_field, options.title_field, options.text_field}
    return {
        without_surrogates(str(name)): _flat(value)
        for name, value in fields.items()
        if name not in used and not isinstance(value, bytes)
    }


def _flat(value: Any) -> MetadataValue:
    """Return a value as JSON knows it: nested ones as JSON text, what is no number as None."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | dict):
        return without_surrogates(json.dumps(value, ensure_ascii=False, default=str))
    return without_surrogates(str(value))
