"""Make a release, or everything of it but the tag.

    python -m tools.release --dry-run [--without test]

Checks, then tests, then the sdist, and a wheel for each Python of this machine with the main job
run in a clean environment, then notes and the tag. Nothing is uploaded from here: a tag that is
pushed starts .github/workflows/release.yml, which makes the wheels of every system and publishes
them. A dry run says what is in the way, does all the rest, shows the tag and makes none. What it
leaves out it says twice.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tools.release.notes import UNRELEASED, NoSectionError, notes_of
from tools.release.readiness import obstacles, version_of

ROOT = Path(__file__).parents[2]
VERBS = ("check", "test", "sdist", "wheels-here")


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
        if verb in asked.without:
            print(_left_out(verb), file=sys.stderr, flush=True)
            continue
        began = time.monotonic()
        print(f"make {verb}", flush=True)
        command = ["make", verb, f"PYTHON={sys.executable}"]
        if status := subprocess.run(command, cwd=ROOT, check=False).returncode:
            print(f"make {verb} ended with {status}: no release", file=sys.stderr)
            return 1
        print(f"make {verb}: done in {time.monotonic() - began:.0f} s", flush=True)
    notes = ROOT / "dist" / "notes.md"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text(_notes(version), encoding="utf-8")
    print(f"notes: {notes.relative_to(ROOT)}")
    tag = tag_command(version, str(notes.relative_to(ROOT)))
    if asked.dry_run:
        _say_what_it_was(tag, asked.without, in_the_way)
        return 0
    subprocess.run(tag, cwd=ROOT, check=True)
    print(f"tagged v{version}; publish it: git push origin v{version}")
    return 0


def tag_command(version: str, notes: str) -> list[str]:
    """Return the command that tags a version; the tag says the notes, their headings too."""
    as_it_is = ("--cleanup", "whitespace", "--file", notes)  # "#" begins no comment
    return ["git", "tag", "--annotate", f"v{version}", *as_it_is]


def _left_out(verb: str) -> str:
    return f"*** LEFT OUT: make {verb}. Nothing here says that it passes. ***"


def _say_what_it_was(tag: list[str], without: list[str], in_the_way: list[str]) -> None:
    """Print what a release would have done next, and why it would not have come so far."""
    files = sorted(path.name for path in (ROOT / "dist").iterdir())
    print("dist:", *files, sep="\n  ")
    print(f"dry run, no tag; a release would run: {' '.join(tag)}")
    for verb in without:
        print(_left_out(verb), file=sys.stderr)
    for one in in_the_way:
        print(f"a release would have stopped: {one}", file=sys.stderr)


def _notes(version: str) -> str:
    """Return the notes of the version; those of what is not released, where it has none yet."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        return notes_of(version, changelog)
    except NoSectionError:
        return notes_of(UNRELEASED, changelog)


if __name__ == "__main__":
    raise SystemExit(main())
