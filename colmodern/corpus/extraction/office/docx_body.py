"""The elements of a Word document as a text."""

from __future__ import annotations

from collections.abc import Callable

from colmodern.corpus.extraction.office.docx_lists import DocxLists
from colmodern.corpus.extraction.office.docx_styles import Styles
from colmodern.corpus.extraction.rows_of_cells import StreamedLayout
from colmodern.text.headings import Heading

__all__ = ["Body", "Notes"]

# What is no text of the document: what was deleted, instructions of fields, properties.
_UNSEEN = frozenset({
    "del", "moveFrom", "delText", "instrText", "delInstrText", "sectPr", "tblPr", "tcPr",
    "trPr", "sdtPr", "rubyPr", "pPrChange", "rPrChange", "ctrlPr", "fPr", "dPr", "naryPr",
    "radPr", "sSupPr", "sSubPr", "binData", "tblGrid",
})  # fmt: skip
_RAISED = frozenset("0123456789-+[*\u2212\u2020")


class Body:
    """One part of a document on its way to a text.

    Attributes:
        title: The first paragraph in the style of a title.
    """

    def __init__(self, styles: Styles, notes: Notes, lists: DocxLists) -> None:
        """Start with no text; ``notes`` are written after the paragraphs that refer to them."""
        self.title = ""
        self._styles = styles
        self._notes = notes
        self._lists = lists
        # Text boxes stand in the middle of a paragraph: each is a text of its own, put after it.
        self._texts = [StreamedLayout()]
        self._boxes: list[str] = []
        self._following: list[str] = []
        self._unseen = 0
        self._is_text = False
        self._script = ""
        self._is_hidden = False
        self._style = ""
        self._list = ("", "")
        self._is_properties = False
        self._words: list[str] | None = None
        self._reading: list[str] | None = None
        self._readings = ""
        self._n_written = 0
        self._choices: list[int] = []

    @property
    def _layout(self) -> StreamedLayout:
        return self._texts[-1]

    def text(self, text: str) -> None:
        """Take text of the part."""
        if self._is_text and not self._unseen and not self._is_hidden:
            self._write(text)

    def result(self) -> str:
        """Return the text so far."""
        return self._texts[0].layout.text()

    def headings(self) -> list[Heading]:
        """Return the headings so far."""
        return self._texts[0].layout.headings

    def finish(self) -> None:
        """Write what is still held back, as at the end of a part that breaks off."""
        while len(self._texts) > 1:
            self._end_box()
        self._end_paragraph()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if self._unseen or self._is_unseen(name):
            self._unseen += 1
            # A paragraph whose end was deleted has no number of its own.
            if self._is_properties and name in {"del", "moveFrom"}:
                self._list = ("0", "")
            return
        self._is_text = name == "t"
        if (action := _STARTS.get(name)) is not None:
            action(self, attributes)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._is_text = False
        if self._unseen:
            self._unseen -= 1
        elif (action := _ENDS.get(name)) is not None:
            action(self)

    def _is_unseen(self, name: str) -> bool:
        # Word writes a text box twice: a choice, and a fallback for older programs.
        has_choice = bool(self._choices) and self._n_written > self._choices[-1]
        return (name == "Fallback" and has_choice) or name in _UNSEEN

    def _write(self, text: str) -> None:
        if self._reading is not None:
            self._reading.append(text)
            return
        if self._words is not None:
            self._words.append(text)
        self._n_written += 1
        if self._script == "superscript" and text[0] in _RAISED:
            self._apart("^" if text[0].isdigit() else " ")
        elif self._script == "subscript" and self._layout.last.isdigit() and text[0].isdigit():
            self._layout.write("_")
        self._layout.write(text)

    def _apart(self, mark: str) -> None:
        """Keep a raised number apart from the word or number before it."""
        if self._layout.last.isalnum():
            self._layout.write(mark)

    def _set_script(self, attributes: dict[str, str]) -> None:
        self._script = attributes.get("val", "")

    def _start_run(self, _: dict[str, str]) -> None:
        self._script = ""
        self._is_hidden = False

    def _hide(self, attributes: dict[str, str]) -> None:
        is_off = attributes.get("val", "") in {"0", "false", "off"}
        self._is_hidden = not is_off and not self._is_properties

    def _start_paragraph(self, _: dict[str, str]) -> None:
        self._style = ""
        self._list = ("", "")
        self._words = []
        self._layout.paragraph()

    def _set_style(self, attributes: dict[str, str]) -> None:
        self._style = attributes.get("val", "")
        level = self._styles.level_of(self._style)
        if level is not None:
            self._layout.start_heading(level)

    def _set_level(self, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        is_level = value.isdecimal() and int(value) < 9
        if is_level and self._styles.level_of(self._style) is None:
            self._layout.start_heading(int(value) + 1)

    def _start_properties(self, _: dict[str, str]) -> None:
        self._is_properties = True

    def _set_list(self, attributes: dict[str, str]) -> None:
        self._list = (attributes.get("val", ""), self._list[1])

    def _set_list_level(self, attributes: dict[str, str]) -> None:
        self._list = (self._list[0], attributes.get("val", ""))

    def _end_properties(self) -> None:
        self._is_properties = False
        if number := self._lists.number(*self._list, self._style):
            self._layout.write(f"{number} ")

    def _end_paragraph(self) -> None:
        self._layout.end_heading()
        line = " ".join("".join(self._words or ()).split())
        if not self.title and self._styles.is_title(self._style):
            self.title = line
        self._words = None
        self._layout.paragraph()
        if len(self._texts) == 1:
            for text in (*self._boxes, *self._following):
                for paragraph in text.split("\n"):
                    self._layout.write(paragraph)
                    self._layout.line()
                self._layout.paragraph()
            self._boxes, self._following = [], []

    def _start_box(self, _: dict[str, str]) -> None:
        self._texts.append(StreamedLayout())

    def _end_box(self) -> None:
        if len(self._texts) > 1:
            self._boxes.append(self._texts.pop().layout.text())

    def _refer(self, kind: str, attributes: dict[str, str]) -> None:
        note = self._notes.take(kind, attributes.get("id", ""))
        if note:
            self._following.append(note)

    def _break(self, attributes: dict[str, str]) -> None:
        if attributes.get("type") == "page":
            self._layout.paragraph()
        else:
            self._layout.line()

    def _symbol(self, attributes: dict[str, str]) -> None:
        code = attributes.get("char", "")
        try:
            letter = chr(int(code, 16))
        except (ValueError, OverflowError):
            return
        if letter.isprintable():
            self._write(letter)

    def _start_reading(self, _: dict[str, str]) -> None:
        self._reading = []

    def _end_reading(self) -> None:
        # The reading comes before what it is the reading of.
        self._readings = "".join(self._reading or ())
        self._reading = None

    def _end_base(self) -> None:
        if self._readings:
            self._write(f"({self._readings})")
        self._readings = ""

    def _start_choices(self, _: dict[str, str]) -> None:
        self._choices.append(self._n_written)

    def _end_choices(self) -> None:
        if self._choices:
            self._choices.pop()


def _writes(text: str) -> Callable[[Body, dict[str, str]], None]:
    return lambda body, _: body._write(text)


def _lays(name: str) -> Callable[..., None]:
    return lambda body, *_: getattr(body._layout, name)()


def _refers(kind: str) -> Callable[[Body, dict[str, str]], None]:
    return lambda body, attributes: body._refer(kind, attributes)


# Elements of Word, of formulas (m) and of drawings (a) that mean something to the text.
_STARTS: dict[str, Callable[[Body, dict[str, str]], None]] = {
    "p": Body._start_paragraph,
    "r": Body._start_run,
    "pPr": Body._start_properties,
    "pStyle": Body._set_style,
    "numId": Body._set_list,
    "ilvl": Body._set_list_level,
    "outlineLvl": Body._set_level,
    "vertAlign": Body._set_script,
    "vanish": Body._hide,
    "br": Body._break,
    "cr": _lays("line"),
    "tab": _lays("space"),
    "ptab": _lays("space"),
    "noBreakHyphen": _writes("-"),
    "sym": Body._symbol,
    "tr": _lays("start_row"),
    "txbxContent": Body._start_box,
    "AlternateContent": Body._start_choices,
    "rt": Body._start_reading,
    "footnoteReference": _refers("footnote"),
    "endnoteReference": _refers("endnote"),
    "commentReference": _refers("comment"),
    "den": _writes("/"),
    "sup": _writes("^"),
    "sub": _writes("_"),
    "rad": _writes("\u221a"),
    "mr": _lays("line"),
    "pt": _lays("line"),
}
_ENDS: dict[str, Callable[[Body], None]] = {
    "p": Body._end_paragraph,
    "pPr": Body._end_properties,
    "tc": _lays("end_cell"),
    "tr": _lays("end_row"),
    "txbxContent": Body._end_box,
    "AlternateContent": Body._end_choices,
    "rt": Body._end_reading,
    "rubyBase": Body._end_base,
    "e": _lays("space"),
}


class Notes:
    """Footnotes, endnotes and comments by kind and id; each is taken once."""

    def __init__(self) -> None:
        """Start with none."""
        self._texts: dict[tuple[str, str], str] = {}

    def add(self, kind: str, name: str, text: str) -> None:
        """Add the text of a note."""
        if text:
            self._texts[kind, name] = text

    def take(self, kind: str, name: str) -> str:
        """Return a note that was not taken yet; empty if there is none."""
        return self._texts.pop((kind, name), "")

    def unused(self) -> list[str]:
        """Return the notes that no paragraph referred to."""
        return list(self._texts.values())
