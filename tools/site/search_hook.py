"""What mkdocs calls for the search of the site: pages are read, and an index of them is written."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from mkdocs.structure.files import File, Files

from tools.site import sections

_LOG = logging.getLogger("mkdocs.hooks.search")
_SCRIPTS = ("words.js", "phrases.js", "ranking.js", "passage.js", "box.js")
"""In this order; each may use what those before it define."""
_PAGES: list[sections.Page] = []


def on_config(config: Any) -> Any:
    """Let every page have the search."""
    _PAGES.clear()
    config.extra_javascript += [f"search/{name}" for name in _SCRIPTS]
    config.extra_css += ["search/search.css"]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the scripts and the style."""
    for name in (*_SCRIPTS, "search.css"):
        path = sections.SEARCH / name
        files.append(File.generated(config, f"search/{name}", abs_src_path=str(path)))
    return files


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Keep the sections of a page."""
    _PAGES.append(sections.page_of(page.url, html))
    return html


def on_post_build(config: Any) -> None:
    """Write the index, and say how large it is."""
    script = sections.script_of(_PAGES)
    Path(config.site_dir, sections.PLACE).write_text(script, encoding="utf-8")
    _LOG.info(sections.said_of(_PAGES, script))
