"""Where the characters of a page stand, and how large they are."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

__all__ = ["Box", "Characters", "n_without_meaning"]

# A raised number is smaller than the text, and its foot stands higher, by these shares of its size.
_SMALLER = 0.86
_HIGHER = 0.15


class Box(NamedTuple):
    """The rectangle of a character, its advance included, in points."""

    left: float
    bottom: float
    right: float
    top: float


class Characters:
    """The characters of a text of PDFium, named by their place in it."""

    def __init__(self, text_page: Any, length: int) -> None:
        """Look at a page whose text has ``length`` characters."""
        self._page = text_page.raw
        self._is_same = text_page.count_chars() == length
        self._boxes = self._found_boxes(length)

    def box(self, place: int, turns: int) -> Box | None:
        """Return where a character stands, as its line lies; None for one that PDFium put in.

        Args:
            place: The character.
            turns: By how many quarters its line is turned, as ``turns`` says.
        """
        box = self._boxes[place]
        if box is None or turns == 0:
            return box
        left, bottom, right, top = box
        if turns == 1:
            return Box(bottom, -right, top, -left)
        return Box(-right, -top, -left, -bottom) if turns == 2 else Box(-top, left, -bottom, right)

    def turns(self, place: int) -> int:
        """Return by how many quarters, against the clock, the line of a character is turned."""
        from pypdfium2 import raw

        matrix = raw.FS_MATRIX()
        if not raw.FPDFText_GetMatrix(self._page, self._index(place), matrix):
            return 0
        if abs(matrix.a) >= abs(matrix.b):
            return 0 if matrix.a >= 0 else 2
        return 1 if matrix.b > 0 else 3

    def is_raised(self, first: int, second: int, turns: int) -> bool:
        """Say whether the second character is a small one, set higher than the first."""
        size = self._size(first)
        rise = self._foot(second, turns) - self._foot(first, turns)
        return self._size(second) < _SMALLER * size and rise > _HIGHER * size

    def _found_boxes(self, length: int) -> list[Box | None]:
        from pypdfium2 import raw

        rect = raw.FS_RECTF()
        boxes: list[Box | None] = []
        for place in range(length):
            found = raw.FPDFText_GetLooseCharBox(self._page, self._index(place), rect)
            box = Box(rect.left, rect.bottom, rect.right, rect.top) if found else None
            has_room = box is not None and box.right > box.left and box.top > box.bottom
            boxes.append(box if has_room else None)
        return boxes

    def _index(self, place: int) -> int:
        if self._is_same:
            return place
        from pypdfium2 import raw

        return int(raw.FPDFText_GetCharIndexFromTextIndex(self._page, place))

    def _size(self, place: int) -> float:
        """Return the height of a character's font on the page, its matrix included."""
        from pypdfium2 import raw

        index = self._index(place)
        matrix = raw.FS_MATRIX()
        size = float(raw.FPDFText_GetFontSize(self._page, index))
        if raw.FPDFText_GetMatrix(self._page, index, matrix):
            return float(size * (matrix.c**2 + matrix.d**2) ** 0.5)
        return size

    def _foot(self, place: int, turns: int) -> float:
        from pypdfium2 import raw

        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetCharOrigin(self._page, self._index(place), x, y)
        return (y.value, -x.value, -y.value, x.value)[turns]


def n_without_meaning(text_page: Any) -> int:
    """Return how many characters of a page the file gives no meaning."""
    from pypdfium2 import raw

    count = range(text_page.count_chars())
    return sum(raw.FPDFText_HasUnicodeMapError(text_page.raw, i) == 1 for i in count)
