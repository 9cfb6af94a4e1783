"""JSON lines: one object a line. The number of a row is that of its line."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, TextIO

from colmodern.corpus.extraction.parsed import OnSkipped, Row
from colmodern.corpus.extraction.streams import open_text, pass_over_line
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Skipped, SkipReason, Source

__all__ = ["read_jsonl"]


def read_jsonl(source: Source, options: ScanOptions, report: OnSkipped) -> Iterator[Row]:
    """Yield the objects of a file; a line that is none is reported, a blank one passed over.

    Raises:
        ExtractionError: If the file cannot be read.
    """
    with open_text(source, options, report) as file:
        for number, line in enumerate(_lines(file, options.max_file_bytes), start=1):
            if line is None:
                detail = f"a line of more than {options.max_file_bytes:,} characters"
                report(Skipped(source.path, SkipReason.TOO_LARGE, detail, number))
            elif line.strip():
                fields = _object_of(line)
                if isinstance(fields, dict):
                    yield Row(number, fields)
                else:
                    report(Skipped(source.path, SkipReason.BAD_ROW, fields, number))


def _lines(file: TextIO, limit: int) -> Iterator[str | None]:
    """Yield the lines of a file; None for one that is longer than the limit."""
    while line := file.readline(limit + 1):
        if len(line) > limit:
            is_whole, line = line.endswith(("\n", "\r")), ""
            if not is_whole:
                deque(pass_over_line(file), maxlen=0)
        yield line or None


def _object_of(line: str) -> dict[str, Any] | str:
    """Return the object on a line, or a clause that says why there is none."""
    try:
        value = json.loads(line)
    except RecursionError:
        return "nested too deeply"
    except ValueError as error:
        return f"not JSON: {error}"
    return value if isinstance(value, dict) else f"a {type(value).__name__}, not an object"
