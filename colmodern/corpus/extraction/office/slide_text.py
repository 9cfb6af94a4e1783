"""The slides of a presentation as a text, and where each of them begins."""

from __future__ import annotations

import json
from collections.abc import Sequence

from colmodern.text.headings import Heading
from colmodern.text.noted_headings import sections_field
from colmodern.types import MetadataValue

__all__ = ["SlideText"]

_BREAK = "\n\n"


class SlideText:
    """Puts the text of a presentation together."""

    def __init__(self) -> None:
        """Start with no slides."""
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._headings: list[Heading] = []
        self._length = 0

    @property
    def first_title(self) -> str:
        """The first title of a slide; empty if none has one."""
        return self._headings[0].title if self._headings else ""

    def slide(self, title: str, blocks: Sequence[str]) -> None:
        """Write a slide: its title first, then its blocks; one without text is counted."""
        line = " ".join(title.split())
        start = self._length + len(_BREAK) if self._parts else 0
        self._starts.append(start)
        if line:
            self._headings.append(Heading(start, 1, line))
        elif self._headings:  # what follows does not stand under the title of another slide
            self._headings.append(Heading(start, 1, ""))
        if text := _BREAK.join(filter(None, (line, *blocks))):
            self._length = start + len(text)
            self._parts.append(text)

    def result(self) -> str:
        """Return the text so far."""
        return _BREAK.join(self._parts)

    def places(self) -> dict[str, MetadataValue]:
        """Return the fields that say on which slide a character stands."""
        starts = json.dumps(self._starts, separators=(",", ":"))
        slides: dict[str, MetadataValue] = {"slides": len(self._starts), "slide_starts": starts}
        return slides | sections_field(self._headings)
