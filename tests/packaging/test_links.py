"""Does every link between our pages lead somewhere?"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {".git", "build", "dist", "site", ".engines", ".integrations", ".trial"}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not SKIPPED & set(path.relative_to(ROOT).parts) and "site-packages" not in path.parts
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"(?<![\w./-])docs/[\w/-]+\.(?:md|svg|png)\b")
TEXTS = {".md", ".py", ".cpp", ".h", ".toml", ".yml", ".yaml", ".sh", ".sbatch", ".ipynb", ""}


def anchors(page):
    """The anchors of a page's headings, as they are made on the web."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def named_pages():
    """Each page of docs/ that a file of the project names, beside a link or without one."""
    words = ["git", "ls-files"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in TEXTS and path.is_file() and not name.startswith("tests/"):
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from ((name, found) for found in NAMED.findall(text))


def test_pages_that_code_and_prose_name_are_there():
    named = list(named_pages())
    if not named:
        pytest.skip("not a checkout of git")
    assert [one for one in named if not (ROOT / one[1]).is_file()] == []
