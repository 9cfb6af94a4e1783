"""Which parts of a page only lead elsewhere, or stand on every page of its site?

Names of ids and classes are not trusted: a section about cookies may well be called ``cookies``.
What a page itself declares is (``nav``, ``main``, roles, ``rel="next"``), and how a part is built:
a list that holds nothing but links, before the first word of the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from colmodern.corpus.extraction.html.tree import Element

__all__ = ["HEADINGS", "navigation_of"]

HEADINGS = {f"h{level}": level for level in range(1, 7)}

_ROLES = frozenset({"navigation", "search", "menu", "menubar", "toolbar", "contentinfo"})
_PAGE_RELATIONS = frozenset({
    "prev", "previous", "next", "up", "home", "first", "last", "start", "contents", "index",
})  # fmt: skip
# Keys of previous, next, up and home, in pages that DocBook and Texinfo make.
_PAGE_KEYS = frozenset("pnuh")
_SECTIONING = frozenset({"article", "main", "section", "blockquote", "td", "figure", "details"})
_LISTS = ("ul", "ol", "menu", "dir")
_WORDY = frozenset({"p", "li", "dd", "dt", "pre", "blockquote", "figure", "textarea", *HEADINGS})

# A bar of links to other pages has no more words than this, and few that are no link.
_BAR_WORDS = 60
_BAR_NODES = 200
_LOOSE_WORDS = 24


def navigation_of(root: Element) -> set[Element]:
    """Return the elements of a page that are navigation, each with all that it holds."""
    found = {element for element in root.iter("nav", "footer") if _is_navigation(element)}
    found |= {element for element in root.iterfind(".//*[@role]") if _is_navigation(element)}
    found |= {form for form in root.iter("form") if _is_search(form)}
    found |= _bars(root)
    found |= _first_lists(root)
    return found | _around_main(root, found)


def _is_navigation(element: Element) -> bool:
    if element.tag == "nav" or element.get("role", "").strip().lower() in _ROLES:
        return str(element.tag) != "main"
    # A footer is the page's if it stands in no part of it. One with a heading says something.
    is_of_page = not any(above.tag in _SECTIONING for above in element.iterancestors())
    return element.tag == "footer" and is_of_page and _first(element, *HEADINGS) is None


def _is_search(form: Element) -> bool:
    """Say whether a form asks for words to search, and for nothing else."""
    if form.find(".//textarea") is not None or _first(form, *HEADINGS, "p", "li") is not None:
        return False
    if form.find(".//input[@type='search']") is not None:
        return True
    action = form.get("action", "").lower().partition("?")[0]
    return "search" in action.rsplit("/", 1)[-1]


def _bars(root: Element) -> set[Element]:
    """Return the smallest parts around links to the next page, the one before, and the like."""
    found: set[Element] = set()
    verdicts: dict[Element, bool] = {}
    for link in root.iter("a"):
        if not _leads_to_page(link):
            continue
        bar = None
        for above in link.iterancestors():
            if above not in verdicts:
                verdicts[above] = above.tag not in {"body", "html"} and _is_bar(above)
            if not verdicts[above]:
                break
            bar = above
        found |= {bar} if bar is not None else set()
    return found


def _leads_to_page(link: Element) -> bool:
    if _PAGE_RELATIONS & set(link.get("rel", "").lower().split()):
        return True
    return link.get("accesskey", "").lower() in _PAGE_KEYS


def _is_bar(element: Element) -> bool:
    """Say whether an element holds little beside links: no heading, and no text of its own."""
    nodes = list(islice(element.iter(), _BAR_NODES + 1))
    if len(nodes) > _BAR_NODES:
        return False
    n_loose = 0
    for node in nodes:
        says_something = node.tag in HEADINGS or node.find(".//a") is None
        if node.tag in _WORDY and says_something and _has_words(node):
            return False
        n_loose += _loose_words(node)
    return n_loose <= _LOOSE_WORDS and len("".join(element.itertext()).split()) <= _BAR_WORDS


def _loose_words(node: Element) -> int:
    """Return the number of words directly in an element that is not in a link."""
    if node.tag == "a" or any(above.tag == "a" for above in islice(node.iterancestors(), 8)):
        return 0
    texts = [node.text, *(child.tail for child in node)]
    return sum(len(text.split()) for text in texts if text)


def _first_lists(root: Element) -> set[Element]:
    """Return the lists of nothing but links that stand before the first heading or paragraph."""
    found: list[Element] = []
    end = 0
    for element in root.iter(*_LISTS, "p", "pre", "table", *HEADINGS):
        if element.tag not in _LISTS:
            if _has_words(element) and not any(a in found for a in element.iterancestors()):
                return set(found)
            continue
        if any(above in found for above in element.iterancestors()):
            continue
        end += 1
        if end > _BAR_NODES or not _is_of_links(element):
            return set(found)
        found.append(element)
    return set()  # a page of lists alone: they are what it says


def _is_of_links(element: Element) -> bool:
    words = sum(len(text.split()) for text in element.itertext())
    linked = sum(len("".join(a.itertext()).split()) for a in element.iter("a"))
    return 0 < words == linked


def _around_main(root: Element, known: set[Element]) -> set[Element]:
    """Return what stands beside the main part of a page, if it has one, and has no heading."""
    mains = [*root.iter("main"), *root.iterfind(".//*[@role='main']")]
    mains = [main for main in mains if main.get("hidden") is None]
    inside = {above for main in mains for above in (main, *main.iterancestors())}
    beside = [part for part in _beside(inside, mains) if part not in known]
    beside = [part for part in beside if _first(part, *HEADINGS) is None or _is_mostly_links(part)]
    n_main = sum(_n_words(main) for main in mains)
    return set(beside) if n_main >= sum(map(_n_words, beside)) else set()


def _beside(inside: set[Element], mains: list[Element]) -> Iterator[Element]:
    for part in inside - set(mains):
        for child in part:
            if child not in inside and child.tag != "head":
                yield child


def _is_mostly_links(element: Element) -> bool:
    linked = sum(len("".join(a.itertext()).split()) for a in element.iter("a"))
    return 2 * linked > _n_words(element)


def _n_words(element: Element) -> int:
    texts = (node.text for node in element.iter() if node.tag not in {"script", "style"})
    tails = (node.tail for node in element.iter() if node is not element)
    return sum(len(text.split()) for text in (*texts, *tails) if text)


def _has_words(element: Element) -> bool:
    return any(not text.isspace() for text in element.itertext())


def _first(element: Element, *tags: str) -> Element | None:
    return next(element.iter(*tags), None)
