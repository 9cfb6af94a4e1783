"""Which packages does an installation bring, and under which licences? docs/reference/licences.md.

    python -m tools.licences > docs/reference/licences.md

What the installed packages say of themselves, followed through what they require.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
EXTRAS = ("", "serve", "mcp", "watch", "remote", "ray", "eval", "torch", "mteb", "distill")
HEAD = """# Licences

colmodern is Apache-2.0 (`LICENSE`). What the default model was trained on, and under which terms,
is in its model card, `colmodern/encoder/default/README.md`, and in `NOTICE`.

The packages that an installation brings, as they state it themselves; a package stands in the first
part that needs it. `make licences` makes this page.
"""


def main() -> None:
    """Print the page."""
    print(HEAD)
    known: set[str] = set()
    for extra in EXTRAS:
        names = sorted(set(closure(_wanted(extra))) - known, key=str.lower)
        known |= set(names)
        if names:
            title = f"With the extra `{extra}`" if extra else "With colmodern itself"
            print(f"## {title}\n\n| package | licence |\n| -- | -- |")
            for name in names:
                print(f"| {name} | {licence_of(name)} |")
            print()


def _wanted(extra: str) -> list[str]:
    """Return what pyproject.toml requires: of an extra, or without one."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    wanted: list[str] = (
        project["optional-dependencies"][extra] if extra else project["dependencies"]
    )
    return wanted


def closure(wanted: Iterable[str], seen: set[tuple[str, str]] | None = None) -> Iterator[str]:
    """Yield the names of installed packages that requirements lead to; others are left out."""
    seen = set() if seen is None else seen
    for line in wanted:
        one = Requirement(line)
        for extra in ("", *sorted(one.extras)):
            key = (one.name.lower(), extra)
            if key in seen or (one.marker and not one.marker.evaluate({"extra": ""})):
                continue
            seen.add(key)
            if one.name == "colmodern":
                yield from closure(_wanted(extra) if extra else (), seen)
                continue
            try:
                found = metadata.distribution(one.name)
            except metadata.PackageNotFoundError:
                print(f"{one.name} is not installed and left out", file=sys.stderr)
                continue
            yield found.metadata["Name"]
            needs = [Requirement(text) for text in found.requires or ()]
            yield from closure(
                (
                    _without_marker(need)
                    for need in needs
                    if need.marker is None or need.marker.evaluate({"extra": extra})
                ),
                seen,
            )


def _without_marker(need: Requirement) -> str:
    need.marker = None
    return str(need)


def licence_of(name: str) -> str:
    """Return the licence that a package states, in a few words."""
    found = metadata.distribution(name).metadata
    expression = found.get("License-Expression")
    if expression:
        return str(expression)
    classified = [
        value.rpartition(" :: ")[2]
        for value in found.get_all("Classifier") or ()
        if value.startswith("License :: ")
    ]
    if classified:
        return ", ".join(sorted(set(classified)))
    lines = [line.strip() for line in (found.get("License") or "").splitlines() if line.strip()]
    return re.sub(r"\s*\|\s*", " ", lines[0])[:80] if lines else "not stated"


if __name__ == "__main__":
    main()
