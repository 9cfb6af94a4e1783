"""How does PyTerrier ask an index? As a transformer, and it makes one by an indexer.

>>> retriever = PyTerrierIndexer("corpus.cmi").index(documents)  # doctest: +SKIP
>>> pt.Experiment([retriever], topics, qrels, ["ndcg_cut.10"])  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.errors import InputError
from colmodern.indexer import Indexer
from colmodern.integrations.asked import AskedIndex, AskedText
from colmodern.integrations.needed import needed
from colmodern.request import IndexConfig, SearchRequest
from colmodern.searcher import Searcher
from colmodern.storage import exists
from colmodern.types import Document, DocumentEncoder, MetadataValue, QueryEncoder

with needed("pyterrier>=1.0", module="pyterrier", purpose="PyTerrierRetriever"):
    import pandas as pd
    import pyterrier as pt

_FOUND = ("docno", "score", "rank")
_SHOWN = ("text", "start", "end", "place")


class PyTerrierRetriever(pt.Transformer):
    """Retrieves for queries, and reranks results: those that come in with a ``docno``.

    Retrieved rows have ``docno``, ``score``, ``rank`` (from 0), and of the passage ``text``,
    ``start``, ``end`` and ``place``. Reranked rows keep their columns; each document of them is
    scored by all of it.
    """

    def __init__(
        self,
        index: str | Path | Searcher,
        *,
        num_results: int = 100,
        encoder: QueryEncoder | None = None,
        passages: bool = True,
        whole_documents: bool = False,
        **options: Any,
    ) -> None:
        """Open an index.

        Args:
            index: Its folder, or an open searcher.
            num_results: How many documents a query has at most.
            encoder: The encoder of the index; None: the one that it names.
            passages: Whether rows have a text; an experiment that only ranks is faster without.
            whole_documents: Whether the text is the whole document, not its passage.
            **options: Further fields of ``SearchRequest``, such as ``mode="hybrid"``.
        """
        super().__init__()
        self._asked = AskedIndex(
            index,
            encoder=encoder,
            whole_documents=whole_documents,
            k=num_results,
            passages=passages and not whole_documents,
            **options,
        )
        self._columns = (*_FOUND, *(_SHOWN if passages or whole_documents else ()))

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Return the results of queries, or results in a new order.

        Args:
            inp: Rows with ``qid`` and ``query``; with ``docno`` too they are reranked.

        Raises:
            InputError: A query is empty, or a ``docno`` is not in the index.
        """
        with pt.validate.any(inp) as found:
            found.result_frame(extra_columns=["query"], mode="rerank")
            found.query_frame(extra_columns=["query"], mode="retrieve")
        return self._reranked(inp) if found.mode == "rerank" else self._retrieved(inp)

    def _retrieved(self, queries: pd.DataFrame) -> pd.DataFrame:
        texts: list[list[AskedText]] = []
        if len(queries):
            texts = self._asked.texts_of(self._asked.searcher, queries["query"].tolist())
        rows = np.repeat(np.arange(len(queries)), [len(one) for one in texts])
        kept = queries.drop(columns=list(self._columns), errors="ignore")
        frame = kept.iloc[rows].reset_index(drop=True)
        flat = [one for several in texts for one in several]
        values: dict[str, list[Any]] = {
            "docno": [one.doc_id for one in flat],
            "score": [one.score for one in flat],
            "rank": [one.rank - 1 + pt.model.FIRST_RANK for one in flat],
            "text": [one.text for one in flat],
            **{name: [one.metadata.get(name) for one in flat] for name in _SHOWN[1:]},
        }
        return frame.assign(**{name: values[name] for name in self._columns})

    def _reranked(self, results: pd.DataFrame) -> pd.DataFrame:
        frame = results.reset_index(drop=True)
        scores = np.zeros(len(frame))
        for _, rows in frame.groupby("qid", sort=False):
            found = self._scores(rows["query"].iloc[0], rows["docno"].tolist())
            scores[rows.index] = [found.get(docno, -np.inf) for docno in rows["docno"]]
        return pt.model.add_ranks(frame.assign(score=scores))

    def _scores(self, query: str, docnos: Sequence[str]) -> dict[str, float]:
        searcher = self._asked.searcher
        (tokens,) = searcher.encoder.encode_queries([query])
        how = {"k": len(set(docnos)), "effort": "exact", "passages": False}
        request = SearchRequest.of(self._asked.request, how)
        allowed = searcher.masks_of(docnos)
        hits = searcher.search_embeddings(tokens, request, query=query, allowed=allowed)
        return {hit.doc_id: hit.score for hit in hits}


class PyTerrierIndexer(pt.Indexer):
    """Makes an index of dictionaries with a ``docno`` and texts, or adds them to one."""

    def __init__(
        self,
        path: str | Path,
        encoder: DocumentEncoder | None = None,
        *,
        text_attrs: Sequence[str] = ("text",),
        config: IndexConfig | None = None,
    ) -> None:
        """Work on the index at ``path``, which need not exist yet.

        Args:
            path: The folder of the index.
            encoder: Encodes documents; None: the student in the package.
            text_attrs: Which fields are the text; several are joined by empty lines. ``title`` is
                the title, and all other fields with a plain value are metadata.
            config: How a new index is built.
        """
        super().__init__()
        self._path = Path(path)
        self._given = encoder
        self._text_attrs = tuple(text_attrs)
        self._config = config

    def index(self, iter: Iterable[Mapping[str, Any]], **_: Any) -> PyTerrierRetriever:  # noqa: A002  the name is PyTerrier's
        """Index documents and return a retriever of them; a document of the same id is replaced.

        Raises:
            InputError: A document has no ``docno``, or none of the texts.
        """
        encoder = self._given
        if encoder is None:
            from colmodern.encoder import Encoder

            encoder = Encoder.load()
        indexer = Indexer(self._path, encoder, config=self._config)
        documents = map(self._document, iter)
        if exists(self._path):
            indexer.update(documents)
        else:
            indexer.build(documents)
        return PyTerrierRetriever(self._path, encoder=encoder)

    def _document(self, row: Mapping[str, Any]) -> Document:
        texts = [str(row[name]) for name in self._text_attrs if row.get(name) is not None]
        if not isinstance(row.get("docno"), str) or not texts:
            raise InputError(
                f"A document must have a docno, a string, and one of the fields "
                f"{', '.join(self._text_attrs)}; found {dict(row)!r:.120}.",
                code="row_invalid",
            )
        taken = {"docno", "title", *self._text_attrs}
        return Document(
            row["docno"],
            "\n\n".join(texts),
            str(row.get("title") or ""),
            {name: _plain(value) for name, value in row.items() if name not in taken},
        )


def _plain(value: Any) -> MetadataValue:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
