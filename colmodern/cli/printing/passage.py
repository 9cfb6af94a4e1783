"""How is a passage printed for people? Whole sentences, with line breaks where they mean something.

The sentences that answer are bright, what stands around them is dim, as far as there is room: the
sentences nearest to the answer come first. Rows keep the head of their table, items what leads in
their list, code its indentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from colmodern.cli.printing.styled import Output, Piece, wrapped
from colmodern.text.visible import flat, visible

if TYPE_CHECKING:
    from colmodern.passages.passage import Passage, Sentence

_LINES, _LINES_ALSO = 6, 3
_LEAST_WIDTH, _MOST_WIDTH = 20, 100
_MARGIN = "    "


def print_passage(output: Output, passage: Passage, *, lines: int = _LINES) -> None:
    """Print a passage, about ``lines`` at most, but no less than the sentence that answers."""
    width = max(_LEAST_WIDTH, min(_MOST_WIDTH, output.width) - len(_MARGIN))
    shown = _shown(passage, width, lines)
    if not shown:
        return
    if passage.lead and flat(passage.lead) not in map(flat, (_of(passage, s) for s in shown)):
        _print(output, [_dim(flat(passage.lead))], width)
    for block in _blocks(passage, shown):
        _print(output, block, width)


def print_also(output: Output, passage: Passage) -> None:
    """Print a second passage of a document under its line and place, in about three lines."""
    place = flat(str(passage.place))
    head = f"also line {passage.line}" + (f", {place}" if place else "")
    output.print([_dim(_MARGIN + head)])
    print_passage(output, passage, lines=_LINES_ALSO)


def _shown(passage: Passage, width: int, lines: int) -> list[Sentence]:
    """Return the sentences for which there is room, those that answer first, then the nearest."""
    sentences = [one for one in passage.sentences if one.kind != "heading"]
    answers = [number for number, one in enumerate(sentences) if one.answers] or [0]
    order = sorted(range(len(sentences)), key=lambda n: min(abs(n - a) for a in answers))
    room = lines * width
    kept: list[int] = []
    for number in order:
        one = sentences[number]
        room -= one.end - one.start if one.kind == "sentence" else width
        if kept and room < 0:
            break
        kept.append(number)
    return [sentences[number] for number in sorted(kept)]


def _blocks(passage: Passage, shown: list[Sentence]) -> list[list[Piece]]:
    """Return what is printed on lines of its own: prose as one, each row, item and line of code."""
    blocks: list[list[Piece]] = []
    last: Sentence | None = None
    for one in shown:
        gap = (
            ""
            if last is None
            else passage.text[last.end - passage.start : one.start - passage.start]
        )
        if gap.strip() and "sentence" not in (one.kind, last.kind if last else ""):
            blocks.append([_dim("…")])
        if last is None or one.kind != "sentence" or last.kind != "sentence" or "\n\n" in gap:
            blocks.append([])
        elif gap.strip():
            blocks[-1].append(_dim(" … "))
        else:
            blocks[-1].append(Piece(" "))
        blocks[-1].extend(_marked(passage, one))
        last = one
    return blocks


def _marked(passage: Passage, one: Sentence) -> Iterator[Piece]:
    """Yield a sentence, dim unless it answers, with what matched marked."""
    keeps_spaces = one.kind in ("code", "row")
    style, at = "" if one.answers else "dim", one.start
    for first, last in [*passage.highlights, (one.end, one.end)]:
        start, end = max(first, at), min(last, one.end)
        if start > one.end or end < at:
            continue
        for a, b, how in ((at, start, style), (start, end, f"{style} bold yellow".strip())):
            piece = passage.text[a - passage.start : b - passage.start]
            yield Piece(visible(piece) if keeps_spaces else _one_line(piece), how)
        at = end


def _print(output: Output, block: list[Piece], width: int) -> None:
    for line in wrapped(block, width):
        output.print([Piece(_MARGIN), *line])


def _dim(text: str) -> Piece:
    return Piece(text, "dim")


def _of(passage: Passage, one: Sentence) -> str:
    return passage.text[one.start - passage.start : one.end - passage.start]


def _one_line(piece: str) -> str:
    """Return a piece with single spaces, those at its ends kept."""
    inner = flat(piece)
    lead = " " if piece[:1].isspace() else ""
    tail = " " if inner and piece[-1:].isspace() else ""
    return lead + inner + tail
