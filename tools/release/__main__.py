"""Make a release, or everything of it but the tag.

    python -m tools.release --dry-run

Checks, then tests, then the sdist and the wheel of this machine with the main job run in a clean
environment, then notes and the tag. Nothing is uploaded from here: a tag that is pushed starts
.github/workflows/release.yml, which makes the wheels of every system and publishes them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tools.release.notes import UNRELEASED, NoSectionError, notes_of
from tools.release.readiness import obstacles, version_of

ROOT = Path(__file__).parents[2]
VERBS = ("check", "test", "sdist", "wheel", "try-wheel")


def main() -> int:
    """Do it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="everything but the tag")
    parser.add_argument("--without", nargs="*", default=[], choices=VERBS, help="verbs left out")
    asked = parser.parse_args()
    if asked.without and not asked.dry_run:
        parser.error("a release leaves nothing out; --without is for --dry-run")
    version = version_of(ROOT)
    in_the_way = list(obstacles(ROOT))
    for one in in_the_way:
        print(f"in the way: {one}", file=sys.stderr)
    if in_the_way and not asked.dry_run:
        return 1
    for verb in VERBS:
        if verb not in asked.without:
            print(f"make {verb}", flush=True)
            subprocess.run(["make", verb, f"PYTHON={sys.executable}"], cwd=ROOT, check=True)
    notes = ROOT / "dist" / "notes.md"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text(_notes(version), encoding="utf-8")
    print(f"notes: {notes.relative_to(ROOT)}")
    if asked.dry_run:
        print(f"dry run: no tag; else: git tag v{version}")
        return 0
    subprocess.run(["git", "tag", "--annotate", f"v{version}", "-F", str(notes)], check=True)
    print(f"tagged v{version}; publish it: git push origin v{version}")
    return 0


def _notes(version: str) -> str:
    """Return the notes of the version; those of what is not released, where it has none yet."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        return notes_of(version, changelog)
    except NoSectionError:
        return notes_of(UNRELEASED, changelog)


if __name__ == "__main__":
    raise SystemExit(main())
