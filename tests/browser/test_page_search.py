"""A person searches: what is asked, what is shown, what the address says?"""

import re
import threading

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from colmodern import Indexer
from colmodern.searcher.unread import Unread
from colmodern.serve.http.search import SearchBody

from .browser import resize
from .site import ENCODER, serving


def test_a_query_and_its_hits(page):
    page.open()
    assert page.one("#count").text == "6 documents can be searched."
    page.search("oven bakes bread")
    assert page.titles()[0] == "Of ovens"
    assert page.one("#count").text.startswith("6 hits in ")
    first = page.one(".hit")
    assert first.find_element("css selector", ".place").text == "ovens.md · Ovens · line 3"
    assert "An oven bakes bread at night." in page.texts(".hit .answers")
    assert "Nobody sleeps near it." in page.texts(".hit .beside")
    assert {"oven", "bakes", "bread"} <= set(page.texts(".hit:first-child mark.lit"))


def test_line_breaks_of_lists_tables_and_code_are_kept(page):
    page.open("#q=rye+degrees+bread&k=1")
    assert page.texts(".passage .item") == [
        "- white bread at 220 degrees",
        "- rye bread at 180 degrees",
    ]
    page.open("#q=rye+minutes+50+loaf+white+30&k=1")
    assert "| rye | 50 |" in page.texts(".passage .row.kept")
    page.open("#q=bake+baguette+loaf+warm&k=1")
    lines = page.texts(".passage .code.kept")
    assert lines[:2] == ["def bake(loaf):", '    """Bake a baguette."""']


def test_the_address_says_all_and_the_back_button_works(page):
    page.open()
    page.search("bread")
    Select(page.one("[name=mode]")).select_by_value("bm25")
    page.until(lambda: "mode=bm25" in page.address())
    page.until(lambda: page.titles() and page.one("#count").text.startswith("2 hits"))
    page.driver.back()
    page.until(lambda: page.one("#count").text.startswith("6 hits"))
    assert page.one("[name=mode]").get_attribute("value") == "auto"
    page.driver.back()
    page.until(lambda: page.titles() == [])
    assert page.one("#query").get_attribute("value") == ""
    page.open("#q=trains&mode=hybrid&effort=exact&k=1&where=year+%3E+2021")
    assert page.titles() == ["trains"]
    assert page.one(".place").text == "slide 1 · 1:02:05"
    shown = {
        name: page.one(f"[name={name}]").get_attribute("value")
        for name in ("mode", "effort", "k", "where")
    }
    assert shown == {"mode": "hybrid", "effort": "exact", "k": "1", "where": "year > 2021"}


def test_a_filter_and_scores_with_their_parts(page):
    page.open("#q=bread&mode=hybrid")
    field = page.one("[name=where]")
    field.send_keys("year = 2022" + Keys.ENTER)
    page.until(lambda: page.titles() == ["trains"])
    assert 0 < float(page.one(".score").text.split()[-1]) <= 1
    page.one(".hit summary").click()
    told = dict(zip(page.texts(".hit dt"), page.texts(".hit dd"), strict=True))
    assert {"score", "late", "bm25", "characters", "id", "year"} <= told.keys()
    assert (told["id"], told["year"]) == ("trains", "2022")


def test_pointing_at_a_token_shows_its_match_in_every_hit(page):
    page.open("#q=red+bread&k=3")
    page.point_at("red")
    page.until(lambda: "red counts " in page.texts(".hit .why")[0])
    at = page.titles().index("trains")
    assert page.texts(f".hit:nth-child({at + 1}) mark.best") == ["Red"]
    line = page.texts(".hit .why")[at]
    assert re.fullmatch(r"red counts (49|50|51) %, best at Red", line)
    assert len(page.all(f".hit:nth-child({at + 1}) .bar span.now")) == 1
    page.point_at("bread")
    page.until(lambda: page.texts(f".hit:nth-child({at + 1}) mark.best") == ["Bread"])


def test_a_match_that_no_passage_shows_is_quoted_and_opened(page):
    page.open("#q=walrus+sings+zebra&k=6")
    at = page.titles().index("long.txt") + 1
    page.until(lambda: page.texts(f".hit:nth-child({at}) .why") != [""])
    page.point_at("zebra")
    quoted = page.until(lambda: page.all(f".hit:nth-child({at}) .why a.word"))
    address = quoted[0].get_attribute("href").partition("#")[2]
    assert "doc=long.txt&at=" in address
    assert page.script("return arguments[0].querySelector('mark').textContent", quoted[0])


