"""What changed in a version? Its section of CHANGELOG.md.

python -m tools.release.notes 0.1.0
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNRELEASED = "Unreleased"


class NoSectionError(LookupError):
    """CHANGELOG.md says nothing of a version."""


def notes_of(version: str, changelog: str) -> str:
    """Return the section of a version, without its heading.

    Raises:
        NoSectionError: There is none, or it is empty.
    """
    lines = changelog.splitlines()
    heading = re.compile(rf"## {re.escape(version)}(?: \(.*\))?")
    starts = [number for number, line in enumerate(lines) if line.startswith("## ")]
    for number, start in enumerate(starts):
        if heading.fullmatch(lines[start]):
            end = starts[number + 1] if number + 1 < len(starts) else len(lines)
            text = "\n".join(lines[start + 1 : end]).strip()
            if text:
                return text + "\n"
    raise NoSectionError(f"CHANGELOG.md has no section '## {version}', or an empty one.")


def main() -> int:
    """Print the section of the version that is named."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        print(notes_of(sys.argv[1], changelog), end="")
    except NoSectionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
