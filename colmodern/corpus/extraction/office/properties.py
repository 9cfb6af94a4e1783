"""What an office file says of itself."""

from __future__ import annotations

import re

from colmodern.corpus.extraction.office.archive import Archive

__all__ = ["title_of"]

_PLACES = ("docProps/core.xml", "meta.xml")
_NO_TITLE = re.compile(
    r"(?:microsoft )?(?:word|excel|powerpoint)(?: document| presentation)?|untitled[ \d]*"
    r"|(?:document|presentation|slide|book) ?\d*",
    re.IGNORECASE,
)


class _Title:
    def __init__(self) -> None:
        self.title = ""
        self._is_inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self._is_inside = name == "title"

    def text(self, text: str) -> None:
        if self._is_inside:
            self.title += text

    def end(self, name: str) -> None:  # noqa: ARG002
        self._is_inside = False


def title_of(archive: Archive) -> str:
    """Return the title in the properties of a file, on one line; empty if nobody wrote one."""
    for place in _PLACES:
        if place in archive.names:
            found = _Title()
            archive.read(place, found)
            title = " ".join(found.title.split())
            return "" if _NO_TITLE.fullmatch(title) else title
    return ""
