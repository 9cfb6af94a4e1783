"""Which files outside docs/ have a page of the site, and where do links to the others lead?

A page of the project's root keeps its text; a file of code is shown as code. What has no page (a
folder, a test) is named, not linked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tools.site import notebooks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "README.md": "index.md",
    "SECURITY.md": "project/security.md",
    "colmodern/storage/FORMAT.md": "project/format.md",
}
"""Markdown of the project, and the pages they become."""
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".sbatch": "sh", ".md": "markdown"}
_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\]\([^)]*\))*)\]\((?P<target>[^)\s]+)\)")
_PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def linked_code() -> Iterator[Path]:
    """Yield the files of code that pages link to."""
    seen = set()
    for page in [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in PAGES)]:
        for found in _LINK.finditer(page.read_text(encoding="utf-8")):
            path = _inside(page.parent, found["target"])
            if path is None or path in seen or not path.is_file() or DOCS in path.parents:
                continue
            if path.relative_to(ROOT).as_posix() not in PAGES:
                seen.add(path)
                yield path


def with_all_pages(nav: list[Any]) -> list[Any]:
    """Return a navigation with all decisions and notebooks in their sections, the rest in a last.

    Args:
        nav: As ``mkdocs.yml`` has it: pages, and sections of pages.
    """
    pages = [path.relative_to(DOCS).as_posix() for path in sorted(DOCS.rglob("*.md"))]
    decisions = [page for page in pages if page.startswith("decisions/")]
    whole = {"Decisions": decisions, "Notebooks": notebooks.names()}
    filled = [_filled(one, whole) for one in nav]
    placed = set(_pages_in(filled))
    rest = [page for page in pages if page not in placed]
    return [*filled, {"Further": rest}] if rest else filled


def _filled(one: Any, whole: dict[str, list[str]]) -> Any:
    if not isinstance(one, dict):
        return one
    return {
        title: whole.get(title) or [_filled(inner, whole) for inner in inside]
        for title, inside in one.items()
    }


def _pages_in(nav: list[Any]) -> Iterator[str]:
    for one in nav:
        if isinstance(one, str):
            yield one
        else:
            for inside in one.values():
                yield from _pages_in(inside)


def page_of(path: Path) -> str | None:
    """Return the page of a file of the project, as a path of the site; None: it has none."""
    relative = path.relative_to(ROOT).as_posix()
    if relative in PAGES:
        return PAGES[relative]
    if not path.is_file():
        return None
    return path.relative_to(DOCS).as_posix() if DOCS in path.parents else f"files/{relative}.md"


def code_page(path: Path) -> str:
    """Return the text of the page that shows a file."""
    name = path.relative_to(ROOT).as_posix()
    language = _LANGUAGES.get(path.suffix, "text")
    return f"# {name}\n\n``````{language}\n{path.read_text(encoding='utf-8').rstrip()}\n``````\n"


def with_links(text: str, source: Path, page: str) -> str:
    """Return the text of a page with its links leading to pages of the site.

    Args:
        text: Its Markdown.
        source: The file that it was written in, from which its links count.
        page: The page that it becomes.
    """

    def link(found: re.Match[str]) -> str:
        target, _, anchor = found["target"].partition("#")
        shown = with_links(found["text"], source, page)
        path = _inside(source.parent, target)
        if path is None:
            return f"[{shown}]({found['target']})"
        leads = page_of(path)
        if leads is None:
            return shown
        at = os.path.relpath(leads, PurePosixPath(page).parent)
        return f"[{shown}]({at}{'#' + anchor if anchor else ''})"

    def picture(found: re.Match[str]) -> str:
        path = _inside(source.parent, found["target"])
        if path is None or DOCS not in path.parents:
            return found[0]
        at = os.path.relpath(path.relative_to(DOCS).as_posix(), PurePosixPath(page).parent)
        return f"![{found['text']}]({at})"

    return _LINK.sub(link, _PICTURE.sub(picture, text))


def _inside(folder: Path, target: str) -> Path | None:
    """Return the file of the project that a link leads to; None for any other link."""
    path, _, _ = target.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return None
    found = Path(os.path.normpath(folder / path))
    return found if found.exists() and ROOT in found.parents else None
