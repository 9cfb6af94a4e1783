"""Read the files of Debian's packages, and print what was lost and what was taken along.

    python -m benchmarks.extraction FOLDER [PACKAGE ...]

Packages are downloaded into FOLDER with apt-get, once, and unpacked, not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.extraction.manuals import MANUALS, UNITS, losses_of

N_EXAMPLES = 5


def main(arguments: Sequence[str]) -> None:
    """Print a row of a Markdown table for each manual, then examples of what was lost."""
    folder, names = Path(arguments[0]), arguments[1:] or list(MANUALS)
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
