"""Which languages does a checkpoint say that it reads? Its model card's front matter has them."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["languages_in"]

_CARD = "README.md"
_MOST_BYTES = 64 * 1024
_CODE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_KEY = "language:"


def languages_in(folder: Path) -> tuple[str, ...]:
    """Return the codes of the languages, as in ``en``; none if no card says any."""
    try:
        with (folder / _CARD).open("rb") as file:
            lines = file.read(_MOST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    if not lines or lines[0].strip() != "---":
        return ()
    found: list[str] = []
    is_inside = False
    for line in lines[1:]:
        if line.strip() == "---":
            break
        is_item = is_inside and line.lstrip().startswith("- ")
        is_inside = line.startswith(_KEY) or is_item
        if is_inside:
            words = line.lstrip("- ").removeprefix(_KEY).strip(" []").split(",")
            found += (code for word in words if _CODE.fullmatch(code := word.strip(" '\"")))
    return tuple(dict.fromkeys(found))
