"""Jupyter notebooks: what was written in their cells; outputs are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Note, Parsed, parsing
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.extraction.text import markdown_title
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import SkipReason, Source
from colmodern.text.headings import Heading, markdown_headings
from colmodern.text.noted_headings import sections_field

__all__ = ["parse_notebook"]

BREAK = "\n\n"


def parse_notebook(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the sources of the cells, a blank line between them, and its title.

    That is what its metadata say, else the first heading.

    The metadata have ``cell_starts``, a JSON list: the offset in the text at which each cell
    begins, those without text included; and the headings of the Markdown as ``sections``.

    Raises:
        ExtractionError: If the file is not JSON, or not that of a notebook.
    """
    text, notes = spelled(data, source, options)
    with parsing(source, "notebook"):
        notebook = json.loads(text)
        cells = [_Cell.of(cell) for cell in _cells(notebook)]
        if cells and not any(cell.kind for cell in cells):
            raise ValueError(f"cell 1 is {cells[0].fault}")
    markdown = "\n".join(cell.text for cell in cells if cell.kind in {"markdown", "heading"})
    starts = _starts(cells)
    metadata = {
        "cells": len(cells),
        "cell_starts": json.dumps(starts, separators=(",", ":")),
        **sections_field(_headings(cells, starts)),
    }
    body = BREAK.join(cell.text for cell in cells if cell.text.strip())
    title = _named(notebook) or markdown_title(markdown)
    return Parsed(body, title, metadata, (*notes, *_faults(cells)))


class _Cell(NamedTuple):
    kind: str
    text: str
    level: int
    fault: str = ""

    @classmethod
    def of(cls, cell: Any) -> _Cell:
        """Read a cell of any format; of one that is no cell, say what it is."""
        if not isinstance(cell, dict):
            return cls("", "", 1, f"a {type(cell).__name__}")
        found = [cell[name] for name in _SOURCES if name in cell]
        lines = found[0] if found and isinstance(found[0], list) else found[:1]
        text = without_surrogates("".join(line for line in lines if isinstance(line, str)))
        kind, level = cell.get("cell_type"), cell.get("level")
        at = level if isinstance(level, int) and 1 <= level <= 9 else 1
        fault = "" if all(isinstance(line, str) for line in lines) and found else "no source"
        if not isinstance(kind, str):
            return cls("raw", text, 1, "no cell_type")
        return cls(kind, text, at, fault)


# What holds the text of a cell in formats 4, 3 and 1.
_SOURCES = ("source", "input", "code", "text")


def _cells(notebook: Any) -> Iterator[Any]:
    """Yield the cells of a notebook of format 4, or of format 3 with its worksheets."""
    if not isinstance(notebook, dict) or not {"cells", "worksheets"} & notebook.keys():
        raise ValueError("it has no cells")
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    for sheet in sheets:
        yield from sheet["cells"]


def _named(notebook: dict[str, Any]) -> str:
    """Return what the metadata of a notebook call it, on one line; empty if they do not."""
    metadata = notebook.get("metadata")
    found = metadata.get("title") if isinstance(metadata, dict) else None
    return " ".join(without_surrogates(found).split()) if isinstance(found, str) else ""


def _faults(cells: list[_Cell]) -> Iterator[Note]:
    for number, cell in enumerate(cells, 1):
        if cell.fault:
            yield Note(SkipReason.PART, f"cell {number}: {cell.fault}")


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
