"""What mkdocs calls: pages from outside docs/ and pages that the code writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from mkdocs.structure.files import File, Files

from tools.site import notebooks, outside, reference


def on_config(config: Any) -> Any:
    """Give every page of docs/ a place: decisions in their section, what has none in the last."""
    config.nav = outside.with_all_pages(config.nav)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add pages."""
    for source, page in outside.PAGES.items():
        path = outside.ROOT / source
        text = outside.with_links(path.read_text(encoding="utf-8"), path, page)
        files.append(File.generated(config, page, content=text))
    for path in outside.linked_code():
        page = outside.page_of(path)
        files.append(File.generated(config, page, content=outside.code_page(path)))
    for place, text in {**reference.pages(), **notebooks.pages()}.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links of a page in docs/ that leave it lead to pages of the site."""
    path = page.file.abs_src_path
    if path is None or outside.DOCS not in Path(path).parents:
        return markdown
    return outside.with_links(markdown, Path(path), page.file.src_uri)
