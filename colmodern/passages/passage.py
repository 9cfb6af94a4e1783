"""What is a passage: the part of a document that is shown as evidence?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from colmodern.passages.places import Place


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part of a passage that is shown whole.

    Attributes:
        start: Its first character, an offset into the document's text.
        end: One past its last.
        kind: ``sentence``, ``row`` of a table, ``item`` of a list, ``heading`` or ``code``.
        answers: Whether it is one of those that answer.
    """

    start: int
    end: int
    kind: str
    answers: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "start": self.start,
            "end": self.end,
            "kind": self.kind,
            "answers": self.answers,
        }


@dataclass(frozen=True, slots=True)
class Passage:
    """The part of a document that answers a query best.

    Attributes:
        start: First character, an offset into the document's text.
        end: One past the last character; ``text == document.text[start:end]``.
        line: The line of the text on which it starts, from 1.
        text: The passage itself.
        score: What the passage alone would score for the query.
        highlights: Character spans (of the document's text) of the tokens that matched.
        place: The page, the cell or the section that the sentence stands in that answers best.
        sentences: What it consists of, in order; white space lies between them.
        lead: What has to be read above the sentence that answers best: the head of its table, the
            sentence that leads in its list; else empty.
    """

    start: int
    end: int
    line: int
    text: str
    score: float
    highlights: tuple[tuple[int, int], ...] = ()
    place: Place = field(default_factory=Place)
    sentences: tuple[Sentence, ...] = ()
    lead: str = ""

    @property
    def answering(self) -> tuple[Sentence, ...]:
        """The sentences that answer."""
        return tuple(one for one in self.sentences if one.answers)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; offsets are characters of the document's text."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "line": self.line,
            "highlights": [list(span) for span in self.highlights],
            "sentences": [one.to_dict() for one in self.sentences],
            "lead": self.lead,
            **self.place.to_dict(),
        }


def marked_pieces(passage: Passage) -> Iterator[tuple[str, bool]]:
    """Yield the passage's text in pieces, each with whether it matched."""
    at = passage.start
    for start, end in passage.highlights:
        if start > at:
            yield passage.text[at - passage.start : start - passage.start], False
        yield passage.text[start - passage.start : end - passage.start], True
        at = end
    if at < passage.end:
        yield passage.text[at - passage.start :], False


def marked_html(passage: Passage | None) -> str:
    """Return the passage's text as HTML; nothing for None.

    Matches are marked, sentences that do not answer are pale, line breaks stay.
    """
    if passage is None:
        return ""
    parts: list[str] = []
    at = passage.start
    for one in passage.sentences:
        parts.append(_html(passage, at, one.start))
        inner = _html(passage, one.start, one.end)
        parts.append(inner if one.answers else f'<span style="opacity:.6">{inner}</span>')
        at = one.end
    parts.append(_html(passage, at, passage.end))
    return f'<div style="white-space:pre-wrap">{"".join(parts)}</div>'


def _html(passage: Passage, start: int, end: int) -> str:
    """Return some characters of a passage, its matches marked."""
    from html import escape

    parts: list[str] = []
    at = start
    for span in (*passage.highlights, (end, end)):
        first, last = (min(max(character, at), end) for character in span)
        parts.append(escape(passage.text[at - passage.start : first - passage.start]))
        if first < last:
            marked = escape(passage.text[first - passage.start : last - passage.start])
            parts.append(f"<mark>{marked}</mark>")
        at = last
    return "".join(parts)
