"""Read the files of Debian's packages, and print what was lost and what was taken along.

    python -m benchmarks.extraction FOLDER [PACKAGE ... | office | formats]

Packages are downloaded into FOLDER with apt-get, once, and unpacked, not installed. PDFs are
compared with pdftotext, DOCX with LibreOffice, which must be there; for other formats pandoc, man
and col are needed, too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.extraction.formats import format_recalls
from benchmarks.extraction.manuals import MANUALS, UNITS, losses_of
from benchmarks.extraction.office import office_recalls
from benchmarks.extraction.papers import PAPERS, recalls_of

N_EXAMPLES = 5


def main(arguments: Sequence[str]) -> None:
    """Print Markdown tables of manuals in HTML, with examples of losses, and of PDFs."""
    folder, names = Path(arguments[0]), arguments[1:]
    _print_manuals(folder, [name for name in MANUALS if not names or name in names])
    _print_papers(folder, [name for name in PAPERS if not names or name in names])
    if not names or "office" in names:
        _print_office(folder)
    if not names or "formats" in names:
        _print_formats(folder)


def _print_formats(folder: Path) -> None:
    print("\n| format | files | words | found | glued | files/s | words/s |")
    print("| -- | --: | --: | --: | --: | --: | --: |")
    for name, found in format_recalls(folder):
        n_words, seconds = sum(one.words for one in found), sum(one.seconds for one in found)
        share = sum(one.found for one in found) / max(n_words, 1)
        glued = [word for one in found for word in one.glued]
        speed = f"{len(found) / seconds:,.0f} | {n_words / seconds:,.0f}"
        print(f"| {name} | {len(found)} | {n_words:,} | {share:.4f} | {len(glued)} | {speed} |")
        worst = min(found, key=lambda one: one.found / one.words)
        print(
            f"  {worst.name}: {worst.found:,} of {worst.words:,}; {worst.missing}, {glued[:9]}",
            file=sys.stderr,
        )


def _print_office(folder: Path) -> None:
    print("\n| DOCX | words | found | glued |\n| -- | --: | --: | --: |")
    for one in office_recalls(folder):
        share = one.found / max(one.words, 1)
        print(f"| {one.name} | {one.words:,} | {share:.4f} | {len(one.glued)} |")


def _print_papers(folder: Path, names: Sequence[str]) -> None:
    print(
        "\n| PDF | pages | words | found | glued | pages/s |\n| -- | --: | --: | --: | --: | --: |"
    )
    for name in names:
        for one in recalls_of(name, folder):
            share = f"{one.found / one.words:.4f} | {len(one.glued)}"
            speed = f"{one.pages / one.seconds:.0f}"
            print(f"| {one.name} | {one.pages:,} | {one.words:,} | {share} | {speed} |")


def _print_manuals(folder: Path, names: Sequence[str]) -> None:
    kinds = list(UNITS)
    print(
        "| package | pages |",
        *(f"{kind}s lost |" for kind in kinds),
        "foreign letters |",
        "pages/s |",
    )
    print("| -- |" + " --: |" * (len(kinds) + 3))
    examples: list[str] = []
    for name in names:
        found = losses_of(name, folder, examples)
        shares = (f"{found.lost[kind]:,} of {found.there[kind]:,} |" for kind in kinds)
        foreign = f"{found.foreign / max(found.letters, 1):.2%} |"
        print(
            f"| {name} | {found.pages:,} |",
            *shares,
            foreign,
            f"{found.pages / found.seconds:.0f} |",
        )
    for example in examples[:N_EXAMPLES]:
        print(example)


if __name__ == "__main__":
    main(sys.argv[1:])
