"""Which documents of a corpus stand for it? Pieces of some that are drawn at random."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from colmodern.corpus import ExtractionError, ExtractionPool, IdRegistry, ScanOptions, Source, scan
from colmodern.storage import exists, open_reader
from colmodern.types import Document

SAMPLED_DOCUMENTS = 400
_SAMPLED_FILES = 2_000
_PIECE = 2_000  # characters
_WHOLE = 20_000
_CHARACTERS = 3_000_000  # some 600,000 tokens


@dataclass(frozen=True, slots=True)
class Drawn:
    """Documents that stand for a corpus.

    Attributes:
        documents: Pieces of documents drawn at random, with their ids, in no order.
        answers: The documents that were asked for by their ids, if they are there.
        texts: Titles, and pieces of texts, of all documents, drawn at random.
    """

    documents: list[Document]
    answers: dict[str, Document]
    texts: list[str]


def sample_of(
    documents: Iterable[Document], wanted: frozenset[str], *, seed: int, with_texts: bool = True
) -> Drawn:
    """Return a sample of documents, drawn in one pass; memory does not grow with the corpus.

    Args:
        documents: All of them.
        wanted: Ids of documents that are needed besides.
        seed: Decides which.
        with_texts: Whether texts are wanted, too.
    """
    draw = random.Random(seed)
    kept: list[Document] = []
    answers: dict[str, Document] = {}
    texts = _Texts(_CHARACTERS, seed)
    n_seen = 0
    for document in documents:
        if document.id in wanted:
            answers[document.id] = _cut(document, 0, _WHOLE)
        for text in _pieces(document) if with_texts else ():
            texts.offer(text)
        if not document.text.strip():
            continue
        n_seen += 1
        place = len(kept) if n_seen <= SAMPLED_DOCUMENTS else draw.randrange(n_seen)
        if place < SAMPLED_DOCUMENTS:
            room = max(1, len(document.text) - _PIECE)
            piece = _cut(document, draw.randrange(room), _PIECE)
            kept[place : place + 1] = [piece]
    return Drawn(kept, answers, texts.kept)


def documents_of(
    roots: Sequence[Path],
    options: ScanOptions,
    *,
    every_file: bool,
    seed: int,
    apart: Sequence[Path] = (),
) -> Iterator[Document]:
    """Yield the documents of an index, or of files; of very many files, those of some.

    Args:
        roots: One index, or folders and files.
        options: Which files, and how they are read.
        every_file: Whether no file may be passed over.
        seed: Decides which are read.
        apart: Folders whose files do not belong to it, wherever they lie.

    Raises:
        InputError: A root does not exist or cannot be read.
        IndexStoreError: The index cannot be read.
    """
    if len(roots) == 1 and exists(roots[0]):
        with open_reader(roots[0]) as reader:
            for stored in reader.documents():
                yield Document(stored.id, stored.text, stored.title)
        return
    own = [folder.absolute() for folder in apart]
    sources = [
        source
        for source in scan(roots, options).sources
        if not any(source.path.absolute().is_relative_to(folder) for folder in own)
    ]
    if not every_file and len(sources) > _SAMPLED_FILES:
        chosen = random.Random(seed).sample(range(len(sources)), _SAMPLED_FILES)
        sources = [sources[i] for i in sorted(chosen)]
    registry = IdRegistry()
    with ExtractionPool(sources, options) as pool:
        yield from chain.from_iterable(_read(source, pool, registry) for source in sources)


def _read(source: Source, pool: ExtractionPool, registry: IdRegistry) -> Iterator[Document]:
    """Yield the documents of a file; what cannot be read is told when it is indexed."""
    try:
        _, documents = pool.read(source, _untold)
        for document, row in documents:
            yield registry.claim(document, source, row)
    except ExtractionError:
        return


class _Texts:
    """Some of many texts, so many characters together; each text is as likely as any other."""

    def __init__(self, most: int, seed: int) -> None:
        self._kept: list[tuple[float, int, str]] = []  # a heap, the next to go first
        self._room, self._n_seen, self._draw = most, 0, random.Random(seed)

    def offer(self, text: str) -> None:
        """Look at one more."""
        heapq.heappush(self._kept, (self._draw.random(), self._n_seen, text))
        self._n_seen += 1
        self._room -= len(text)
        while self._room < 0:
            self._room += len(heapq.heappop(self._kept)[2])

    @property
    def kept(self) -> list[str]:
        """Those that were drawn, in the order they came."""
        return [text for _, text in sorted((n, text) for _, n, text in self._kept)]


def _pieces(document: Document) -> Iterator[str]:
    """Yield a document's title, which is as short as queries are, and its text in pieces."""
    if document.title.strip():
        yield document.title
    text, start = document.text if document.text.strip() else "", 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text):
            end = next((i for i in range(end, start, -1) if text[i - 1].isspace()), end)
        yield text[start:end]
        start = end


def _untold(_: object) -> None:
    """Say nothing: the index says what was left out."""


def _cut(document: Document, start: int, length: int) -> Document:
    """Return a piece of a document that starts after white space, with its title."""
    text = document.text
    if start:
        start = next((i + 1 for i in range(start, len(text)) if text[i].isspace()), 0)
    return Document(document.id, text[start : start + length], document.title)
