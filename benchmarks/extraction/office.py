"""DOCX: words of LibreOffice's text that are missing.

The files are pages of the manuals that LibreOffice has made DOCX of, and those of packages.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.extraction.packages import files_named, files_of, unpacked
from colmodern.corpus import extract, scan

__all__ = ["OFFICE", "PAGES", "OfficeRecall", "office_recalls"]

OFFICE = ("r-cran-officer",)
PAGES = {
    "debian-policy": "ch-sharedlibs.html",
    "developers-reference": "pkgs.html",
    "git-doc": "git-rebase.html",
    "postgresql-doc-15": "functions-string.html",
    "sqlite3-doc": "lang_select.html",
}

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class OfficeRecall:
    """How many words of LibreOffice's text are in ours, and what we have glued."""

    name: str
    words: int
    found: int
    glued: tuple[str, ...]
    missing: tuple[str, ...]
    seconds: float


def office_recalls(folder: Path) -> list[OfficeRecall]:
    """Return a comparison for each DOCX file."""
    with tempfile.TemporaryDirectory() as place:
        pages = [next(files_named(unpacked(p, folder), page)) for p, page in PAGES.items()]
        made = _converted(pages, "docx:MS Word 2007 XML", Path(place))
        found = [path for name in OFFICE for path in files_of(unpacked(name, folder), ".docx")]
        files = [*made, *found]
        texts = _converted(files, "txt:Text (encoded):UTF8", Path(place))
        both = zip(files, texts, strict=True)
        return [_recall(*one) for one in both if one[1].exists() and one[1].stat().st_size > 100]


def _converted(paths: Sequence[Path], form: str, place: Path) -> list[Path]:
    """Return what LibreOffice makes of files, where it makes something."""
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{place}/profile"]
    suffix = form.partition(":")[0]
    reads = "--infilter=HTML (StarWriter)" if suffix == "docx" else "--infilter=MS Word 2007 XML"
    command += [reads, "--convert-to", form, "--outdir", str(place)]
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True)
    return [place / f"{path.stem}.{suffix}" for path in paths]


def _recall(path: Path, text: Path) -> OfficeRecall:
    words = _WORD.findall(text.read_text(encoding="utf-8-sig").lower())
    (source,) = scan([path]).sources
    began = time.perf_counter()
    ((document, _),) = extract(source, report=lambda _: None)
    seconds = time.perf_counter() - began
    theirs, ours = Counter(words), Counter(_WORD.findall(document.text.lower()))
    missing, neighbours = theirs - ours, set(pairwise(words))
    glued = tuple(
        word
        for word in ours
        if word not in theirs
        and any((word[:at], word[at:]) in neighbours for at in range(1, len(word)))
    )
    n_found = theirs.total() - missing.total()
    most = tuple(word for word, _ in missing.most_common(12))
    return OfficeRecall(path.name, theirs.total(), n_found, glued, most, seconds)
