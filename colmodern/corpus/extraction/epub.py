"""EPUB: the chapters of a book, in the order of reading."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from colmodern.corpus.extraction.html.tree import tree_of
from colmodern.corpus.extraction.html.walk import layout_of, title_of
from colmodern.corpus.extraction.joined import JoinedText
from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source
from colmodern.text.headings import Heading

__all__ = ["parse_epub"]

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = (".xhtml", ".html", ".htm", ".xml")


def parse_epub(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the chapters of a book, with their headings as ``sections``.

    A chapter without a heading has the one that the table of contents gives it.

    Raises:
        ExtractionError: If the book is encrypted or broken, or unpacks to more than the limits.
    """
    with parsing(source, "EPUB"):
        archive = Archive(data, source, options)
        package = _package(archive)
        _refuse_encrypted(archive, package, source)
        labels = _labels(archive, package)
        text = JoinedText()
        for part in package.chapters():
            _read_chapter(archive, part, labels.get(part, ""), text, source, options)
        result = text.result()
        archive.check_read(result)
        title = " ".join("".join(package.title).split())
        return Parsed(result, title, text.places(), tuple(archive.notes))


class _Item(NamedTuple):
    part: str
    kind: str
    properties: str


class _Package:
    """Reads what a book is made of, and in which order."""

    def __init__(self, archive: Archive, name: str) -> None:
        self.title: list[str] = []
        self._archive = archive
        self._name = name
        self._items: dict[str, _Item] = {}
        self._spine: dict[str, None] = {}
        self._is_title = False
        self._n_titles = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._is_title = name == "title" and not self._n_titles
        self._n_titles += name == "title"
        if name == "item":
            target = unquote(attributes.get("href", "").partition("#")[0])
            part = self._archive.beside(self._name, target)
            kind, properties = attributes.get("media-type", ""), attributes.get("properties", "")
            self._items[attributes.get("id", "")] = _Item(part, kind, properties)
        elif name == "itemref":
            self._spine.setdefault(attributes.get("idref", ""))

    def text(self, text: str) -> None:
        if self._is_title:
            self.title.append(text)

    def end(self, name: str) -> None:
        self._is_title = self._is_title and name != "title"

    def chapters(self) -> list[str]:
        """Return the parts to read: without a list of them all pages there are."""
        spine = [self._items[name] for name in self._spine if name in self._items]
        parts = [item.part for item in spine if "nav" not in item.properties.split()]
        pages = (n for n in self._archive.names if n.lower().endswith(_PAGES[:3]))
        return list(dict.fromkeys(parts)) or list(pages)

    def contents(self) -> Iterator[str]:
        """Yield the parts that are tables of contents."""
        for item in self._items.values():
            if "nav" in item.properties.split() or item.kind == "application/x-dtbncx+xml":
                yield item.part


class _Container:
    root = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "rootfile" and not self.root:
            self.root = attributes.get("full-path", "")

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def _package(archive: Archive) -> _Package:
    container = _Container()
    if _CONTAINER in archive.names:
        archive.read(_CONTAINER, container)
    if container.root not in archive.names:
        container.root = next((n for n in archive.names if n.endswith(".opf")), "")
    package = _Package(archive, container.root)
    if container.root:
        archive.read(container.root, package)
    return package


class _Encrypted:
    def __init__(self) -> None:
        self.parts: set[str] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "CipherReference":
            self.parts.add(unquote(attributes.get("URI", "")))

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def _refuse_encrypted(archive: Archive, package: _Package, source: Source) -> None:
    """Refuse a book whose chapters are locked; fonts often are, and are no text."""
    found = _Encrypted()
    if _ENCRYPTION in archive.names:
        archive.read(_ENCRYPTION, found)
    if found.parts.intersection(package.chapters()):
        raise ExtractionError(source.path, SkipReason.ENCRYPTED, "its chapters are locked (DRM)")


class _Labels:
    """Reads a table of contents of EPUB 2 or 3: the first label of each part."""

    def __init__(self, archive: Archive, name: str) -> None:
        self.found: dict[str, str] = {}
        self._archive = archive
        self._name = name
        self._words: list[str] = []
        self._target = ""
        self._is_text = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"navPoint", "a"}:
            self._words, self._target = [], attributes.get("href", "")
        elif name == "content":
            self._take(attributes.get("src", ""))
        self._is_text = self._is_text or name in {"text", "a"}

    def text(self, text: str) -> None:
        if self._is_text:
            self._words.append(text)

    def end(self, name: str) -> None:
        self._is_text = self._is_text and name not in {"text", "a"}
        if name == "a":
            self._take(self._target)

    def _take(self, target: str) -> None:
        part = self._archive.beside(self._name, unquote(target.partition("#")[0]))
        if label := " ".join("".join(self._words).split()):
            self.found.setdefault(part, label)
        self._words = []


def _labels(archive: Archive, package: _Package) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in package.contents():
        if name in archive.names:
            labels = _Labels(archive, name)
            archive.read(name, labels)
            found = labels.found | found
    return found


def _read_chapter(
    archive: Archive,
    part: str,
    label: str,
    text: JoinedText,
    source: Source,
    options: ScanOptions,
) -> None:
    data = archive.bytes_of(part)
    if not data or not posixpath.basename(part).lower().endswith(_PAGES):
        return
    try:
        page, notes = tree_of(data, source, options)
    except ExtractionError as error:
        archive.note(part, error.skipped.detail)
        return
    archive.notes += [note._replace(detail=f"{part}: {note.detail}") for note in notes]
    layout = layout_of(page, is_of_book=True)
    headings: list[Heading] = layout.headings
    above = "" if headings else label or title_of(page)
    text.add(layout.text(), headings, above=above)
