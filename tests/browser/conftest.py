"""One browser for all tests of the page; they are skipped where there is none."""

from __future__ import annotations

import pytest

pytest.importorskip("selenium")
pytest.importorskip("uvicorn")

from colmodern import Indexer

from . import browser
from .page import Page
from .site import DOCUMENTS, ENCODER, serving


@pytest.fixture(scope="session")
def driver():
    if not browser.IS_HERE:
        pytest.skip("needs chromium and chromedriver")
    with browser.running() as driver:
        yield driver


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "things"
    Indexer(path, ENCODER).build(DOCUMENTS)
    return path


@pytest.fixture(scope="session")
def site(driver, index):
    with serving({"things": index}) as site:
        yield site


@pytest.fixture
def page(driver, site):
    """The page of a server without tokens, not opened yet; what it must not do is checked."""
    browser.resize(driver, 1280)
    driver.get("about:blank")
    driver.get_log("browser")
    page = Page(driver, site)
    yield page
    page.check_console()
