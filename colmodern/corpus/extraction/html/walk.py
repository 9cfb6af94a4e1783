"""A tree of elements as a text: which of them are lines, cells and headings, and which unseen?"""

from __future__ import annotations

from typing import Any

from colmodern.corpus.extraction.html.navigation import HEADINGS, navigation_of
from colmodern.corpus.extraction.html.tree import Element
from colmodern.corpus.extraction.layout import TextLayout

__all__ = ["layout_of", "title_of"]

# Elements whose text no reader sees; annotations say a formula once more, in another language.
_UNSEEN = frozenset({
    "head", "script", "style", "template", "noscript", "svg", "title", "iframe", "object",
    "audio", "video", "canvas", "datalist", "annotation", "annotation-xml", "noframes", "rp",
})  # fmt: skip
_PARAGRAPHS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "details", "dialog", "dl",
    "fieldset", "figure", "footer", "form", "header", "hgroup", "hr", "main", "nav", "ol", "p",
    "pre", "section", "table", "textarea", "ul", "listing", "xmp", "plaintext",
})  # fmt: skip
_LINES = frozenset({
    "br", "dd", "div", "dt", "figcaption", "caption", "legend", "li", "summary", "tr", "td", "th",
    "option", "optgroup", "thead", "tbody", "tfoot", "frameset", "menu", "dir", "mtr",
})  # fmt: skip
_LISTS = frozenset({"ul", "ol", "dl"})
_ITEMS = frozenset({"li", "dd", "dt"})
_VERBATIM = frozenset({"pre", "textarea", "listing", "xmp", "plaintext"})
_APART = frozenset({"button", "select", "input", "label", "img", "mtd"})
_INLINE = frozenset({"a", "span", "i", "b", "em", "strong", "small", "sup", "sub"})

# What stands before the second and the third part of a formula, and before a root.
_BETWEEN = {
    "mfrac": "/", "msup": "^", "msub": "_", "msubsup": "_^", "munder": "_", "mover": "^",
    "munderover": "_^", "mroot": "^",
}  # fmt: skip
_ROOTS = frozenset({"msqrt", "mroot"})

# What a link to the heading or paragraph in which it stands is shown as.
_PERMALINKS = frozenset({"", "¶", "#", "§", "∞", "🔗", "⚓", "⚓︎", "link"})

# A row with a cell of more characters than this is no row of figures: its cells are paragraphs.
_LONGEST_CELL = 1000


def layout_of(root: Element, *, is_of_book: bool = False) -> TextLayout:
    """Return all that a page says, in order; its navigation too if it says nothing else.

    Args:
        root: The page.
        is_of_book: Whether it is a chapter of a book, which has no navigation.
    """
    layout = _PageWalk(set() if is_of_book else navigation_of(root)).run(root)
    return layout if layout.length else _PageWalk(set()).run(root)


def title_of(root: Element) -> str:
    """Return the title of a page on one line; empty if it has none."""
    for title in root.iter("title"):
        if all(above.tag != "svg" for above in title.iterancestors()):
            return " ".join("".join(title.itertext()).split())
    return ""


