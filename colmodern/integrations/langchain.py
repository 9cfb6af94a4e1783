"""How does LangChain ask an index? As a retriever.

>>> LangChainRetriever(index="notes/.colmodern", k=5).invoke("query")  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from typing import Any

from colmodern.integrations.asked import AskedIndex
from colmodern.integrations.needed import needed

with needed("langchain-core>=1.0", module="langchain_core", purpose="LangChainRetriever"):
    from langchain_core.documents import Document as LangChainDocument
    from langchain_core.retrievers import BaseRetriever
    from pydantic import PrivateAttr


class LangChainRetriever(BaseRetriever):
    """Retrieves passages; ``invoke`` and ``ainvoke`` take ``k``, ``where`` and ``options`` too.

    Attributes:
        index: The folder of an index, or an open ``Searcher``.
        k: How many documents at most, one passage each.
        where: Which documents may be found; docs/how-to/search.md has the language.
        encoder: The encoder of the index; None: the one that it names.
        whole_documents: Whether a text is the whole document, not its passage.
        options: Further fields of ``SearchRequest``, such as ``{"mode": "hybrid"}``.
    """

    index: Any
    k: int = 10
    where: str | None = None
    encoder: Any = None
    whole_documents: bool = False
    options: dict[str, Any] = {}  # noqa: RUF012  pydantic copies it

    _asked: AskedIndex = PrivateAttr()

    def model_post_init(self, _context: Any, /) -> None:
        """Open the index."""
        self._asked = AskedIndex(
            self.index,
            encoder=self.encoder,
            whole_documents=self.whole_documents,
            k=self.k,
            where=self.where,
            **self.options,
        )

    def _get_relevant_documents(
        self, query: str, *, run_manager: Any, **asked: Any
    ) -> list[LangChainDocument]:
        del run_manager
        options = {"k": self.k, "where": self.where, **asked}
        return [
            LangChainDocument(page_content=one.text, metadata=dict(one.metadata), id=one.key)
            for one in self._asked.texts(query, **options)
        ]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: Any, **asked: Any
    ) -> list[LangChainDocument]:
        return await asyncio.to_thread(
            self._get_relevant_documents, query, run_manager=run_manager, **asked
        )
