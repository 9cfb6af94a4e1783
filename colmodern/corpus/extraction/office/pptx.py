"""PPTX: what the slides of a PowerPoint presentation say, with speaker notes and comments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from colmodern.corpus.decoding import without_surrogates
from colmodern.corpus.extraction.office.archive import Archive
from colmodern.corpus.extraction.office.drawings import words_of_part
from colmodern.corpus.extraction.office.pptx_slide import SlideReader, SlideShape
from colmodern.corpus.extraction.office.properties import title_of
from colmodern.corpus.extraction.office.relations import Relations, relations_of
from colmodern.corpus.extraction.office.slide_text import SlideText
from colmodern.corpus.extraction.parsed import Parsed, parsing
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import ExtractionError, SkipReason, Source

__all__ = ["parse_pptx"]

_SLIDES = re.compile(r"slides/slide\d+\.xml")
_TITLES = frozenset({"title", "ctrTitle"})
_NUMBERS = frozenset({"sldNum", "dt"})
_RUNNING = frozenset({"ftr", "hdr"})


def parse_pptx(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return the slides of a presentation, in their order, each with its title first.

    Speaker notes and comments follow their slide. The metadata have ``slides``, their number,
    ``slide_starts``, where each begins, and their titles as ``sections``.

    Raises:
        ExtractionError: If the file is encrypted or broken, or unpacks to more than the limits.
    """
    with parsing(source, "PPTX"):
        archive = Archive(data, source, options)
        main = next((n for n in archive.names if posixpath.basename(n) == "presentation.xml"), None)
        if main is None:
            detail = "not a sound PPTX file: it has no presentation.xml"
            raise ExtractionError(source.path, SkipReason.BROKEN, detail)
        text, seen = SlideText(), set[str]()
        for part in _slides(archive, main):
            _read_slide(archive, part, text, seen)
        title = title_of(archive) or text.first_title
        result = without_surrogates(text.result())
        archive.check_read(result)
        return Parsed(result, title, text.places(), tuple(archive.notes))


class _PresentationIndex:
    """Reads the ids of the slides, in their order."""

    def __init__(self) -> None:
        self.relations: dict[str, None] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sldId":
            self.relations.setdefault(attributes.get("id", ""))

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def _slides(archive: Archive, main: str) -> list[str]:
    """Return the parts of the slides in their order; those that are missing are noted."""
    index = _PresentationIndex()
    archive.read(main, index)
    related = relations_of(archive, main)
    named = [related[relation].part for relation in index.relations if relation in related]
    if not named:
        return list(archive.matching(_SLIDES, posixpath.dirname(main)))
    for number, relation in enumerate(index.relations, 1):
        if relation not in related:
            archive.note(f"slide {number}", "it is not there")
    return named


def _read_slide(archive: Archive, part: str, text: SlideText, seen: set[str]) -> None:
    related = relations_of(archive, part)
    title = ""
    blocks = []
    for shape in _shapes(archive, part):
        if shape.kind in _TITLES and not title:
            title = shape.text
        elif shape.kind in _RUNNING:
            blocks += [] if shape.text in seen else [shape.text]
            seen.add(shape.text)
        elif shape.kind not in _NUMBERS:
            blocks.append(shape.text)
        blocks += _shown(archive, shape, related)
    for notes in related.of_kind("notesSlide"):
        blocks += [shape.text for shape in _shapes(archive, notes) if shape.kind == "body"]
    blocks += [words_of_part(archive, comments) for comments in related.of_kind("comments")]
    text.slide(title, blocks)


def _shapes(archive: Archive, part: str) -> list[SlideShape]:
    reader = SlideReader()
    archive.read(part, reader)
    reader.finish()
    return reader.shapes


def _shown(archive: Archive, shape: SlideShape, related: Relations) -> Iterator[str]:
    """Yield the words of the chart or the diagram that a shape shows."""
    if shape.relation in related:
        yield words_of_part(archive, related[shape.relation].part)
