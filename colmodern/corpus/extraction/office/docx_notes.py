"""The parts of a Word document that hold its footnotes, endnotes and comments."""

from __future__ import annotations

from colmodern.corpus.extraction.office.docx_body import Body, Notes
from colmodern.corpus.extraction.office.docx_lists import DocxLists
from colmodern.corpus.extraction.office.docx_styles import Styles

__all__ = ["NotesReader"]


class NotesReader:
    """Reads a part of notes into their texts."""

    def __init__(self, notes: Notes, kind: str, styles: Styles, lists: DocxLists) -> None:
        """Read into these notes; what is numbered in them is counted by ``lists``."""
        self._notes, self._kind, self._styles, self._lists = notes, kind, styles, lists
        self._name = ""
        self._body: Body | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if name == self._kind:
            # Separators are lines between the text and its notes.
            is_note = "eparator" not in attributes.get("type", "")
            self._name = attributes.get("id", "")
            self._body = Body(self._styles, Notes(), self._lists) if is_note else None
        elif self._body is not None:
            self._body.start(name, attributes)

    def text(self, text: str) -> None:
        """Take text of the part."""
        if self._body is not None:
            self._body.text(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == self._kind and self._body is not None:
            self._body.finish()
            self._notes.add(self._kind, self._name, self._body.result())
            self._body = None
        elif self._body is not None:
            self._body.end(name)
