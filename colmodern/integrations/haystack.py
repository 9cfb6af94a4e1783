"""How does Haystack ask an index? As a component that is a text retriever.

>>> HaystackRetriever("notes/.colmodern", top_k=5).run("query")  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from colmodern.integrations.asked import AskedIndex
from colmodern.integrations.haystack_filters import where_of
from colmodern.integrations.needed import needed

with needed("haystack-ai>=3.0", module="haystack", purpose="HaystackRetriever"):
    from haystack import Document as HaystackDocument
    from haystack import component, default_from_dict, default_to_dict


@component
class HaystackRetriever:
    """Retrieves a Haystack document for each document found: its passage, its place in ``meta``."""

    def __init__(
        self,
        index: str | Path,
        *,
        top_k: int = 10,
        filters: dict[str, Any] | None = None,
        whole_documents: bool = False,
        options: dict[str, Any] | None = None,
    ) -> None:
        """Remember which index; the first ``run`` or ``warm_up`` opens it.

        Args:
            index: The folder of an index.
            top_k: How many documents at most.
            filters: Which documents may be found, in Haystack's language; see ``where_of``.
            whole_documents: Whether a text is the whole document, not its passage.
            options: Further fields of ``SearchRequest``, such as ``{"mode": "hybrid"}``.

        Raises:
            ConfigError: A filter says what an index cannot be asked.
        """
        self.index = str(index)
        self.top_k = top_k
        self.filters = filters
        self.whole_documents = whole_documents
        self.options = dict(options or {})
        where_of(filters)
        self._asked: AskedIndex | None = None

    def warm_up(self) -> None:
        """Open the index.

        Raises:
            IndexStoreError: There is no index, or it cannot be read.
        """
        if self._asked is None:
            self._asked = AskedIndex(
                self.index, whole_documents=self.whole_documents, **self.options
            )

    @component.output_types(documents=list[HaystackDocument])
    def run(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[HaystackDocument]]:
        """Return what answers a query, best first, under ``documents``.

        Args:
            query: Any text.
            filters: Instead of those the component was made with.
            top_k: Instead of that of the component.

        Raises:
            ConfigError: A filter cannot be used.
            InputError: The query is empty.
        """
        self.warm_up()
        assert self._asked is not None
        where = where_of(self.filters if filters is None else filters)
        found = self._asked.texts(query, k=self.top_k if top_k is None else top_k, where=where)
        return {
            "documents": [
                HaystackDocument(
                    id=one.key, content=one.text, meta=dict(one.metadata), score=one.score
                )
                for one in found
            ]
        }

    @component.output_types(documents=list[HaystackDocument])
    async def run_async(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[HaystackDocument]]:
        """Return the same as ``run``; the search runs in a thread."""
        return await asyncio.to_thread(self.run, query, filters, top_k)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``from_dict`` makes the component of again."""
        made: dict[str, Any] = default_to_dict(
            self,
            index=self.index,
            top_k=self.top_k,
            filters=self.filters,
            whole_documents=self.whole_documents,
            options=self.options,
        )
        return made

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HaystackRetriever:
        """Return the component that ``to_dict`` described."""
        made: HaystackRetriever = default_from_dict(cls, data)
        return made
