"""PDFs: words of pdftotext that are missing, and numbers that were glued to their neighbours."""

from __future__ import annotations

import gzip
import re
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.extraction.packages import files_of, unpacked
from colmodern.corpus import ExtractionError, extract, scan
from colmodern.corpus.extraction.pdf.running import without_running_lines

__all__ = ["PAPERS", "Recall", "recalls_of"]

PAPERS = ("developers-reference", "debian-policy", "bash-doc", "sqlite3-doc")

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Recall:
    """How many words of another reader's text are in ours, and which numbers only we have."""

    name: str
    pages: int
    words: int
    found: int
    glued: tuple[str, ...]
    missing: tuple[str, ...]
    seconds: float


def recalls_of(name: str, folder: Path) -> list[Recall]:
    """Return a comparison for each PDF of a package."""
    place = unpacked(name, folder)
    for packed in files_of(place, ".gz"):
        if packed.name.endswith(".pdf.gz") and not packed.with_suffix("").exists():
            packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    return [recall for path in files_of(place, ".pdf") if (recall := _recall(path)) is not None]


def _recall(path: Path) -> Recall | None:
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    # Running titles and page numbers are left out on purpose, so they are in both.
    pages = without_running_lines(done.stdout.decode().split("\f"), depth=4)
    words = _words("\n".join(pages))
    printed = set(_words(done.stdout.decode()))
    theirs, neighbours = Counter(words), set(pairwise(words))
    (source,) = scan([path]).sources
    began = time.perf_counter()
    try:
        ((document, _),) = extract(source, report=lambda _: None)
    except ExtractionError:
        return None
    seconds = time.perf_counter() - began
    ours = Counter(_words(document.text))
    missing = theirs - ours
    glued = [
        word
        for word in ours
        if word not in printed
        and any((word[:at], word[at:]) in neighbours for at in range(1, len(word)))
        and any(map(str.isdigit, word))
    ]
    n_pages = int(document.metadata["pages"] or 0)
    counts = n_pages, theirs.total(), theirs.total() - missing.total()
    most = tuple(word for word, _ in missing.most_common(12))
    return Recall(path.name, *counts, tuple(glued), most, seconds)


def _words(text: str) -> list[str]:
    # A word that is broken at the end of a line is one word, in both.
    return _WORD.findall(re.sub(r"(\w)[-\u00ad\u2010]\n(\w)", r"\1\2", text).lower())
