"""The words of a drawing, a chart or comments: boxes, titles, names of series and categories."""

from __future__ import annotations

from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.office.relations import relations_of

__all__ = ["words_of_drawing", "words_of_part"]


class _Lines:
    """Collects paragraphs, and the words that a chart keeps of its sheet; each once."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}
        self._line: list[str] = []
        self._is_text = False
        self._cache = 0
        self._unseen = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        # What older programs show instead: that they cannot show it.
        self._unseen += name == "Fallback" or self._unseen > 0
        self._cache += name == "strCache"
        self._is_text = name in {"t", "text"} or (name == "v" and self._cache > 0)
        if name in {"br", "tab"}:
            self._line.append(" ")

    def text(self, text: str) -> None:
        if self._is_text and not self._unseen:
            self._line.append(text)

    def end(self, name: str) -> None:
        self._is_text = False
        self._unseen -= self._unseen > 0
        self._cache -= name == "strCache"
        if name in {"p", "pt", "text"}:
            line = " ".join("".join(self._line).split())
            self._line = []
            if line:
                self.found.setdefault(line)


def words_of_part(archive: Archive, part: str) -> str:
    """Return the words of a chart, a diagram or comments, a line each."""
    lines = _Lines()
    archive.read(part, lines)
    return "\n".join(lines.found)


def words_of_drawing(archive: Archive, part: str) -> str:
    """Return the words of a drawing of a sheet, and those of its charts."""
    charts = relations_of(archive, part).of_kind("chart")
    found = [words_of_part(archive, one) for one in (part, *charts)]
    return "\n\n".join(filter(None, found))
