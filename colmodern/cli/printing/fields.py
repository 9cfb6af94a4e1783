"""How are fields and rows printed, and the state of files?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from colmodern.cli.printing.terminal import Format, as_json, end_with_the_reader
from colmodern.text.visible import flat, visible

if TYPE_CHECKING:
    from rich.text import Text

    from colmodern.indexer import IndexStatus


def print_fields(values: Mapping[str, Any], form: Format) -> None:
    """Print fields and their values: aligned for people, JSON or tab-separated for scripts."""
    end_with_the_reader()
    if form in (Format.JSON, Format.JSONL):
        print(as_json(values))
    elif form is Format.TSV:
        for name, value in values.items():
            print(f"{flat(name)}\t{flat(str(value))}")
    else:
        from rich.console import Console
        from rich.text import Text

        width = max(map(len, values))
        console = Console(highlight=False, soft_wrap=True)
        for name, value in values.items():
            console.print(Text(f"{name.replace('_', ' '):<{width}}  ", style="dim") + _shown(value))


def print_status(found: IndexStatus, form: Format) -> None:
    """Print which files changed: a line each for people and scripts, or one JSON object."""
    end_with_the_reader()
    if form in (Format.JSON, Format.JSONL):
        print(as_json({**found.to_dict(), "current": found.is_current}))
        return
    states = ("added", "changed", "removed", "unreadable", "missing_roots")
    lines = [(state, path) for state in states for path in getattr(found, state)]
    if found.encoder_state not in (None, "same"):
        lines.append((f"{found.encoder_state}_encoder", found.encoder))
    for state, path in lines:
        mark = "\t" if form is Format.TSV else "  "
        name = state.removesuffix("_roots")
        shown = name if form is Format.TSV else name.replace("_", " ").ljust(10)
        print(f"{shown}{mark}{flat(path)}")
    if form is Format.HUMAN:
        counts = [f"{len(getattr(found, state)):,} {state}" for state in states[:3]]
        print(f"{visible(str(found.index))}: {', '.join(counts)}, {found.unchanged:,} unchanged")
        if found.not_indexed:
            print(visible(not_indexed_line(found.not_indexed)))


def not_indexed_line(counts: Mapping[str, int]) -> str:
    """Return a line that says how many files are not in the index, and why."""
    n_files = sum(counts.values())
    why = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
    files = "1 file is" if n_files == 1 else f"{n_files:,} files are"
    return f"{files} not in the index: {why}"


def print_rows(rows: Sequence[Mapping[str, Any]], form: Format) -> None:
    """Print rows with the same fields: a table for people, or tab-separated with a head."""
    end_with_the_reader()
    if not rows:
        return
    if form is Format.TSV:
        print("\t".join(rows[0]))
        for row in rows:
            print("\t".join("" if value is None else flat(str(value)) for value in row.values()))
        return
    from rich.console import Console
    from rich.text import Text

    cells = [[_cell(value) for value in row.values()] for row in rows]
    is_number = [all(_is_number(row[name]) for row in rows) for name in rows[0]]
    widths = [
        max(map(len, (name, *(line[column] for line in cells))))
        for column, name in enumerate(rows[0])
    ]
    console = Console(highlight=False, soft_wrap=True)
    for line, style in ([*rows[0]], "dim"), *((line, "") for line in cells):
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        )
        console.print(Text("  ".join(padded).rstrip(), style=style))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else flat(str(value))


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, int | float):
        return True
    return str(value).replace(".", "", 1).isdigit()


def _shown(value: Any) -> Text:
    from rich.text import Text

    if value is None:
        return Text("unknown")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, Mapping):
        counts = ", ".join(f"{key} {count:,}" for key, count in value.items())
        return Text(visible(counts) or "none")
    return Text(f"{value:,}" if isinstance(value, int) else visible(str(value)))
