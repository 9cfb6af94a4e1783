"""Office formats, books and manual pages: words of the reader that knows each best.

LibreOffice reads ODT, RTF, sheets (as CSV) and slides (as PDF, which pdftotext reads); pandoc makes
EPUBs and reads them; ``man`` shows manual pages. Texts and books are pages of the manuals, the
other files are those of packages.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.extraction.compared import Comparison, compared
from benchmarks.extraction.office import PAGES
from benchmarks.extraction.packages import files_named, files_of, unpacked

__all__ = ["format_recalls"]

SHEETS = ("r-cran-openxlsx", "r-cran-readxl")
SLIDES = ("r-cran-officer",)
MANUAL_PAGES = ("git-man", "openssh-client", "bash", "xz-utils")

# All sheets, as they are shown, separated by tabs, in UTF-8.
_CSV = "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,false,false,false,-1"
_TEXT = "txt:Text (encoded):UTF8"


def format_recalls(folder: Path) -> Iterator[tuple[str, list[Comparison]]]:
    """Yield the name of each format, and a comparison for each of its files."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        pages = [next(files_named(unpacked(p, folder), page)) for p, page in PAGES.items()]
        sheets = [path for p in SHEETS for path in files_of(unpacked(p, folder), ".xlsx")]
        slides = [path for p in SLIDES for path in files_of(unpacked(p, folder), ".pptx")]
        html = "--infilter=HTML (StarWriter)"
        yield "ODT", _each(_made(pages, place, "odt", html), _office_texts, place)
        rtf = _made(pages, place, "rtf:Rich Text Format", html)
        yield "RTF", _each(rtf, _office_texts, place)
        yield "XLSX", _each(sheets, _sheet_texts, place)
        yield "ODS", _each(_made(sheets, place, "ods"), _sheet_texts, place)
        yield "PPTX", _each(slides, _slide_texts, place)
        yield "ODP", _each(_made(slides, place, "odp"), _slide_texts, place)
        yield "EPUB", _each([_book(page, place) for page in pages], _book_texts, place)
        manual = [path for p in MANUAL_PAGES for path in _manual_pages(unpacked(p, folder))]
        yield "man", _each(manual, _page_texts, place)


def _each(
    paths: list[Path], read: Callable[[list[Path], Path], list[str]], place: Path
) -> list[Comparison]:
    both = zip(paths, read(paths, place), strict=True)
    return [compared(path, text) for path, text in both if len(text) > 100]


def _office(paths: list[Path], place: Path, form: str, *more: str) -> None:
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{place}/profile", *more]
    command += ["--convert-to", form, "--outdir", str(place)]
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True)


def _made(paths: list[Path], place: Path, form: str, *more: str) -> list[Path]:
    """Return what LibreOffice makes of files, where it makes something."""
    _office(paths, place, form, *more)
    made = (place / f"{path.stem}.{form.partition(':')[0]}" for path in paths)
    return [path for path in made if path.exists()]


def _office_texts(paths: list[Path], place: Path) -> list[str]:
    reads = ["--infilter=Rich Text Format"] if paths[0].suffix == ".rtf" else []
    _office(paths, place, _TEXT, *reads)
    return [(place / f"{path.stem}.txt").read_text(encoding="utf-8-sig") for path in paths]


def _sheet_texts(paths: list[Path], place: Path) -> list[str]:
    own = place / f"sheets-{paths[0].suffix}"
    own.mkdir()
    _office(paths, own, _CSV)
    return [
        "\n".join(sheet.read_text(encoding="utf-8") for sheet in sorted(own.glob(f"{path.stem}-*")))
        for path in paths
    ]


def _slide_texts(paths: list[Path], place: Path) -> list[str]:
    _office(paths, place, "pdf")
    pdfs = (place / f"{path.stem}.pdf" for path in paths)
    return [_said(["pdftotext", "-layout", str(pdf), "-"]) for pdf in pdfs]


def _book(page: Path, place: Path) -> Path:
    book = place / f"{page.stem}.epub"
    _said(["pandoc", "-f", "html", str(page), "-o", str(book)])
    return book


def _book_texts(paths: list[Path], _: Path) -> list[str]:
    return [_said(["pandoc", "-t", "plain", "--wrap=none", str(path)]) for path in paths]


def _manual_pages(place: Path) -> list[Path]:
    """Return pages of a package that say something of their own."""
    pages = [path for path in files_of(place, ".gz") if "/man/man" in str(path)]
    return [path for path in pages if path.stat().st_size > 2_000][:40]


def _page_texts(paths: list[Path], _: Path) -> list[str]:
    # The first and the last line are those of a page of paper.
    shown = (_said(["sh", "-c", f"man --nh --nj -Tutf8 -l '{path}' | col -bx"]) for path in paths)
    return ["\n".join(text.strip().split("\n")[1:-1]) for text in shown]


def _said(command: list[str]) -> str:
    """Return what a program prints, in lines of any length."""
    wide = {"MANWIDTH": "2000", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, check=True, capture_output=True, env=wide)
    return done.stdout.decode("utf-8", "replace")