class _PageWalk:
    """One page on its way to a text."""

    def __init__(self, left_out: set[Element]) -> None:
        self._left_out = left_out
        self._layout = TextLayout()
        self._verbatim = 0
        self._rows: list[Element] = []

    def run(self, root: Element) -> TextLayout:
        """Visit every element once, without recursion: pages may be nested deeply."""
        from lxml import etree

        visits = etree.iterwalk(root, events=("start", "end"))
        for event, element in visits:
            if event == "end":
                self._end(element)
                if element.tail and element is not root:
                    self._write(element.tail)
            elif self._is_unseen(element):
                visits.skip_subtree()
            else:
                self._start(element)
                if element.text:
                    self._write(element.text)
        return self._layout

    def _is_unseen(self, element: Element) -> bool:
        if element.tag in _UNSEEN or element in self._left_out:
            # A template that says so is the inside of the element that it stands in.
            return element.tag != "template" or element.get("shadowrootmode") is None
        if element.tag in _INLINE and element.get("aria-hidden") == "true":
            return True
        return element.tag == "a" and _is_permalink(element)

    def _write(self, text: str) -> None:
        if self._verbatim:
            self._layout.write_verbatim(text)
        else:
            self._layout.write(text)

    def _start(self, element: Element) -> None:
        tag: Any = element.tag
        layout = self._layout
        if tag in HEADINGS:
            layout.start_heading(HEADINGS[tag])
        elif tag == "tr" and _is_row(element):
            self._rows.append(element)
            layout.start_row()
        elif tag in {"sup", "sub"}:
            self._start_script(element)
        elif tag == "rt" and _has_text(element):
            self._write("(")
        else:
            self._break(tag, above=_tag_above(element))
            self._start_formula(element)
        self._verbatim += tag in _VERBATIM

    def _end(self, element: Element) -> None:
        tag: Any = element.tag
        if element in self._left_out or tag in _UNSEEN:
            self._break(tag)
            return
        self._verbatim -= tag in _VERBATIM
        if tag in HEADINGS:
            self._layout.end_heading()
        elif self._rows and element is self._rows[-1]:
            self._rows.pop()
            self._layout.end_row()
        elif tag in {"td", "th"} and self._rows and element.getparent() is self._rows[-1]:
            self._layout.end_cell()
        elif tag == "rt" and _has_text(element):
            self._write(")")
        else:
            self._break(tag, above=_tag_above(element))

    def _break(self, tag: str, *, above: str = "") -> None:
        if tag in _LISTS and above in _ITEMS:
            self._layout.line()
        elif tag in _PARAGRAPHS:
            self._layout.paragraph()
        elif tag in _LINES and not (tag in {"td", "th"} and self._rows):
            self._layout.line()
        elif tag in _APART or "-" in tag:  # an element of the page's own: nobody knows which
            self._layout.space()

    def _start_script(self, element: Element) -> None:
        """Keep a raised or lowered number apart from the number or word before it."""
        text = "".join(element.itertext()).strip()
        before = self._layout.last
        if not (before.isalnum() and text[:1] in "0123456789-+\u2212[*\u2020" and text):
            return
        is_note = element.find(".//a") is not None or element.getparent().tag == "a"
        if element.tag == "sup" and not is_note and text[0] not in "[*\u2020":
            self._layout.write("^")
        elif element.tag == "sup":
            self._layout.space()
        elif before.isdigit():
            self._layout.write("_")

    def _start_formula(self, element: Element) -> None:
        """Write what stands between the parts of a formula: 1/2 is not 12."""
        marks = _BETWEEN.get(_tag_above(element))
        if (
            marks is not None
            and element.tag != "mo"
            and (before := element.getprevious()) is not None
        ):
            self._write(marks[-1] if before.getprevious() is not None else marks[0])
        if element.tag in _ROOTS:
            self._write("\u221a")


def _has_text(element: Element) -> bool:
    return any(not text.isspace() for text in element.itertext())


def _tag_above(element: Element) -> str:
    above = element.getparent()
    return "" if above is None else str(above.tag)


def _is_row(row: Element) -> bool:
    """Say whether a row holds values that belong on one line, rather than parts of a page."""
    if any(above.get("role") in {"presentation", "none"} for above in row.iterancestors("table")):
        return False
    if next(row.iter("table", *HEADINGS), None) is not None:
        return False
    return all(_length(cell) <= _LONGEST_CELL for cell in row)


def _length(cell: Element) -> int:
    return sum(map(len, cell.itertext()))


def _is_permalink(link: Element) -> bool:
    if "#" not in (link.get("href") or "") or len(link):
        return False
    text = (link.text or "").strip()
    if text == "link":
        return link.getparent().tag in HEADINGS
    return text in _PERMALINKS or (len(text) == 1 and "\ue000" <= text <= "\uf8ff")
