"""What does a person see of an explanation? Passages with line numbers, matches side by side."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.style import Style
from rich.text import Text

from colmodern.cli.printing.links import link_to
from colmodern.searcher import Evidence, Explanation
from colmodern.text.visible import visible

_NARROWEST = 20
_MORE = 0.1  # of what stands out: words of which the first passage has more are named


def print_evidence(explanation: Explanation, links: str) -> None:
    """Print an explanation for people: where the score comes from, then token by token.

    Args:
        explanation: What to print.
        links: The template of links to lines of files; see ``links``.
    """
    console = Console(highlight=False, soft_wrap=False)
    head = Text(visible(explanation.doc_id), style="bold cyan")
    head.append(f"  {explanation.score:.3f}", style="dim")
    if explanation.exact_score is not None:
        head.append(f"  exact {explanation.exact_score:.3f}", style="dim")
    if explanation.parts:
        parts = ", ".join(f"{name} {value:.3f}" for name, value in explanation.parts.items())
        head.append(f"  ({parts})", style="dim")
    console.print(head, soft_wrap=True)
    if explanation.title:
        console.print(Text(visible(explanation.title), style="bold"), soft_wrap=True)
    for phrase in explanation.phrases:
        console.print(Text(visible(f'    holds "{phrase}"'), style="dim"), soft_wrap=True)
    for rank, evidence in enumerate(explanation.evidence, 1):
        _print_passage(console, rank, evidence, explanation, _link(explanation, evidence, links))
    console.print()
    for row in explanation.match_lines():
        console.print(Text(visible(row)), soft_wrap=True)


def _link(explanation: Explanation, evidence: Evidence, links: str) -> str | None:
    kind = (explanation.metadata or {}).get("type")
    passage = evidence.passage
    return link_to(links, explanation.source, kind, line=passage.line, page=passage.place.page)


def _print_passage(
    console: Console, rank: int, evidence: Evidence, explanation: Explanation, link: str | None
) -> None:
    passage = evidence.passage
    where = f"line {passage.line}" + (f", {passage.place}" if str(passage.place) else "")
    head = Text(f"\n{rank:>2}  ")
    head.append(visible(where), style=Style(bold=True, link=link))
    head.append(
        f"  alone {passage.score:.3f} of {explanation.matched:.3f}; "
        f"{evidence.share:.0%} of the score matches here best",
        style="dim",
    )
    console.print(head, soft_wrap=True)
    for row in _why(evidence, explanation.evidence[0]):
        console.print(Text(f"    {visible(row)}", style="dim"), soft_wrap=True)
    width = len(str(passage.line + passage.text.count("\n")))
    room = max(_NARROWEST, min(100, console.width) - width - 7)
    for number, line in enumerate(_marked_lines(evidence), passage.line):
        pieces = line.wrap(console, room)
        for piece in pieces or [Text()]:
            margin = f"{number:>{width}}" if piece is pieces[0] else " " * width
            console.print(Text(f"    {margin} | ", style="dim") + piece)


def _why(evidence: Evidence, first: Evidence) -> Iterator[str]:
    """Yield why a passage was chosen, and why not before the first."""
    why, best = evidence.reasons, first.reasons
    if why is None or best is None:
        return
    if why.terms:
        yield "decided by " + ", ".join(f"{word} {share:.0%}" for word, share in why.terms)
    if evidence is first:
        return
    parts = ", ".join(
        f"{name} {round(getattr(why, name) - getattr(best, name), 1) + 0.0:+.1f}"
        for name in ("matches", "words", "around", "near")
        if name != "near" or why.near
    )
    own = dict(why.terms)
    more = [word for word, share in best.terms if share - own.get(word, 0.0) >= _MORE]
    says = f"; the first has more of {', '.join(more)}" if more else ""
    yield f"{why.behind:.1f} deviations behind the first ({parts}){says}"


def _marked_lines(evidence: Evidence) -> Iterator[Text]:
    """Yield the lines of a passage with what matched marked."""
    passage = evidence.passage
    text = Text(visible(passage.text))
    for start, end in passage.highlights:
        text.stylize("bold yellow", start - passage.start, end - passage.start)
    yield from text.split("\n", allow_blank=True)
