"""Jupyter notebooks: the Markdown and the code of the cells; outputs are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.extraction.text import decode_source, markdown_title
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source

__all__ = ["parse_notebook"]


def parse_notebook(data: bytes, source: Source, _: ScanOptions) -> Parsed:
    """Return the sources of the cells, a blank line between them, and the first heading as title.

    Raises:
        ExtractionError: If the file is not JSON, or not that of a notebook.
    """
    text = decode_source(data, source)
    with parsing(source, "notebook"):
        notebook = json.loads(text)
        cells = list(_cells(notebook))
        sources = [(cell["cell_type"], _source_of(cell)) for cell in cells]
    markdown = "\n".join(text for kind, text in sources if kind in {"markdown", "heading"})
    body = "\n\n".join(text for _, text in sources if text.strip())
    return Parsed(without_surrogates(body), without_surrogates(markdown_title(markdown)))


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the cells of a notebook of format 4, or of format 3 with its worksheets."""
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    for sheet in sheets:
        yield from (c for c in sheet["cells"] if c["cell_type"] in {"markdown", "code", "heading"})


def _source_of(cell: dict[str, Any]) -> str:
    source = cell["source"] if "source" in cell else cell.get("input", "")
    return source if isinstance(source, str) else "".join(source)
