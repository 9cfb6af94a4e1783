"""The bytes of a page as a tree of its elements."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from colmodern.corpus.extraction.parsed import Note
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source

__all__ = ["Element", "tree_of"]

Element: TypeAlias = Any
"""An element of lxml."""

_DECLARED = re.compile(
    rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*+=\s*+[\"']?+\s*+([\w.:-]{1,40})",
    re.IGNORECASE,
)
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}\?>")

# What comes after the end of a page belongs to it for a browser, and not for the parser.
_END_OF_PAGE = re.compile(r"</(?:body|html)\b[^<>]{0,100}>", re.IGNORECASE)
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)\b[^<>]*>", re.IGNORECASE)
_NEVER_NESTED = frozenset({
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "param", "source", "td", "th", "tr", "track", "wbr",
})  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ENDS = "".join(f"</{name}>" for name in _HEADINGS)
_KEPT_FLAT = frozenset({*_HEADINGS, "head", "title", "script", "style"})
_INLINE = frozenset({"a", "b", "code", "em", "font", "i", "small", "span", "strong", "tt", "u"})


def tree_of(data: bytes, source: Source, options: ScanOptions) -> tuple[Element, tuple[Note, ...]]:
    """Return the root of a page, and what there is to note of its bytes.

    Raises:
        ExtractionError: If the bytes are no text.
    """
    declared = _DECLARED.search(data[:4096])
    encoding = declared.group(1).decode("ascii") if declared else None
    text, notes = spelled(data, source, options, declared=encoding)
    markup = _END_OF_PAGE.sub("", text.replace("\0", "\ufffd"))
    if match := _XML_DECLARATION.match(markup):
        markup = markup[match.end() :]
    root = _parsed(markup, is_deep=False)
    if root is None:
        root = _parsed(_TAG.sub(_flat, markup), is_deep=True)
    return root, notes


def _parsed(markup: str, *, is_deep: bool) -> Element | None:
    """Return the root of a page; None if it nests more than 256 deep, which no person wrote."""
    from lxml import etree

    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=is_deep
    )
    root = etree.fromstring(markup.encode(), parser)
    errors = {error.type for error in parser.error_log}
    if etree.ErrorTypes.ERR_RESOURCE_LIMIT in errors and not is_deep:
        return None
    return etree.Element("html") if root is None else root


def _flat(match: re.Match[str]) -> str:
    """Return what stands for a tag in a page that nests too deeply: itself, or a line break."""
    name = match["name"].lower()
    if name in _HEADINGS and not match["end"]:
        return f"{_ENDS}<{name}>"
    if name in _NEVER_NESTED or name in _KEPT_FLAT:
        return match[0]
    return "" if name in _INLINE else "<br>"
