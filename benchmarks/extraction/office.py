"""DOCX: words of LibreOffice's text that are missing.

The files are pages of the manuals that LibreOffice has made DOCX of, and those of packages.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.extraction.compared import Comparison, compared
from benchmarks.extraction.packages import files_named, files_of, unpacked

__all__ = ["OFFICE", "PAGES", "office_recalls"]

OFFICE = ("r-cran-officer",)
PAGES = {
    "debian-policy": "ch-sharedlibs.html",
    "developers-reference": "pkgs.html",
    "git-doc": "git-rebase.html",
    "postgresql-doc-15": "functions-string.html",
    "sqlite3-doc": "lang_select.html",
}


def office_recalls(folder: Path) -> list[Comparison]:
    """Return a comparison for each DOCX file."""
    with tempfile.TemporaryDirectory() as place:
        pages = [next(files_named(unpacked(p, folder), page)) for p, page in PAGES.items()]
        made = _converted(pages, "docx:MS Word 2007 XML", Path(place))
        found = [path for name in OFFICE for path in files_of(unpacked(name, folder), ".docx")]
        files = [*made, *found]
        texts = _converted(files, "txt:Text (encoded):UTF8", Path(place))
        return [
            compared(path, text.read_text(encoding="utf-8-sig"))
            for path, text in zip(files, texts, strict=True)
            if text.exists() and text.stat().st_size > 100
        ]


def _converted(paths: Sequence[Path], form: str, place: Path) -> list[Path]:
    """Return what LibreOffice makes of files, where it makes something."""
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{place}/profile"]
    suffix = form.partition(":")[0]
    reads = "--infilter=HTML (StarWriter)" if suffix == "docx" else "--infilter=MS Word 2007 XML"
    command += [reads, "--convert-to", form, "--outdir", str(place)]
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True)
    return [place / f"{path.stem}.{suffix}" for path in paths]
