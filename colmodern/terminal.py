"""What does a person, or a script, get to see? Formats of hits, progress, numbers."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from colmodern.links import link_to
from colmodern.types import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from colmodern.indexer import IndexStatus
    from colmodern.searcher import Explanation, Hit, Hits, Passage

_PASSAGE_LINES = 6

# What a document says must not steer the terminal: colours, titles, bells.
_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}, "\ufffd")


class Format(StrEnum):
    """How results are printed."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"
    TSV = "tsv"


def log_to_terminal(level: int = logging.WARNING) -> None:
    """Let what is logged appear on standard error."""
    logging.basicConfig(level=level, format="%(levelname)s %(message)s", stream=sys.stderr)


def print_hits(hits: Hits, form: Format, *, links: str = "") -> None:
    """Print hits on standard output; ``links`` is a template of ``colmodern.links``."""
    _end_with_the_reader()
    if form is Format.JSON:
        print(_json(hits.to_dict()))
    elif form is Format.JSONL:
        for hit in hits:
            print(_json({"query": hits.query, **hit.to_dict()}))
    elif form is Format.TSV:
        for hit in hits:
            print("\t".join(_columns(hit)))
    else:
        _print_for_people(hits, links)


def print_explanation(explanation: Explanation, form: Format, *, links: str = "") -> None:
    """Print the evidence of a document for people, JSON or its matches as columns for scripts."""
    _end_with_the_reader()
    if form in (Format.JSON, Format.JSONL):
        print(_json(explanation.to_dict()))
    elif form is Format.TSV:
        for m in explanation.matches:
            columns = (_flat(m.query_token), _flat(m.document_token), m.start, m.end, m.score)
            print(*columns, sep="\t")
    else:
        from colmodern.terminal_explain import print_evidence

        print_evidence(explanation, links)


def print_fields(values: Mapping[str, Any], form: Format) -> None:
    """Print one record: aligned for people, JSON or tab-separated for scripts."""
    _end_with_the_reader()
    if form in (Format.JSON, Format.JSONL):
        print(_json(values))
    elif form is Format.TSV:
        for name, value in values.items():
            print(f"{name}\t{value}")
    else:
        from rich.console import Console
        from rich.text import Text

        width = max(map(len, values))
        console = Console(highlight=False, soft_wrap=True)
        for name, value in values.items():
            console.print(Text(f"{name.replace('_', ' '):<{width}}  ", style="dim") + _shown(value))


def print_status(found: IndexStatus, form: Format) -> None:
    """Print which files changed: a line each for people and scripts, or one JSON object."""
    _end_with_the_reader()
    if form in (Format.JSON, Format.JSONL):
        print(_json({**found.to_dict(), "current": found.is_current}))
        return
    states = ("added", "changed", "removed", "unreadable", "missing_roots")
    lines = [(state, path) for state in states for path in getattr(found, state)]
    for state, path in lines:
        mark = "\t" if form is Format.TSV else "  "
        name = state.removesuffix("_roots")
        print(f"{name if form is Format.TSV else name.ljust(10)}{mark}{_flat(path)}")
    if form is Format.HUMAN:
        counts = [f"{len(getattr(found, state)):,} {state}" for state in states[:3]]
        print(f"{visible(str(found.index))}: {', '.join(counts)}, {found.unchanged:,} unchanged")


def print_rows(rows: Sequence[Mapping[str, Any]], form: Format) -> None:
    """Print records with the same fields: a table for people, or tab-separated with a head."""
    _end_with_the_reader()
    if not rows:
        return
    if form is Format.TSV:
        print("\t".join(rows[0]))
        for row in rows:
            print("\t".join("" if value is None else _flat(str(value)) for value in row.values()))
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


def print_json(values: Mapping[str, Any]) -> None:
    """Print one record as JSON on one line."""
    _end_with_the_reader()
    print(_json(values))


def print_text(text: str) -> None:
    """Print lines for people."""
    _end_with_the_reader()
    print(visible(text))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else _flat(str(value))


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, int | float):
        return True
    return str(value).replace(".", "", 1).isdigit()


def _shown(value: Any) -> Text:
    from rich.text import Text

    if value is None:
        return Text("unknown")
    if isinstance(value, Mapping):
        return Text(", ".join(f"{key} {count:,}" for key, count in value.items()) or "none")
    return Text(f"{value:,}" if isinstance(value, int) else visible(str(value)))


def note(message: str) -> None:
    """Print a line for people on standard error."""
    print(visible(message), file=sys.stderr)


def _end_with_the_reader() -> None:
    """Let a closed pipe (``| head``) end the program quietly, as it ends any other."""
    if sys.platform != "win32":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _json(values: Mapping[str, Any]) -> str:
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(values, ensure_ascii=not is_unicode)


def visible(text: str) -> str:
    """Return a text that cannot steer a terminal: control characters become U+FFFD, one each."""
    return text.translate(_CONTROLS)


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Give a callback that draws bars on standard error, or None if that is no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield report


def _columns(hit: Hit) -> Iterator[str]:
    passage = hit.passage
    yield str(hit.rank)
    yield f"{hit.score:.6f}"
    yield _flat(hit.doc_id)
    yield str(passage.start) if passage else ""
    yield str(passage.end) if passage else ""
    yield _flat(passage.text) if passage else ""


def _flat(text: str) -> str:
    return visible(" ".join(text.split()))


def _print_for_people(hits: Hits, links: str) -> None:
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    for hit in hits:
        place = _flat(hit.doc_id) + (f":{hit.passage.line}" if hit.passage else "")
        style = Style.parse("bold cyan") + Style(link=_link(hit, links))
        head = Text(f"{hit.rank:>2}  ") + Text(place, style=style)
        head += Text(f"  {hit.score:.3f}", style="dim")
        console.print(head, soft_wrap=True)
        if hit.title:
            console.print(Text(f"    {_flat(hit.title)}", style="bold"), soft_wrap=True)
        if hit.passage and str(hit.passage.place):
            console.print(Text(f"    {_flat(str(hit.passage.place))}", style="dim"), soft_wrap=True)
        if hit.passage:
            _print_passage(console, hit.passage)


def _link(hit: Hit, links: str) -> str | None:
    line = hit.passage.line if hit.passage else 1
    page = hit.passage.place.page if hit.passage else None
    return link_to(links, hit.source, hit.metadata.get("type"), line=line, page=page)


def _print_passage(console: Console, passage: Passage) -> None:
    from rich.text import Text

    from colmodern.searcher import marked_pieces

    body = Text()
    for piece, is_match in marked_pieces(passage):
        body.append(_one_line(piece), style="bold yellow" if is_match else "")
    lines = body.wrap(console, max(20, min(100, console.width) - 4))
    for line in lines[:_PASSAGE_LINES]:
        console.print(Text("    ") + line)
    if len(lines) > _PASSAGE_LINES:
        console.print(Text("    …", style="dim"))


def _one_line(piece: str) -> str:
    inner = _flat(piece)
    lead = " " if piece[:1].isspace() else ""
    tail = " " if inner and piece[-1:].isspace() else ""
    return lead + inner + tail
