"""The text of an OpenDocument text document, with its notes, comments, frames and tables."""

from __future__ import annotations

from colmodern.corpus.extraction.office.odf_lists import ListStyles
from colmodern.corpus.extraction.office.odf_reader import OdfReader
from colmodern.text.headings import Heading

__all__ = ["OdtBody", "RunningText"]


class OdtBody(OdfReader):
    """Reads a text document: what stands in a paragraph of its own follows that paragraph."""

    def __init__(self, lists: ListStyles | None = None) -> None:
        """Start with no text; styles of lists that another part has come along."""
        super().__init__(lists)
        self._following: list[str] = []

    def result(self) -> str:
        """Return the text so far."""
        return self._texts[0].layout.layout.text()

    def headings(self) -> list[Heading]:
        """Return the headings so far."""
        return self._texts[0].layout.layout.headings

    def finish(self) -> None:
        """End what is still open."""
        super().finish()
        self._after_paragraph()

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        if name == "table-row":
            self._now.layout.start_row()

    def _end_other(self, name: str) -> None:
        if name in {"table-cell", "covered-table-cell"}:
            self._now.layout.end_cell()
        elif name == "table-row":
            self._now.layout.end_row()
        elif name == "table" or (name == "list" and not self._now.lists):
            self._now.layout.paragraph()

    def _took(self, own: str, name: str, text: str) -> None:  # noqa: ARG002
        if text:
            self._following.append(text)
        if len(self._texts) == 1 and not self._now.paragraphs:
            self._after_paragraph()

    def _after_paragraph(self) -> None:
        layout = self._texts[0].layout
        for text in self._following:
            for line in text.split("\n"):
                layout.write(line)
                layout.line()
            layout.paragraph()
        self._following = []


class RunningText:
    """Reads the headers and footers of pages, each once, and the styles of lists.

    Attributes:
        found: The texts, in their order.
        lists: The styles.
    """

    _PARTS = frozenset(
        f"{part}{kind}" for part in ("header", "footer") for kind in ("", "-left", "-first")
    )

    def __init__(self) -> None:
        """Start with none."""
        self.found: dict[str, None] = {}
        self.lists = ListStyles()
        self._body: OdtBody | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        if name in self._PARTS:
            self._body = OdtBody(self.lists)
        elif self._body is not None:
            self._body.start(name, attributes)
        else:
            self.lists.start(name, attributes)

    def text(self, text: str) -> None:
        """Take text of the part."""
        if self._body is not None:
            self._body.text(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if self._body is None:
            self.lists.end(name)
        elif name in self._PARTS:
            self._body.finish()
            if text := self._body.result():
                self.found.setdefault(text)
            self._body = None
        else:
            self._body.end(name)
