"""What is in the way of a release? Each question is answered by the files of the tree."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.release.notes import NoSectionError, notes_of


def version_of(root: Path) -> str:
    """Return the version that pyproject.toml says."""
    with (root / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def obstacles(root: Path) -> Iterator[str]:
    """Yield what has to be done before the version in pyproject.toml can be released."""
    version = version_of(root)
    if _git(root, "status", "--porcelain"):
        yield "The tree has changes that are not committed."
    if f"v{version}" in _git(root, "tag", "--list").split():
        yield f"The tag v{version} is there already: raise the version in pyproject.toml."
    try:
        notes_of(version, (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    except NoSectionError:
        yield f"CHANGELOG.md has no section '## {version} (DATE)': give 'Unreleased' that name."
    said = f'__version__ = "{version}"'
    if said not in (root / "colmodern" / "__init__.py").read_text(encoding="utf-8"):
        yield f"colmodern/__init__.py does not say {said}."
    if f"version: {version}\n" not in (root / "CITATION.cff").read_text(encoding="utf-8"):
        yield f"CITATION.cff does not say version: {version}."
    golden = root / "tests" / "compat" / "releases" / version / "index" / "manifest.json"
    if not golden.is_file():
        yield f"There is no golden index of {version}: make golden-release."


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *words], capture_output=True, text=True, check=True
    )
    return done.stdout
