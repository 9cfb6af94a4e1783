"""Jupyter notebooks: the Markdown and the code of the cells, told apart; outputs are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.extraction.text import markdown_title
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.text.headings import Heading, markdown_headings
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_notebook"]

BREAK = "\n\n"


def parse_notebook(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the sources of the cells, a blank line between them, and the first heading as title.

    The metadata have ``cell_starts``, a JSON list: the offset in the text at which each cell
    begins, those without text included; and the headings of the Markdown as ``sections``.

    Raises:
        ExtractionError: If the file is not JSON, or not that of a notebook.
    """
    text, notes = spelled(data, source, options)
    with parsing(source, "notebook"):
        cells = [_Cell.of(cell) for cell in _cells(json.loads(text))]
    markdown = "\n".join(cell.text for cell in cells if cell.kind in {"markdown", "heading"})
    starts = _starts(cells)
    metadata = {
        "cells": len(cells),
        "cell_starts": json.dumps(starts, separators=(",", ":")),
        **sections_field(_headings(cells, starts)),
    }
    body = BREAK.join(cell.text for cell in cells if cell.text.strip())
    return Parsed(body, markdown_title(markdown), metadata, notes)


class _Cell(NamedTuple):
    kind: str
    text: str
    level: int

    @classmethod
    def of(cls, cell: dict[str, Any]) -> _Cell:
        """Read a cell of format 4 or 3; one of a kind that is left out has no text."""
        kind = cell["cell_type"]
        source = cell["source"] if "source" in cell else cell.get("input", "")
        text = source if isinstance(source, str) else "".join(source)
        text = without_surrogates(text) if kind in {"markdown", "code", "heading"} else ""
        return cls(kind, text, int(cell.get("level", 1)) if kind == "heading" else 1)


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the cells of a notebook of format 4, or of format 3 with its worksheets."""
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    for sheet in sheets:
        yield from sheet["cells"]


def _starts(cells: list[_Cell]) -> list[int]:
    """Return where each cell begins; one without text begins where the next one does."""
    starts, at = [], 0
    for cell in cells:
        starts.append(at)
        at += len(cell.text) + len(BREAK) if cell.text.strip() else 0
    return starts


def _headings(cells: list[_Cell], starts: list[int]) -> Iterator[Heading]:
    for cell, start in zip(cells, starts, strict=True):
        if cell.kind == "markdown":
            for heading in markdown_headings(cell.text, len(cell.text)):
                yield heading._replace(start=start + heading.start)
        elif cell.kind == "heading" and cell.text.strip():
            yield Heading(start, cell.level, " ".join(cell.text.split()))
