"""A document is opened at its passage: what is marked, what is loaded, how is it left?"""

from functools import partial

from selenium.webdriver.common.keys import Keys

from colmodern.serve.http import documents

from .site import LONG, OVENS


def text_of_reader(page):
    return page.script("return document.querySelector('#reader-text').textContent")


def differs(page, before):
    return page.one("#reader-range").text != before


def until_loaded(page):
    page.until(lambda: "character" in page.one("#reader-range").text)


def test_a_hit_opens_at_its_passage(page):
    page.open("#q=oven+bakes+bread&k=1")
    page.one(".hit h2 a").click()
    until_loaded(page)
    assert page.one("#reader-title").text == "Of ovens"
    assert page.one("#reader-place").text == "ovens.md · Ovens · line 3"
    assert text_of_reader(page) == OVENS
    marked = "".join(page.texts("#reader-text mark.answers"))
    assert "An oven bakes bread at night." in marked
    assert {"oven", "bakes", "bread"} <= set(page.texts("#reader-text mark.lit"))
    page.driver.back()
    page.until(lambda: not page.all("#reader")[0].is_displayed())
    assert page.focused() == "Of ovens"


def test_an_address_opens_a_document_without_a_search(page):
    at = OVENS.index("rye bread")
    page.open(f"#doc=ovens.md&at={at}-{at + 9}")
    until_loaded(page)
    assert page.texts("#reader-text mark.best") == ["rye bread"]
    page.one("#reader-close").click()
    page.until(lambda: "doc=" not in page.address())
    assert page.one("#count").text == "6 documents can be searched."


def test_a_long_document_is_loaded_piece_by_piece(page, monkeypatch):
    asked = []
    answer = documents.as_json

    def noted(values):
        if "characters" in values:
            asked.append((values["start"], values["end"]))
        return answer(values)

    monkeypatch.setattr(documents, "as_json", noted)
    page.open("#q=walrus+sings&k=1")
    page.one(".hit h2 a").click()
    until_loaded(page)
    assert "walrus" in "".join(page.texts("#reader-text mark.answers"))
    at = LONG.index("Here the walrus")
    assert asked[0][0] <= at - 1000
    assert all(end - start < len(LONG) / 2 for start, end in asked)
    middle = (
        "const a = arguments[0].getBoundingClientRect(); return a.top > 0 && a.bottom < innerHeight"
    )
    assert page.script(middle, page.one("#reader-text mark.lit"))

    page.script("document.querySelector('#reader-scroll').scrollTop = 0")
    page.until(lambda: asked[-1][0] < asked[0][0])
    page.until(lambda: LONG.index(text_of_reader(page)) < asked[0][0])
    assert page.script("return document.querySelector('#reader-scroll').scrollTop") > 0
    for end in ("earlier", "later"):
        (button,) = page.all(f"#reader-{end}")
        while button.is_displayed():
            before = page.one("#reader-range").text
            page.script("arguments[0].scrollIntoView()", button)
            page.until(partial(differs, page, before))
    assert text_of_reader(page) == LONG
    page.until(lambda: page.one("#reader-range").text == f"{len(LONG):,} characters")
    page.one("#reader-back").click()
    assert page.script(middle, page.one("#reader-text mark.lit"))


def test_the_keyboard_stays_in_a_document_until_it_is_left(page):
    page.open("#q=bread&k=2")
    page.press(Keys.TAB)
    page.press("j", "j", Keys.ENTER)
    until_loaded(page)
    seen = set()
    for _ in range(6):
        page.press(Keys.TAB)
        seen.add(page.focused())
    assert {"reader-close", "reader-scroll"} <= seen
    assert not seen & {"query", *page.titles()}
    page.press(Keys.ESCAPE)
    page.until(lambda: page.focused() == page.titles()[1])
    page.until(lambda: "doc=" not in page.address())  # a browser goes back in its own time


def test_a_document_that_is_gone_is_said_and_left(page):
    page.open("#q=bread&doc=gone&at=1-2")
    told = page.one("#reader-notice")
    page.until(lambda: "gone" in told.text)
    assert "document_not_found" in told.text
    page.press(Keys.ESCAPE)
    page.until(lambda: "doc=" not in page.address())
    assert page.titles()
