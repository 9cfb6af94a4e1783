"""The site: its own helpers, what the code writes, and a build without a warning."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.site import outside, reference

ROOT = Path(__file__).parents[2]


def test_links_of_a_page_lead_to_pages_of_the_site():
    source = ROOT / "docs" / "decisions" / "x.md"
    text = "[a](../search.md#modes) [b](../../CHANGELOG.md) [c](../../tests) [d](https://x) [e](#f)"
    found = outside.with_links(text, source, "decisions/x.md")
    assert found == (
        "[a](../search.md#modes) [b](../project/changelog.md) c [d](https://x) [e](#f)"
    )


def test_links_and_pictures_of_the_readme_are_seen_from_the_first_page():
    text = "[![p](docs/pictures/page.png)](docs/serve.md) [x](examples/integrations/agent_tool.py)"
    found = outside.with_links(text, ROOT / "README.md", "index.md")
    assert found == (
        "[![p](pictures/page.png)](serve.md) [x](files/examples/integrations/agent_tool.py.md)"
    )


def test_the_reference_has_every_command_option_and_route():
    pages = reference.pages()
    for words in ("colmodern search", "colmodern eval compare", "colmodern import"):
        assert f"## {words}\n" in pages["reference/commands.md"]
    assert "| `passage_weight` | float | 0.0 |" in pages["reference/options.md"]
    assert "## POST /v1/search" in pages["reference/http.md"]
    assert "::: colmodern.searcher.searcher.Searcher" in pages["reference/api.md"]


def test_every_environment_variable_of_ours_is_documented():
    text = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    names = reference.environment_names(ROOT / "colmodern")
    assert names
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_page_has_its_place():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = set(outside._pages_in(outside.with_all_pages(nav)))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= named
    assert outside.with_all_pages([{"Decisions": []}])[-1]["Further"]


def test_it_is_built_without_a_warning(tmp_path):
    pytest.importorskip("material")
    pytest.importorskip("mkdocstrings")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "reference" / "api" / "index.html").is_file()
    shutil.rmtree(tmp_path / "site")
