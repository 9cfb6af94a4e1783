"""Makes the pictures of the page for the docs: ``python -m tests.browser.pictures``.

Letters look as the fonts of the machine do; the pictures of the docs were made with Noto.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from PIL import Image
from selenium.webdriver import Chrome

from colmodern import Encoder, Indexer

from . import browser
from .page import Page
from .site import serving

ROOT = Path(__file__).parents[2]
QUERY = "who decides whether a boat goes out in strong wind?"
COLOURS = 96


def main(folder: Path) -> None:
    """Make all pictures."""
    encoder = Encoder.load()
    with TemporaryDirectory() as work, browser.running() as driver:
        index = Path(work) / "handbook"
        Indexer(index, encoder).sync([ROOT / "examples" / "handbook"])
        with serving({"handbook": index}, encoder) as site:
            page = Page(driver, site)
            browser.resize(driver, 1100, 850)
            page.open("#" + urlencode({"q": QUERY}))
            page.point_at("goes")
            page.until(lambda: all(page.texts(".hit:nth-child(-n+3) .why b")))
            keep(driver, folder / "page.png")
            browser.resize(driver, 1100, 700, dark=True)
            page.one(".hit h2 a").click()
            page.until(lambda: "character" in page.one("#reader-range").text)
            keep(driver, folder / "page-document.png")
            browser.resize(driver, 360, 700, dark=True)
            page.open("#" + urlencode({"q": QUERY}))
            page.point_at("boat")
            keep(driver, folder / "page-narrow.png")


def keep(driver: Chrome, path: Path) -> None:
    """Keep what is shown as a small PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(driver.get_screenshot_as_png())) as shown:
        shown.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
