"""Manuals in HTML: headings and paragraphs that are lost, words that are no part of the manual.

What belongs to a page is told here by how its generator builds it, which the extractor does not
know: the part that Sphinx calls main, all but the bars of DocBook, and so on.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.extraction.packages import files_of, unpacked
from colmodern.corpus import Extracted, ExtractionError, extract, scan
from colmodern.text.noted_headings import noted_headings

__all__ = ["MANUALS", "Losses", "losses_of"]

SPHINX = "//*[@role='main']"
BODY = "//body"

# Package: what holds the manual in a page, and what in it is of the site.
_SQLITE_SITE = " or ".join(
    f"@class='{name}'"
    for name in ("tagline desktoponly", "menu mainmenu", "menu submenu", "searchmenu")
)
MANUALS = {
    "python3.11-doc": (SPHINX, ()),
    "postgresql-doc-15": (BODY, ("//*[@class='navheader' or @class='navfooter']",)),
    "sqlite3-doc": (
        BODY,
        (f"//*[{_SQLITE_SITE}]", "//form", "//*[@id='mtimelink']/ancestor::small"),
    ),
    "debian-policy": (SPHINX, ()),
    "developers-reference": (SPHINX, ()),
    "git-doc": (BODY, ("//*[@id='footer']",)),
    "bash-doc": (BODY, ("//div[@class='header']",)),
}

UNITS = {"heading": "h1|h2|h3|h4|h5|h6", "paragraph": "p", "item": "li|dt|dd", "cell": "td|th"}
_UNSEEN = "//script|//style|//svg|//button|//noscript|//template"
_PERMALINK = "//a[normalize-space()='¶' or normalize-space()='#']"


@dataclass(slots=True)
class Losses:
    """Units that were there and that are missing, by kind; letters kept, and those too many."""

    pages: int = 0
    there: Counter[str] = None  # type: ignore[assignment]
    lost: Counter[str] = None  # type: ignore[assignment]
    letters: int = 0
    foreign: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Start the counts."""
        self.there, self.lost = Counter(), Counter()


def losses_of(name: str, folder: Path, examples: list[str]) -> Losses:
    """Return what reading the pages of a package loses; some of it is added to ``examples``."""
    content, chrome = MANUALS[name]
    losses = Losses()
    for path in files_of(unpacked(name, folder), ".html"):
        page = _page(path, content, chrome)
        if page is None:
            continue
        losses.pages += 1
        began = time.perf_counter()
        document = _read(path)
        losses.seconds += time.perf_counter() - began
        text = document.document.text if document else ""
        title = document.document.title if document else ""
        noted = noted_headings(document.document.metadata) if document else []
        titles = {_bare(heading.title) for heading in noted}
        kept = _bare(text)
        for kind, unit in _units(page):
            losses.there[kind] += 1
            if _bare(unit) not in (titles if kind == "heading" else kept):
                losses.lost[kind] += 1
                examples.append(f"{path.name}: {kind}: {' '.join(unit.split())[:100]}")
        # Words are compared by their letters: markup may break one word, or join two.
        letters = Counter(_bare(_text(page))) + Counter(_bare(title))
        foreign = Counter(kept) - letters
        losses.letters += len(kept)
        losses.foreign += foreign.total()
        if foreign.total() > 0.1 * len(kept):
            examples.append(f"{path.name}: {foreign.total()} foreign letters of {len(kept)}")
    return losses


def _page(path: Path, content: str, chrome: tuple[str, ...]) -> Any:
    """Return the part of a page that belongs to the manual; None for a page without one."""
    from lxml import html

    root = html.fromstring(path.read_bytes())
    for xpath in (_UNSEEN, _PERMALINK, *chrome):
        for element in root.xpath(xpath):
            element.drop_tree()
    parts = root.xpath(content)
    return parts[0] if parts else None


def _units(page: Any) -> list[tuple[str, str]]:
    found = []
    for kind, tags in UNITS.items():
        for element in page.xpath("|".join(f".//{tag}" for tag in tags.split("|"))):
            text = _heading(element) if kind == "heading" else _text(element)
            if _bare(text):
                found.append((kind, text))
    return found


def _heading(element: Any) -> str:
    """Return the text of a heading, up to the next heading where its end tag is missing."""
    inner = element.xpath("|".join(f".//h{level}" for level in range(1, 7)))
    text = _text(element)
    return text.partition(_text(inner[0]))[0] if inner and _text(inner[0]).strip() else text


def _text(element: Any) -> str:
    return " ".join(element.itertext())


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _read(path: Path) -> Extracted | None:
    (source,) = scan([path]).sources
    try:
        return next(extract(source, report=lambda _: None))
    except ExtractionError:
        return None
