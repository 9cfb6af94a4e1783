"""Notes, what is in the way of a release, and workflows that call verbs that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.release.__main__ import tag_command
from tools.release.notes import NoSectionError, notes_of
from tools.release.readiness import obstacles, version_of

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## Unreleased

## 0.2.0 (2027-01-02)

### Added

- Two.

## 0.1.0

- One.
"""


def test_notes_are_the_section_of_the_version():
    assert notes_of("0.2.0", CHANGELOG) == "### Added\n\n- Two.\n"
    assert notes_of("0.1.0", CHANGELOG) == "- One.\n"


@pytest.mark.parametrize("version", ["0.1", "0x1.0", "Unreleased", "0.3.0"])
def test_no_section_or_an_empty_one_is_told(version):
    with pytest.raises(NoSectionError):
        notes_of(version, CHANGELOG)


@pytest.fixture
def tree(tmp_path):
    """A tree that is ready, as far as its files go."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "CITATION.cff").write_text("version: 0.2.0\n")
    (tmp_path / "colmodern").mkdir()
    (tmp_path / "colmodern" / "__init__.py").write_text('__version__ = "0.2.0"\n')
    golden = tmp_path / "tests" / "compat" / "releases" / "0.2.0" / "index"
    golden.mkdir(parents=True)
    (golden / "manifest.json").write_text("{}")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def test_a_tag_says_the_notes_with_their_headings(tree):
    (tree / "notes.md").write_text(notes_of("0.2.0", CHANGELOG))
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    _, *words = tag_command("0.2.0", "notes.md")
    git(tree, *who, *words)
    shown = ["git", "-C", str(tree), "tag", "--list", "--format=%(contents)"]
    said = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
    assert said.strip() == "### Added\n\n- Two."


def git(folder, *words):
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    git(folder, *who, "commit", "--quiet", "--message", "all")


def test_a_tree_that_is_ready_has_nothing_in_the_way(tree):
    assert list(obstacles(tree)) == []


def test_each_thing_that_is_missing_is_told(tree):
    (tree / "CHANGELOG.md").write_text("## Unreleased\n\n- Two.\n")
    (tree / "CITATION.cff").write_text("version: 0.1.0\n")
    (tree / "colmodern" / "__init__.py").write_text('__version__ = "0.1.0"\n')
    shutil.rmtree(tree / "tests")
    assert len(list(obstacles(tree))) == 5  # and changes that are not committed
    commit(tree)
    git(tree, "tag", "v0.2.0")
    assert any("tag v0.2.0" in one for one in obstacles(tree))


def test_the_tree_has_what_its_version_needs():
    version = version_of(ROOT)
    said = [one for one in obstacles(ROOT) if "golden" in one or "does not say" in one]
    assert said == []
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()


def test_workflows_call_verbs_that_the_makefile_has():
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = set()
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        called |= set(re.findall(r"run: make ([a-z-]+)", file.read_text()))
    assert {"setup", "test", "wheels", "sdist", "site", "integrations"} <= called
    assert called <= verbs


def test_actionlint_finds_nothing():
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed: make workflows")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
