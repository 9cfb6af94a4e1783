"""The tables of manual pages (tbl): their rows, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["rows_of_table"]

_SEPARATOR = re.compile(r"tab[ ]?\((?P<mark>.)\)")


def rows_of_table(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a table: below its options and its formats, a line each."""
    mark, start = "\t", 0
    if lines and lines[0].rstrip().endswith(";"):
        found = _SEPARATOR.search(lines[0])
        mark, start = (found["mark"] if found else "\t"), 1
    while start < len(lines) and not lines[start].rstrip().endswith("."):
        start += 1
    block: list[str] | None = None
    row: list[str] = []
    is_format = False
    for line in lines[start + 1 :]:
        if is_format or line.startswith(".T&"):  # other formats from here on
            is_format = not line.rstrip().endswith(".")
            continue
        if block is not None and not line.startswith("T}"):
            block.append("" if line.startswith((".", "'")) and " " not in line else _bare(line))
            continue
        cells = line.split(mark)
        if block is not None:  # a cell of several lines ends
            row.append(" ".join(block))
            block, cells = None, cells[1:]
        elif line.startswith((".", "'")) or line.strip() in {"_", "="}:
            continue
        if cells and cells[-1].strip() == "T{":
            row += cells[:-1]
            block = []
            continue
        yield row + cells
        row = []
    if block or row:
        yield [*row, " ".join(block or [])]


def _bare(line: str) -> str:
    """Return a line of a cell without the macro that sets its font."""
    return line.split(None, 1)[1] if line.startswith(".") else line
