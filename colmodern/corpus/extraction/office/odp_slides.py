"""The slides of an OpenDocument presentation, with speaker notes and comments."""

from __future__ import annotations

from colmodern.corpus.extraction.office.odf_lists import ListStyles
from colmodern.corpus.extraction.office.odf_reader import OdfReader
from colmodern.corpus.extraction.office.slide_text import SlideText

__all__ = ["OdpSlides"]

_NUMBERS = frozenset({"page-number", "date-time"})


class OdpSlides(OdfReader):
    """Reads a presentation into a :class:`SlideText`; speaker notes follow their slide."""

    def __init__(self, text: SlideText, lists: ListStyles) -> None:
        """Start with no slide; styles of lists that another part has come along."""
        super().__init__(lists)
        self._slides = text
        self._title = ""
        self._blocks: list[str] = []
        self._notes: list[str] = []
        self._is_open = False
        self._is_notes = False

    def finish(self) -> None:
        """End the slide that is still open."""
        super().finish()
        if self._is_open:
            self._end_slide()

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        if name == "page":
            self._title, self._blocks, self._notes = "", [], []
            self._is_open = True
        elif name == "notes":
            self._is_notes = True
        elif name == "table-row":
            self._now.layout.start_row()

    def _end_other(self, name: str) -> None:
        if name == "page":
            self._end_slide()
        elif name == "notes":
            self._is_notes = False
        elif name in {"table-cell", "covered-table-cell"}:
            self._now.layout.end_cell()
        elif name == "table-row":
            self._now.layout.end_row()

    def _end_slide(self) -> None:
        self._slides.slide(self._title, [*self._blocks, *self._notes])
        self._is_open = False

    def _took(self, own: str, name: str, text: str) -> None:
        if name == "title" and not self._title and not self._is_notes:
            self._title = text
        elif text and name not in _NUMBERS:
            (self._notes if self._is_notes or own == "note" else self._blocks).append(text)