def test_a_token_is_kept_by_a_click_and_told_by_the_keyboard(page):
    page.open("#q=red+bread&k=2")
    page.until(lambda: page.texts(".query button") == ["red", "bread"])
    first = page.all(".query button")[0]
    first.click()
    assert first.get_attribute("aria-pressed") == "true"
    page.press(Keys.ARROW_RIGHT)
    assert page.focused() == "bread"
    page.until(lambda: page.texts(".why b")[:1] == ["bread"])
    page.one("#query").click()
    page.until(lambda: page.texts(".why b")[:1] == ["red"])


def test_keys_alone_are_enough(page):
    page.open()
    page.press("/")
    page.until(lambda: page.focused() == "query")
    page.press("bread/j" + Keys.ENTER)
    page.until(lambda: page.driver.title.startswith("bread/j"))
    page.until_shown()
    titles = page.titles()
    page.press(Keys.ARROW_DOWN)
    page.until(lambda: page.focused() == titles[0])
    page.press("j")
    page.press(Keys.ARROW_DOWN)
    page.press("k")
    page.until(lambda: page.focused() == titles[1])
    page.press(Keys.ARROW_UP, Keys.ARROW_UP)
    page.until(lambda: page.focused() == "query")
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    page.one("#reader")
    page.press("j")  # nothing, behind it
    page.press(Keys.ESCAPE)
    page.until(lambda: "doc=" not in page.address())
    page.until(lambda: page.focused() == titles[0])


def test_a_new_query_ends_the_one_that_runs(page, monkeypatch):
    searched = SearchBody.search
    release = threading.Event()

    def slow(question, snapshot, watch, threads):
        while question.queries == ("slow",) and not release.wait(0.01):
            watch("encode")
        yield from searched(question, snapshot, watch, threads)

    monkeypatch.setattr(SearchBody, "search", slow)
    page.open()
    page.one("#query").send_keys("slow" + Keys.ENTER)
    page.until(lambda: page.script("return document.querySelector('#hits').ariaBusy"))
    try:
        page.search("red trains")
        assert page.titles()[0] == "trains"
        page.until(lambda: b'code="cancelled"' in page.site.server.metrics.page())
    finally:
        release.set()
    assert page.titles()[0] == "trains"


def test_what_the_model_cannot_read_is_said_and_not_explained(page, monkeypatch):
    searched = SearchBody.search

    def unread(*arguments):
        for hits in searched(*arguments):
            yield hits.of_unread(Unread(("Thai",), by_words=True))

    monkeypatch.setattr(SearchBody, "search", unread)
    page.open("#q=bread&k=2")
    assert page.one("#notes").text.endswith("(Thai letters): BM25 answers instead")
    assert page.titles()
    assert page.all(".query button, .bar") == []


def test_what_finds_nothing_is_said(page):
    page.open("#q=unheard&mode=bm25")
    assert page.one("#count").text == "No hit: no document holds any of these words."
    page.open("#q=bread&where=year+%3E+3000")
    assert page.one("#count").text == "No hit among the documents that the filter lets through."
    assert page.titles() == []


def test_several_indexes_are_chosen_from(page, index, tmp_path):
    Indexer(tmp_path / "empty", ENCODER).build([("gone", "bread")])
    Indexer(tmp_path / "empty", ENCODER).delete(["gone"])
    with serving({"things": index, "empty": tmp_path / "empty"}) as site:
        page.site = site
        page.open("#q=bread&k=1")
        Select(page.one("#index")).select_by_value("empty")
        page.until(
            lambda: page.texts("#count") == ["No hit: the index empty holds no document yet."]
        )
        assert "index=empty" in page.address()
        Select(page.one("#index")).select_by_value("things")
        page.until(lambda: page.titles() != [])
        assert "index=" not in page.address()


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_wider_than_a_small_screen(page, width):
    resize(page.driver, width)
    for said in ("", "#q=zebra+bread+words+baguette+walrus&k=6", "#q=bread&where=year+%3E"):
        page.open(said)
        assert page.script("return document.documentElement.scrollWidth") <= width
    page.open("#q=words&k=6")
    for summary in page.all(".hit summary"):
        summary.click()
    page.until(lambda: len(page.texts(".query button")) == 1)
    assert page.script("return document.documentElement.scrollWidth") <= width
    page.one(".hit h2 a").click()
    page.until(lambda: "Loading" not in page.one("#reader-range").text)
    assert page.script("return document.querySelector('#reader').scrollWidth") <= width
