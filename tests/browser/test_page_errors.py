"""What goes wrong is said with its code, and can be tried again; a token is asked for."""

from colmodern.errors import RequestRefusedError
from colmodern.serve.admission import Admission

from .page import Page
from .site import serving

TOKEN = "r" * 20


def test_a_filter_that_is_wrong_is_named_and_mended(page):
    page.open("#q=bread&where=yaer+%3E+3")
    told = page.one("#notice").text
    assert "yaer" in told
    assert "filter_unknown_field" in told
    field = page.one("[name=where]")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == "notice"
    field.clear()
    page.search("bread")
    assert field.get_attribute("aria-invalid") is None
    assert page.texts("#notice") == [""]
    assert page.titles()


def test_where_a_filter_is_wrong_is_shown(page):
    page.open("#q=bread&where=year+%3E")
    assert page.texts("#notice pre") == ["    year >\n          ^"]


def test_a_server_that_has_no_time_says_when(page, monkeypatch):
    page.open("#q=bread")

    async def refuse(*_arguments, **_options):
        raise RequestRefusedError("Too many requests wait.", code="overloaded")

    with monkeypatch.context() as patched:
        patched.setattr(Admission, "run", refuse)
        page.search("red trains")
        told = page.one("#notice").text
        assert "Too many requests wait. Try again in 1 s." in told
        assert "overloaded" in told
        assert page.titles() == []
    page.one("#notice button").click()
    page.until(lambda: page.titles()[:1] == ["trains"])
    assert page.texts("#notice") == [""]


def test_a_server_that_is_gone(page, index, driver):
    with serving({"things": index}) as site:
        gone = Page(driver, site)
        gone.open("#q=bread")
        assert gone.titles()
    gone.search("red trains")
    assert "The server does not answer." in gone.one("#notice").text
    assert gone.titles() == []


def test_a_token_is_asked_for_and_kept_for_the_tab(page, index, driver, tmp_path):
    (tmp_path / "tokens").write_text(f"read {TOKEN}\nwrite {'w' * 20}\n")
    with serving({"things": index}, token_file=str(tmp_path / "tokens")) as site:
        page.site = site
        driver.get(f"{site.url}#q=bread&k=1")
        page.one("#token").send_keys("x" * 20 + "\n")
        page.until(lambda: page.one("#sign-in-why").text == "The server does not know this token.")
        page.one("#token").send_keys("two words\n")
        page.until(lambda: "one word" in page.one("#sign-in-why").text)
        page.one("#token").clear()
        page.one("#token").send_keys(TOKEN + "\n")
        page.until(lambda: len(page.titles()) == 1)
        kept = page.script("return [{...sessionStorage}, {...localStorage}, document.cookie]")
        assert kept == [{"colmodern.token": TOKEN}, {}, ""]
        assert TOKEN not in page.script("return document.documentElement.outerHTML")
        driver.refresh()
        page.until(lambda: len(page.titles()) == 1)
        page.one("#forget").click()
        page.one("#sign-in-cancel").click()
        page.until(lambda: "token_missing" in page.one("#notice").text)
        page.one("#notice button").click()
        page.one("#token").send_keys("w" * 20 + "\n")
        page.until(lambda: "token_not_enough" in page.one("#notice").text)
