"""The search of the site: are its words and its order ours, and can a person use it?"""

from __future__ import annotations

import functools
import json
import random
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("material")

from mkdocs.commands.build import build
from mkdocs.config import load_config
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.text.names import names_of
from colmodern.text.phrases import holds_folded, phrases_of
from colmodern.text.runs import runs_of
from colmodern.text.words import folded, words_of
from tools.site import sections

from .browser import resize

ROOT = Path(__file__).parents[2]
BAKERY = """# Bakery

An oven bakes bread at night. Nobody sleeps near it.

## Heat and time

- white bread at 220 degrees
- rye bread at 180 degrees

## Odds

### Strange things

`<img src=x onerror="window.isHit = true">` and `<script>window.isHit = true</script>` are
*zebras*.

```py
def bake_loaf(loaf):
    return "<b>" + loaf
```
"""
QUERIES = (
    "how are several servers searched as one",
    "pooling",
    '"median latency" of a query',
    '"no such phrase" index',
    '"token" "server"',
    "COLMODERN_ISA",
    "index_locked",
    "http.client 40961",
    "parseHTTPResponse",
    "who may write",
    'where what stands in quotes ("…") is a phrase. Documents that hold it come before those',
    "documents that hold it come before those that do not, in every mode",
    "install on Windows",
    "the the the",
    "a",
    "S3 bucket push",
    "Größe 钥匙 utf8",
    "what is shown of a hit, and where does it stand",
    "rye bread",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small site: a page of strange things, and the pages that say how to."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("how-to", "pictures"):
        shutil.copytree(ROOT / "docs" / name, folder / "docs" / name)
    (folder / "docs" / "index.md").write_text(BAKERY, encoding="utf-8")
    palette = [{"media": "(prefers-color-scheme: dark)", "scheme": "slate"}]
    options = {
        "site_name": "Small",
        "docs_dir": str(folder / "docs"),
        "site_dir": str(folder / "site"),
        "theme": {"name": "material", "font": False, "palette": palette},
        "plugins": [],
        "markdown_extensions": ["tables", "fenced_code", {"toc": {"permalink": True}}],
        "hooks": [str(ROOT / "tools" / "site" / "search_hook.py")],
        "validation": {"links": {"not_found": "ignore", "anchors": "ignore"}},
    }
    (folder / "mkdocs.yml").write_text(json.dumps(options), encoding="utf-8")
    build(load_config(str(folder / "mkdocs.yml")))
    return folder / "site"


@pytest.fixture(scope="module")
def address(built):
    handler = functools.partial(_Quiet, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Reader:
    """What a person does with the search."""

    def __init__(self, driver, address):
        self.driver = driver
        self.address = address

    def until(self, condition):
        WebDriverWait(self.driver, 60).until(lambda _: condition())

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def open(self, page=""):
        self.driver.get("about:blank")
        self.driver.get(self.address + page)
        self.press("/")
        self.until(lambda: self.driver.execute_script("return Boolean(siteSearch.ranking)"))

    def ask(self, query):
        self.press(Keys.CONTROL, "a")
        self.press(query)

    def titles(self):
        return [one.text for one in self.all(".site-search strong")]

    def said(self):
        return self.all(".site-search [role=status]")[0].text

    def chosen(self):
        return [one.get_attribute("aria-selected") for one in self.all(".site-search a")].index(
            "true"
        )


@pytest.fixture
def reader(driver, address):
    resize(driver, 1280)
    driver.get_log("browser")
    yield Reader(driver, address)
    assert [one for one in driver.get_log("browser") if one["level"] == "SEVERE"] == []


def pages_of(built):
    written = (built / sections.PLACE).read_text(encoding="utf-8")
    site = json.loads(written.removeprefix("siteSearch.site = ").rstrip(";\n"))
    return [
        sections.Page(page["url"], [sections.Section(**one) for one in page["sections"]])
        for page in site["pages"]
    ]


def test_the_order_and_the_scores_are_those_of_mode_bm25(reader, built, tmp_path):
    reader.open()
    encoder = HashEncoder(dim=16)
    Indexer(tmp_path / "sections", encoder).build(list(sections.documents_of(pages_of(built))))
    script = (
        "return arguments[0].map((query) => siteSearch.ranking.search(query, 20).hits"
        ".map(({section, score}) => [section.id, score]))"
    )
    found = reader.driver.execute_script(script, QUERIES)
    with Searcher.open(tmp_path / "sections", encoder) as searcher:
        for query, hits in zip(QUERIES, found, strict=True):
            wanted = [(hit.doc_id, hit.score) for hit in searcher.search(query, k=20, mode="bm25")]
            assert [tuple(hit) for hit in hits] == wanted, query
    assert sum(map(len, found)) > 100


def test_texts_are_read_as_we_read_them(reader, built):
    reader.open()
    drawn = random.Random(28)
    letters = "abXYZ019_ .-:\x1c\x85\ufeff\"“”„«»'éßİΣςǅ钥匙の鍵ๆกุ١२ⅷ①²ﬁＡ\u00ad\u200bñ\u0301𠀀😀"
    texts = ["".join(drawn.choices(letters, k=drawn.randint(1, 24))) for _ in range(2000)]
    texts += [one.text for one in sections.documents_of(pages_of(built))] + list(QUERIES)
    scripts = [
        "雨伞",
        "傘",
        "ΔΔCt",
        "β-x",
        "Анна",
        "2024年",
        "\u02bba\u02bbawa",
        "ที่ดี",
        "ร่ม",
        "umbrella鍵",
        "é_",
    ]
    texts += [" ".join(drawn.choices([*scripts, *["umbrella"] * 9], k=6)) for _ in range(500)]
    script = (
        "const {folded, namesOf, phrasesOf, runsOf, wordsOf} = siteSearch;"
        "return arguments[0].map((text) =>"
        " [wordsOf(text), folded(text), phrasesOf(text), namesOf(text), runsOf(text)])"
    )
    for text, found in zip(texts, reader.driver.execute_script(script, texts), strict=True):
        phrases = [list(map(list, of(text))) for of in (phrases_of, names_of, runs_of)]
        assert found == [words_of(text), folded(text), *phrases], text


def test_a_phrase_is_held_where_we_say_so(reader):
    reader.open()
    pairs = [
        ("a key that, has\nleaked.", ("key", "that", "has")),
        ("a monkey that has", ("key", "that")),
        ("a key that hasty", ("that", "has")),
        ("a a b", ("a", "b")),
        ("金の鍵を", ("の鍵",)),
        ("the key", ("key", "lost")),
    ]
    script = "return arguments[0].map(([text, phrase]) => siteSearch.holds(text, phrase))"
    found = reader.driver.execute_script(script, pairs)
    assert found == [holds_folded(text, phrase) for text, phrase in pairs]
    assert True in found
    assert False in found


def test_a_person_types_and_opens_the_section(reader):
    reader.open("how-to/serve/")
    reader.ask("rye bread degrees")
    assert reader.titles()[0] == "Heat and time"
    first = reader.all(".site-search a")[0]
    assert first.find_element("css selector", "small").text == "Bakery"
    assert {one.text for one in first.find_elements("css selector", "mark")} == {
        "rye", "bread", "degrees",
    }  # fmt: skip
    reader.press(Keys.ENTER)
    reader.until(lambda: reader.driver.current_url == f"{reader.address}#heat-and-time")
    assert reader.all("#heat-and-time")[0].is_displayed()


def test_keys_go_from_hit_to_hit_and_out(reader):
    reader.open()
    field = reader.driver.switch_to.active_element
    assert field.accessible_name == "Search this site"
    reader.ask("bread")
    assert len(reader.titles()) > 1
    reader.press(Keys.ARROW_DOWN)
    assert reader.chosen() == 1
    assert field.get_attribute("aria-activedescendant") == "site-search-hit-1"
    reader.press(Keys.ARROW_UP, Keys.ARROW_UP)
    assert reader.chosen() == 0
    reader.press(Keys.ESCAPE)
    reader.until(lambda: not reader.all("dialog[open]"))
    reader.all(".site-search__open")[0].click()
    assert reader.all("dialog[open]")
    reader.press(Keys.END, "/")
    assert field.get_attribute("value") == "bread/"


def test_a_hit_on_the_same_page_closes_the_search(reader):
    reader.open()
    reader.ask("zebras")
    reader.all(".site-search a")[0].click()
    reader.until(lambda: not reader.all("dialog[open]"))
    assert reader.driver.current_url == f"{reader.address}#strange-things"


def test_what_is_not_there_is_said(reader):
    reader.open()
    reader.ask("xylophone quux")
    assert reader.titles() == []
    assert reader.said().startswith("No section has a word of this.")
    reader.ask('"night bread" oven')
    assert "No section holds “night bread”." in reader.said()
    assert reader.titles()[0] == "Bakery"
    reader.ask("zebr")
    assert reader.titles() == ["Strange things"]
    assert "“zebr” is read as “zebras”." in reader.said()


def test_a_phrase_in_quotes_is_adjacent(reader):
    reader.open()
    reader.ask('"bread at night"')
    assert reader.titles()[0] == "Bakery"
    assert reader.said().startswith("The 20 best of ")
    reader.ask('"rye bread"')
    assert reader.titles()[0] == "Heat and time"
    assert "• rye bread at 180 degrees" in reader.all(".site-search__passage")[0].text


def test_a_long_sentence_is_shown_in_part_and_no_word_is_cut(reader):
    reader.open()
    names = [f"part{number}OfTheName" for number in range(40)]
    script = (
        "const lines = siteSearch.passageOf({blocks: [arguments[0]]}, new Map([['20', 1]]), []);"
        "return lines.map(({parts}) => parts.map(({text}) => text).join(''))"
    )
    (line,) = reader.driver.execute_script(script, " ".join(names))
    shown = line.removeprefix("… ").removesuffix(" …").split()
    assert "part20OfTheName" in shown
    assert set(shown) < set(names)


def test_every_text_is_text(reader):
    reader.open()
    reader.ask("zebras onerror")
    assert reader.all(".site-search small")[0].text == "Bakery \u203a Odds"
    passage = reader.all(".site-search__passage")[0]
    assert "<script>window.isHit = true</script> are zebras." in passage.text
    assert reader.all(".site-search img, .site-search script, .site-search b") == []
    reader.ask("bake_loaf")
    assert reader.all(".site-search code")[0].text == "def bake_loaf(loaf):"
    assert reader.driver.execute_script("return window.isHit") is None


def test_it_fits_a_narrow_dark_screen(reader):
    resize(reader.driver, 360, dark=True)
    reader.open()
    reader.ask("index search documents")
    width = "return Math.max(...[...document.querySelectorAll('.site-search, .site-search *')]"
    widest = reader.driver.execute_script(
        f"{width}.map((one) => one.getBoundingClientRect().right))"
    )
    assert widest <= 360
    colour = "return getComputedStyle(document.querySelector('.site-search')).backgroundColor"
    red, green, blue = reader.driver.execute_script(colour).strip("rgba()").split(",")[:3]
    assert max(float(red), float(green), float(blue)) < 80
    assert reader.driver.execute_script("return document.documentElement.scrollWidth") <= 360


def test_it_works_on_files(driver, built):
    resize(driver, 1280)
    reader = Reader(driver, (built / "index.html").as_uri().removesuffix("index.html"))
    reader.open("how-to/serve/index.html")
    reader.ask("rye bread degrees")
    reader.press(Keys.ENTER)
    reader.until(lambda: driver.current_url.endswith("/site/index.html#heat-and-time"))
    driver.get("about:blank")


def test_an_index_that_is_missing_is_said(driver, built, tmp_path):
    shutil.copytree(built, tmp_path / "site")
    (tmp_path / "site" / sections.PLACE).unlink()
    driver.get((tmp_path / "site" / "index.html").as_uri())
    reader = Reader(driver, "")
    reader.press("/")
    reader.until(lambda: "sections.js is not there" in reader.said())
    driver.get("about:blank")
    driver.get_log("browser")
