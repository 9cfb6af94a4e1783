"""How is printed what ``doctor`` found?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from colmodern.cli.printing.terminal import Format, as_json, end_with_the_reader
from colmodern.text.visible import flat, visible

if TYPE_CHECKING:
    from colmodern.doctor import Finding

_STYLES = {"good": "", "note": "yellow", "problem": "bold red"}


def print_findings(found: Sequence[Finding], form: Format) -> None:
    """Print findings: aligned for people, one JSON object, lines of JSON, or columns with tabs."""
    end_with_the_reader()
    if form is Format.JSON:
        is_sound = all(one.state != "problem" for one in found)
        print(as_json({"sound": is_sound, "findings": [one.to_dict() for one in found]}))
    elif form is Format.JSONL:
        for one in found:
            print(as_json(one.to_dict()))
    elif form is Format.TSV:
        for one in found:
            cells = (one.area, one.name, str(one.state), _shown(one.value), one.advice)
            print("\t".join(map(flat, cells)))
    else:
        _print_for_people(found)


def _print_for_people(found: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    width = max(len(one.name) for one in found)
    area = ""
    for one in found:
        if one.area != area:
            area = one.area
            console.print(Text(area, style="bold"))
        style = _STYLES[one.state]
        name = Text(f"  {one.name:<{width}}  ", style="dim")
        console.print(name + Text(visible(_shown(one.value)), style=style))
        if one.advice:
            advice = f"  {'':<{width}}  {one.state}: {one.advice}"
            console.print(Text(visible(advice), style=style))


def _shown(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case list():
            return ", ".join(value) or "none"
    return str(value)
