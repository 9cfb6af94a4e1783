"""Can everybody use it? Names, landmarks, headings, focus and contrast, in light and in dark."""

from itertools import pairwise

import pytest
from selenium.webdriver.common.keys import Keys

from .browser import resize

# Every text that can be seen, with the contrast of its colour to what lies behind it.
CONTRASTS = """
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const parsed = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const luminance = (color) => color.slice(0, 3)
  .map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = parsed(getComputedStyle(e).backgroundColor);
    if (color[3] > 0) return color;
  }
  return [255, 255, 255, 1];
};
const walker = document.createTreeWalker(arguments[0], NodeFilter.SHOW_TEXT);
const found = [];
const see = (element, text) => {
  const ink = luminance(parsed(getComputedStyle(element).color));
  const paper = luminance(behind(element));
  const [high, low] = ink > paper ? [ink, paper] : [paper, ink];
  found.push([text.trim().slice(0, 40), (high + .05) / (low + .05)]);
};
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (node.data.trim() && node.parentElement.checkVisibility()) see(node.parentElement, node.data);
}
for (const field of arguments[0].querySelectorAll("input, select")) {
  if (field.checkVisibility()) see(field, field.value || field.placeholder || field.name);
}
return found;
"""

STATES = ("", "#q=oven+bread+zebra", "#q=bread&where=yaer", "#q=oven+bread&doc=ovens.md&at=0-30")


def shown(page, said):
    page.open(said)
    if "doc=" in said:
        page.until(lambda: "character" in page.one("#reader-range").text)
        return page.one("#reader")
    if "where" not in said and said:
        page.point_at("bread")
        page.one(".hit summary").click()
    return page.one("body")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("said", STATES)
def test_text_stands_out_from_what_lies_behind(page, said, dark):
    resize(page.driver, 1280, dark=dark)
    seen = page.script(CONTRASTS, shown(page, said))
    assert len(seen) > 5
    assert [one for one in seen if one[1] < 4.5] == []


@pytest.mark.parametrize("said", STATES)
def test_everything_has_a_name_and_its_place(page, said):
    place = shown(page, said)
    ids = page.script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    usable = "a[href], button, input, select, summary, [tabindex]"
    controls = [one for one in place.find_elements("css selector", usable) if one.is_displayed()]
    assert len(controls) > 3
    assert [one.get_attribute("outerHTML") for one in controls if not one.accessible_name] == []
    for landmark in ("main", "body > header", "body > footer", "[role=search]"):
        assert len(page.all(landmark)) == 1
    levels = page.script(
        "return [...document.querySelectorAll('h1, h2, h3')]"
        ".filter((e) => e.checkVisibility()).map((e) => +e.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.script("return document.documentElement.lang") == "en"
    for live, role in (("#count", "status"), ("#notice", "alert"), ("#reader-notice", "alert")):
        assert (
            page.script("return document.querySelector(arguments[0]).closest('[role]').role", live)
            == role
        )


def test_the_focus_is_seen_wherever_it_goes(page):
    page.open("#q=bread&k=2")
    page.until(lambda: page.texts(".query button") == ["bread"])
    style = (
        "const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.outlineWidth"
    )
    seen = []
    page.press(Keys.TAB)
    while page.script("return document.activeElement !== document.body"):
        seen.append(page.focused())
        assert page.script(style) == "solid2px", seen
        page.press(Keys.TAB)
    assert seen[0] == "skip"
    assert {"query", "bread", *page.titles()} <= set(seen)


def test_the_first_link_leads_to_the_hits(page):
    page.open("#q=bread&k=2")
    page.press(Keys.TAB, Keys.ENTER)
    assert page.focused() == "hits"
    assert "q=bread" in page.address()
    page.press(Keys.TAB)
    assert page.focused() == page.titles()[0]


def test_the_count_is_told_as_it_changes(page):
    page.open("#q=bread&k=2")
    node = page.one("#count")
    page.search("red trains")
    assert node.text.startswith("2 hits")  # the same element: who listens to it hears of it
