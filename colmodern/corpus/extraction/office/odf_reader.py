"""Elements of OpenDocument that are text, whatever kind of document they stand in.

Only what stands in a paragraph is text. Notes, comments and frames stand in the middle of one: each
is a text of its own, which is handed over when it ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from colmodern.corpus.extraction.office.odf_lists import ListStyles, OdfLists
from colmodern.corpus.extraction.rows_of_cells import StreamedLayout

__all__ = ["OdfReader"]

# What is no text of the document: what was deleted, and numbers that only a page has.
_UNSEEN = frozenset({
    "tracked-changes", "note-citation", "page-number", "forms", "hidden-text", "object-ole",
    "script", "event-listeners", "binary-data", "number",
})  # fmt: skip
_OWN_TEXTS = {
    "note-body": "note", "annotation": "note", "frame": "box", "custom-shape": "box",
    "rect": "box", "ellipse": "box", "circle": "box", "line": "box", "connector": "box",
    "polygon": "box", "polyline": "box", "path": "box", "caption": "box", "measure": "box",
}  # fmt: skip
_PARAGRAPHS = frozenset({"p", "h"})
_LISTS = frozenset({"list-item", "list-header"})
_HEADING = re.compile(r"Heading_20_(?P<level>[1-9])")
# Styles are based on styles; no chain is longer than this.
_LONGEST_CHAIN = 12


@dataclass(slots=True)
class _OwnText:
    """A text on its way: what it is, its own name, and whether it is inside a paragraph."""

    kind: str
    element: str
    numbers: OdfLists
    name: str = ""
    layout: StreamedLayout = field(default_factory=StreamedLayout)
    paragraphs: int = 0
    lists: int = 0


class OdfReader:
    """Reads a text; subclasses say what becomes of the texts that stand in it.

    Attributes:
        title: The first paragraph in the style of a title.
    """

    def __init__(self, lists: ListStyles | None = None) -> None:
        """Start with no text; styles of lists that another part has come along."""
        self.title = ""
        self._lists = ListStyles() if lists is None else lists
        self._texts = [_OwnText("", "", OdfLists(self._lists))]
        self._unseen = 0
        self._bases: dict[str, str] = {}
        self._unnumbered: set[str] = set()
        self._words: list[str] | None = None

    @property
    def _now(self) -> _OwnText:
        return self._texts[-1]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if self._unseen or name in _UNSEEN:
            self._unseen += 1
        elif name in _PARAGRAPHS:
            self._start_paragraph(name, attributes)
        elif name in _OWN_TEXTS:
            self._push(_OWN_TEXTS[name], name, attributes.get("class", ""))
        elif name in {"s", "tab"}:
            self._now.layout.space()
        elif name == "line-break":
            self._now.layout.line()
        elif name == "ruby-text" and self._now.paragraphs:
            self._now.layout.write("(")
        elif name == "style":
            self._set_style(attributes)
        else:
            self._now.lists += name in _LISTS
            self._now.numbers.start(name, attributes)
            self._lists.start(name, attributes)
            self._start_other(name, attributes)

    def text(self, text: str) -> None:
        """Take text of the part."""
        if self._unseen or not self._now.paragraphs:
            return
        self._now.layout.write(text)
        if self._words is not None:
            self._words.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if self._unseen:
            self._unseen -= 1
        elif name in _PARAGRAPHS:
            self._end_paragraph()
        elif name == self._now.element:
            self._pop()
        elif name == "ruby-text" and self._now.paragraphs:
            self._now.layout.write(")")
        else:
            self._now.lists -= name in _LISTS
            self._now.numbers.end(name)
            self._lists.end(name)
            self._end_other(name)

    def finish(self) -> None:
        """End what is still open, as at the end of a part that breaks off."""
        while len(self._texts) > 1:
            self._pop()
        self._now.layout.end_heading()

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of any other element."""

    def _end_other(self, name: str) -> None:
        """Take the end of any other element."""

    def _took(self, own: str, name: str, text: str) -> None:
        """Take a text that stood in another one."""

    def _after_paragraph(self) -> None:
        """Be told that a paragraph of the text itself is over."""

    def _push(self, kind: str, element: str, name: str = "") -> None:
        self._texts.append(_OwnText(kind, element, OdfLists(self._lists), name))

    def _pop(self) -> None:
        ended = self._texts.pop()
        self._took(ended.kind, ended.name, ended.layout.layout.text())

    def _set_style(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        self._bases[name] = attributes.get("parent-style-name", "")
        if attributes.get("list-style-name") == "":
            self._unnumbered.add(name)

    def _start_paragraph(self, name: str, attributes: dict[str, str]) -> None:
        now, style = self._now, attributes.get("style-name", "")
        now.paragraphs += 1
        self._separate()
        level = attributes.get("outline-level", "1") if name == "h" else self._level_of(style)
        if level and level.isdecimal() and len(level) < 3:
            now.layout.start_heading(int(level))
        number = now.numbers.number()
        if name == "h" and style not in self._unnumbered:
            number = number or now.numbers.number_of_heading(attributes)
        if number:
            now.layout.write(f"{number} ")
        is_title = not self.title and len(self._texts) == 1 and self._is(style, "Title")
        self._words = [] if is_title else self._words

    def _end_paragraph(self) -> None:
        now = self._now
        now.paragraphs = max(0, now.paragraphs - 1)
        now.layout.end_heading()
        self._separate()
        if len(self._texts) == 1:
            if self._words is not None:
                self.title, self._words = " ".join("".join(self._words).split()), None
            self._after_paragraph()

    def _separate(self) -> None:
        if self._now.lists or self._now.kind:
            self._now.layout.line()
        else:
            self._now.layout.paragraph()

    def _chain(self, style: str) -> list[str]:
        chain = [style]
        while len(chain) < _LONGEST_CHAIN and (base := self._bases.get(chain[-1])):
            chain.append(base)
        return chain

    def _is(self, style: str, name: str) -> bool:
        return name in self._chain(style)

    def _level_of(self, style: str) -> str:
        found = (_HEADING.fullmatch(name) for name in self._chain(style))
        return next((match["level"] for match in found if match), "")
