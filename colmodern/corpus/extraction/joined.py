"""Texts one after the other: chapters of a book, parts of a message, what is attached to it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from colmodern.text.headings import Heading
from colmodern.text.noted_headings import json_list, sections_field
from colmodern.types import Metadata, MetadataValue

__all__ = ["JoinedText"]

_BREAK = "\n\n"


class JoinedText:
    """Puts texts together, and keeps where their headings and rows stand."""

    def __init__(self) -> None:
        """Start with no text."""
        self.length = 0
        self._parts: list[str] = []
        self._headings: list[Heading] = []
        self._rows: list[tuple[int, int]] = []

    def add(
        self, text: str, headings: Iterable[Heading] = (), *, above: str = "", depth: int = 0
    ) -> int:
        """Write a text, if it says anything.

        Args:
            text: The text.
            headings: Its headings, by its own offsets.
            above: A heading for all of it, that stands in it or in its table of contents.
            depth: How many headings it stands under.

        Returns:
            Where it begins.
        """
        start = self.length + len(_BREAK) if self._parts else 0
        if not text:
            return start
        if above:
            self._headings.append(Heading(start, 1, above))
        for heading in headings:
            self._headings.append(
                Heading(start + heading.start, depth + heading.level, heading.title)
            )
        self._parts.append(text)
        self.length = start + len(text)
        return start

    def add_file(
        self, name: str, text: str, headings: Iterable[Heading], metadata: Metadata
    ) -> None:
        """Write a text under the name of the file that says it; its rows keep their numbers."""
        self.add(name, above=name)
        start = self.add(text, headings, depth=1)
        rows = json_list(metadata.get("row_starts"))
        self._rows += [(start + at, number) for at, number in rows]
        if rows:
            self._rows.append((self.length + 1, 0))

    def result(self) -> str:
        """Return the text so far."""
        return _BREAK.join(self._parts)

    def places(self) -> dict[str, MetadataValue]:
        """Return the fields that say under which heading and in which row a character stands."""
        rows = json.dumps(self._rows, separators=(",", ":"))
        found: dict[str, MetadataValue] = {"row_starts": rows} if self._rows else {}
        return found | sections_field(self._headings)
