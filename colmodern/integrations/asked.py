"""What does a framework get of an index? Texts with their places, in the newest state.

By default a text is the passage of a document that answers, not the whole document: frameworks
hand texts to language models, and a long document does not fit there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colmodern.passages.places import NOTED_FIELDS
from colmodern.request import SearchRequest
from colmodern.searcher import Hit, Hits, Passage, Searcher
from colmodern.types import MetadataValue, QueryEncoder


@dataclass(frozen=True, slots=True)
class AskedText:
    """A text that answers, as a framework wants it.

    Attributes:
        doc_id: The id of its document.
        key: The document and the characters of it that the text is: ``ID#START-END``; the id alone
            for a whole document.
        text: The text.
        score: The score of the document; it compares hits of one query only.
        rank: From 1.
        metadata: Flat values: those of the document, and ``id``, ``title``, ``source``, ``score``,
            ``rank``, ``start``, ``end``, ``line``, ``place``, ``page``, ``slide``, ``cell``,
            ``row``, ``seconds``, ``section`` and ``lead`` as far as they are known. A value of the
            document that has one of these names is called ``document_NAME``.
    """

    doc_id: str
    key: str
    text: str
    score: float
    rank: int
    metadata: dict[str, MetadataValue]


class AskedIndex:
    """An index, opened once and asked by many threads; what is committed meanwhile is found."""

    def __init__(
        self,
        index: str | Path | Searcher,
        *,
        encoder: QueryEncoder | None = None,
        whole_documents: bool = False,
        **options: Any,
    ) -> None:
        """Open an index.

        Args:
            index: Its folder, or a searcher that is open, which keeps its state.
            encoder: The encoder the index was made with; None: the one that it names.
            whole_documents: Whether a text is the whole document, not its passage.
            **options: Fields of ``SearchRequest``.

        Raises:
            ConfigError: An option is not allowed.
            IndexStoreError: There is no index, or it cannot be read.
            EncoderMismatchError: It was made with another encoder.
        """
        if whole_documents:
            options = {"passages": False, **options}
        self.request = SearchRequest.of(None, options)
        self.whole_documents = whole_documents
        self._is_lent = isinstance(index, Searcher)
        self._searcher = index if isinstance(index, Searcher) else Searcher.open(index, encoder)
        self._refreshing = threading.Lock()

    @property
    def searcher(self) -> Searcher:
        """A searcher of the newest state, or the one that was given."""
        if not self._is_lent:
            with self._refreshing:
                if not self._searcher.is_current():
                    # The old one is let go of by whoever still searches with it.
                    self._searcher = self._searcher.refresh()
        return self._searcher

    def texts(self, query: str, **options: Any) -> list[AskedText]:
        """Return the texts that answer a query, best first; ``options`` differ from the request."""
        return self.texts_of(self.searcher, [query], **options)[0]

    def texts_of(
        self, searcher: Searcher, queries: Sequence[str], **options: Any
    ) -> list[list[AskedText]]:
        """Return the texts that answer each query, from one state of the index."""
        given = {name: value for name, value in options.items() if value is not None}
        asked = searcher.search_many(queries, self.request, **given)
        return [self.texts_in(searcher, hits) for hits in asked]

    def texts_in(self, searcher: Searcher, hits: Hits) -> list[AskedText]:
        """Return what is shown of hits."""
        return [self._text(searcher, hit) for hit in hits]

    def _text(self, searcher: Searcher, hit: Hit) -> AskedText:
        passage = None if self.whole_documents else hit.passage
        return AskedText(
            doc_id=hit.doc_id,
            key=hit.doc_id if passage is None else f"{hit.doc_id}#{passage.start}-{passage.end}",
            text=self._shown(searcher, hit, passage),
            score=hit.score,
            rank=hit.rank,
            metadata=_metadata(hit, passage),
        )

    def _shown(self, searcher: Searcher, hit: Hit, passage: Passage | None) -> str:
        """Return the passage; the whole text if there is none, unless no text is asked for."""
        if passage is not None:
            return passage.text
        is_wanted = self.whole_documents or self.request.passages
        return searcher.document(hit.doc_id).text if is_wanted else ""


def _metadata(hit: Hit, passage: Passage | None) -> dict[str, MetadataValue]:
    own: dict[str, MetadataValue] = {
        "id": hit.doc_id,
        "title": hit.title or None,
        "source": hit.source,
        "score": hit.score,
        "rank": hit.rank,
    }
    if passage is not None:
        place = passage.place
        own |= {
            "start": passage.start,
            "end": passage.end,
            "line": passage.line,
            "lead": passage.lead or None,
            **place.to_dict(),
            "place": str(place) or None,
            "section": " > ".join(place.section) or None,
        }
    named = {name: value for name, value in own.items() if value is not None}
    kept = {name: value for name, value in hit.metadata.items() if name not in NOTED_FIELDS}
    return {f"document_{n}" if n in named else n: value for n, value in kept.items()} | named
