"""The site: its own helpers, what the code writes, and a build without a warning."""

import gzip
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.site import outside, reference, sections

ROOT = Path(__file__).parents[2]


def test_links_of_a_page_lead_to_pages_of_the_site():
    source = ROOT / "docs" / "decisions" / "x.md"
    text = (
        "[a](../how-to/serve.md#y) [b](../../CHANGELOG.md) [c](../../tests) [d](https://x) [e](#f)"
    )
    found = outside.with_links(text, source, "decisions/x.md")
    assert found == (
        "[a](../how-to/serve.md#y) [b](../project/changelog.md) c [d](https://x) [e](#f)"
    )


def test_links_and_pictures_of_the_readme_are_seen_from_the_first_page():
    text = "[![p](docs/pictures/page.png)](docs/how-to/serve.md) [x](examples/ray/index.sh)"
    found = outside.with_links(text, ROOT / "README.md", "index.md")
    assert found == (
        "[![p](pictures/page.png)](how-to/serve.md) [x](files/examples/ray/index.sh.md)"
    )


def test_the_reference_has_every_command_option_and_route():
    pages = reference.pages()
    for words in ("colmodern search", "colmodern eval compare", "colmodern import"):
        assert f"## {words}\n" in pages["reference/commands.md"]
    assert "| `passage_weight` | float | 0.0 |" in pages["reference/options.md"]
    assert "## POST /v1/search" in pages["reference/http.md"]
    assert "::: colmodern.searcher.searcher.Searcher" in pages["reference/api.md"]


def test_what_a_program_may_depend_on_is_in_the_reference_and_explained():
    said = (ROOT / "docs" / "reference" / "compatibility.md").read_text(encoding="utf-8")
    named = said[said.index("**What a program may depend on**") : said.index("**What it may not**")]
    for module in reference.MODULES:
        assert module.removeprefix("colmodern.") in named
        loaded = importlib.import_module(module)
        public = [getattr(loaded, name) for name in loaded.__all__ if not name.startswith("__")]
        assert [one for one in public if callable(one) and not one.__doc__] == []


def test_every_environment_variable_of_the_code_is_documented():
    text = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    names = reference.environment_names(ROOT / "colmodern")
    assert {"COLMODERN_ISA", "OPENBLAS_NUM_THREADS", "HF_TOKEN"} <= names
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_page_has_its_place():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    named = set(outside._pages_in(outside.with_all_pages(nav)))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages <= named
    assert outside.with_all_pages([{"Decisions": []}])[-1]["Further"]


PAGE = """<p>Before any heading.</p>
<h1 id="ovens">Ovens<a class="headerlink" href="#ovens">&para;</a></h1>
<p>They bake <code>bread</code>.
At night &amp; by day, no. 5 too.</p>
<ul><li>white<ul><li><p>very white</p></li></ul></li><li>rye</li></ul>
<h3 id="hot">So <em>hot</em></h3>
<table><thead><tr><th>loaf</th><th>minutes</th></tr></thead>
<tbody><tr><td>rye</td><td><div><p>50</p></div></td></tr></tbody></table>
<div class="highlight"><pre><span></span><code>def f():
<span class="k">    return</span> 1

</code></pre></div>
<script>hidden()</script><iframe title="output"></iframe>
<h2 id="empty">Nothing below</h2>
<h3 id="cold">Cold</h3>
<ul><li></li></ul><p>No item.</p><ul><li><pre>ice()</pre></li></ul><p>Nor this.</p>
"""


def test_a_page_has_these_sections():
    page = sections.page_of("how-to/bake/", PAGE)
    assert [(one.anchor, one.level, one.heading, one.blocks) for one in page.sections] == [
        ("", 1, "", ["Before any heading."]),
        (
            "ovens",
            1,
            "Ovens",
            [
                "They bake bread.\tAt night & by day, no. 5 too.",
                "\u2022 white",
                "\u2022 very white",
                "\u2022 rye",
            ],
        ),
        ("hot", 3, "So hot", ["loaf | minutes", "rye | 50", ["def f():", "    return 1"]]),
        ("empty", 2, "Nothing below", []),
        ("cold", 3, "Cold", ["No item.", ["ice()"], "Nor this."]),
    ]


def test_a_section_is_a_document_with_its_headings_as_title():
    before, ovens, hot, cold = sections.documents_of([sections.page_of("how-to/bake/", PAGE)])
    assert (before.id, ovens.id, hot.id) == (
        "how-to/bake/",
        "how-to/bake/#ovens",
        "how-to/bake/#hot",
    )
    assert (before.title, ovens.title, hot.title) == ("", "Ovens", "Ovens > So hot")
    assert cold.title == "Ovens > Nothing below > Cold"
    assert hot.text == "loaf | minutes\nrye | 50\ndef f():\n    return 1"


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
    index = (tmp_path / "site" / sections.PLACE).read_bytes()
    assert b'"anchor":"colmodern.searcher.searcher.Searcher"' in index
    assert len(gzip.compress(index)) < 300_000
    shutil.rmtree(tmp_path / "site")
