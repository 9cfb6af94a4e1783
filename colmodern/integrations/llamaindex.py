"""How does LlamaIndex ask an index? As a retriever of text nodes.

>>> LlamaIndexRetriever("notes/.colmodern", k=5).retrieve("query")  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from colmodern.integrations.asked import AskedIndex, AskedText
from colmodern.integrations.needed import needed
from colmodern.searcher import Searcher
from colmodern.types import QueryEncoder

with needed("llama-index-core>=0.14", module="llama_index", purpose="LlamaIndexRetriever"):
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import (
        NodeRelationship,
        NodeWithScore,
        QueryBundle,
        RelatedNodeInfo,
        TextNode,
    )

_SHOWN_TO_MODELS = frozenset({"title", "place", "lead"})


class LlamaIndexRetriever(BaseRetriever):
    """Retrieves a node a document: the passage that answers, with its place as metadata.

    Language models see a node's title, place and lead beside its text; all other metadata are for
    programs.
    """

    def __init__(
        self,
        index: str | Path | Searcher,
        *,
        k: int = 10,
        where: str | None = None,
        encoder: QueryEncoder | None = None,
        whole_documents: bool = False,
        callback_manager: Any = None,
        **options: Any,
    ) -> None:
        """Open an index.

        Args:
            index: Its folder, or an open searcher.
            k: How many nodes at most.
            where: Which documents may be found; docs/how-to/search.md has the language.
            encoder: The encoder of the index; None: the one that it names.
            whole_documents: Whether a node is the whole document, not its passage.
            callback_manager: LlamaIndex's own.
            **options: Further fields of ``SearchRequest``.
        """
        self._asked = AskedIndex(
            index, encoder=encoder, whole_documents=whole_documents, k=k, where=where, **options
        )
        super().__init__(callback_manager=callback_manager)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(one) for one in self._asked.texts(query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(one: AskedText) -> NodeWithScore:
    hidden = [name for name in one.metadata if name not in _SHOWN_TO_MODELS]
    node = TextNode(
        id_=one.key,
        text=one.text,
        metadata=dict(one.metadata),
        start_char_idx=one.metadata.get("start"),
        end_char_idx=one.metadata.get("end"),
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=list(one.metadata),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=one.doc_id)},
    )
    return NodeWithScore(node=node, score=one.score)
