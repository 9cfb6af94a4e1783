"""A slide of a PowerPoint presentation: its shapes in their order, each as a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from colmodern.corpus.extraction.office.slide_numbers import SlideNumbers
from colmodern.corpus.extraction.rows_of_cells import StreamedLayout

__all__ = ["SlideReader", "SlideShape"]

_MARKS = {"den": "/", "sup": "^", "sub": "_", "rad": "\u221a"}


@dataclass(slots=True)
class SlideShape:
    """A part of a slide.

    Attributes:
        kind: What it is on its slide: ``title``, ``body``, ``ftr``; empty for a free one.
        text: What it says.
        relation: The id of the chart or diagram that it shows; empty for none.
    """

    kind: str = ""
    text: str = ""
    relation: str = ""


class SlideReader:
    """Reads the shapes of a slide.

    Attributes:
        shapes: In the order in which they lie on each other, which is that of reading aloud.
    """

    def __init__(self) -> None:
        """Start with no shapes."""
        self.shapes: list[SlideShape] = []
        self._layout = StreamedLayout()
        self._shape = SlideShape()
        self._numbers = SlideNumbers()
        self._is_style = False
        self._is_new = False
        self._is_text = False
        self._is_number = False
        self._is_raised = False
        self._unseen = 0
        self._n_written = 0
        self._choices: list[int] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        # What older programs show instead: the same again, or a picture of it.
        has_choice = bool(self._choices) and self._n_written > self._choices[-1]
        if self._unseen or (name == "Fallback" and has_choice):
            self._unseen += 1
            return
        self._is_text = name == "t"
        if name in _MARKS:
            self._layout.write(_MARKS[name])
        elif (action := _STARTS.get(name)) is not None:
            action(self, attributes)

    def text(self, text: str) -> None:
        """Take text."""
        if not self._is_text or self._unseen or self._is_number:
            return
        if self._is_new and text.strip():  # only what says something is counted
            self._is_new = False
            if number := self._numbers.number():
                self._layout.write(f"{number} ")
        if self._is_raised and self._layout.last.isalnum() and text[:1].isdigit():
            self._layout.write("^")
        self._layout.write(text)
        self._n_written += 1

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._is_text = False
        if self._unseen:
            self._unseen -= 1
        elif (action := _ENDS.get(name)) is not None:
            action(self)

    def finish(self) -> None:
        """End the shape that is still open, as at the end of a part that breaks off."""
        self._shape.text = self._layout.layout.text()
        if self._shape.text or self._shape.relation:
            self.shapes.append(self._shape)
        self._shape, self._layout = SlideShape(), StreamedLayout()
        self._numbers = SlideNumbers()

    def _start_shape(self, _: dict[str, str]) -> None:
        self.finish()

    def _start_style(self, _: dict[str, str]) -> None:
        self._is_style = True

    def _end_style(self) -> None:
        self._is_style = False

    def _start_paragraph(self, _: dict[str, str]) -> None:
        self._layout.line()
        self._numbers.start_paragraph()
        self._is_new = True

    def _set_level(self, attributes: dict[str, str]) -> None:
        self._numbers.set_level(attributes.get("lvl", "0"))

    def _set_number(self, attributes: dict[str, str]) -> None:
        if self._is_style:
            self._numbers.set_style(attributes)
        else:
            self._numbers.set_kind(attributes)

    def _set_bullet(self, _: dict[str, str]) -> None:
        if not self._is_style:
            self._numbers.set_kind(None)

    def _set_kind(self, attributes: dict[str, str]) -> None:
        self._shape.kind = attributes.get("type", "obj")

    def _show_chart(self, attributes: dict[str, str]) -> None:
        self._shape.relation = attributes.get("id", "")
        self._n_written += 1

    def _show_diagram(self, attributes: dict[str, str]) -> None:
        self._shape.relation = attributes.get("dm", "")

    def _start_run(self, _: dict[str, str]) -> None:
        self._is_raised = False

    def _set_look(self, attributes: dict[str, str]) -> None:
        self._is_raised = attributes.get("baseline", "0")[:1] in set("123456789")

    def _start_field(self, attributes: dict[str, str]) -> None:
        self._is_number = attributes.get("type", "") == "slidenum"

    def _end_field(self) -> None:
        self._is_number = False

    def _start_choices(self, _: dict[str, str]) -> None:
        self._choices.append(self._n_written)

    def _end_choices(self) -> None:
        if self._choices:
            self._choices.pop()


def _is_on(level: int) -> Callable[[SlideReader, dict[str, str]], None]:
    return lambda reader, _: reader._numbers.set_level(str(level))


def _lays(name: str) -> Callable[..., None]:
    return lambda reader, *_: getattr(reader._layout, name)()


_STARTS: dict[str, Callable[[SlideReader, dict[str, str]], None]] = {
    "sp": SlideReader._start_shape,
    "graphicFrame": SlideReader._start_shape,
    "ph": SlideReader._set_kind,
    "chart": SlideReader._show_chart,
    "relIds": SlideReader._show_diagram,
    "p": SlideReader._start_paragraph,
    "lstStyle": SlideReader._start_style,
    **{f"lvl{level + 1}pPr": _is_on(level) for level in range(9)},
    "pPr": SlideReader._set_level,
    "buAutoNum": SlideReader._set_number,
    "buChar": SlideReader._set_bullet,
    "buBlip": SlideReader._set_bullet,
    "buNone": SlideReader._set_bullet,
    "br": _lays("line"),
    "tr": _lays("start_row"),
    "r": SlideReader._start_run,
    "rPr": SlideReader._set_look,
    "fld": SlideReader._start_field,
    "AlternateContent": SlideReader._start_choices,
}
_ENDS: dict[str, Callable[[SlideReader], None]] = {
    "sp": SlideReader.finish,
    "graphicFrame": SlideReader.finish,
    "p": _lays("line"),
    "lstStyle": SlideReader._end_style,
    "tc": _lays("end_cell"),
    "tr": _lays("end_row"),
    "fld": SlideReader._end_field,
    "AlternateContent": SlideReader._end_choices,
}
