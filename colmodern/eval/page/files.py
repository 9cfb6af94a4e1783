"""How do the sections become one file?"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.page.section import Section, section_html
from colmodern.eval.pictures.style import require_matplotlib
from colmodern.eval.results.markup import text_html

# A page that holds other people's texts may load nothing and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_page(sections: Sequence[Section]) -> str:
    """Return a whole page, styles and pictures inside, that needs no network.

    Raises:
        InputError: A section's reports are on different collections, or lack a measure.
        MissingExtraError: matplotlib is not installed.
    """
    names = dict.fromkeys(section.reports[0].dataset for section in sections)
    title = text_html(f"Evaluation on {', '.join(names)}")
    style = resources.files("colmodern.eval.page").joinpath("style.css").read_text("utf-8")
    body = "\n".join(section_html(section, number) for number, section in enumerate(sections))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main><h1>{title}</h1>\n{body}\n</main></body></html>\n"
    )


def write_page(path: str | Path, sections: Sequence[Section]) -> Path:
    """Write the page to a file, in place of one that is there; return its path.

    Raises:
        InputError: The file cannot be written; and as in ``render_page``.
        MissingExtraError: matplotlib is not installed.
    """
    path = Path(path)
    page = render_page(sections)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as err:
        raise InputError(
            f"Cannot write the page to {path}: {err.strerror or err}.", code="file_not_written"
        ) from err
    return path


def check_can_write(path: Path) -> None:
    """Refuse a page that cannot be made or written, before hours of measuring.

    Raises:
        InputError: The path is a folder, or lies in none.
        MissingExtraError: matplotlib is not installed.
    """
    require_matplotlib()
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(
            f"Cannot write the page to {path}: give a file in a folder that exists.",
            code="file_not_written",
        )
