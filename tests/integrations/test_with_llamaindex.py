"""LlamaIndex's retriever interface, sync and async."""

import asyncio

import pytest

pytest.importorskip("llama_index.core")

from llama_index.core.schema import MetadataMode, NodeRelationship

from colmodern.integrations.llamaindex import LlamaIndexRetriever

QUERY = "revoke a key that has leaked"


def test_a_node_is_the_passage_with_its_place(index):
    first, *_ = found = LlamaIndexRetriever(index, k=2).retrieve(QUERY)
    assert len(found) == 2
    node = first.node
    assert "An officer may revoke" in node.get_content()
    assert "All sorts" not in node.get_content()
    assert node.metadata["place"] == "Keys > Rotation"
    assert node.end_char_idx - node.start_char_idx == len(node.text)
    assert node.relationships[NodeRelationship.SOURCE].node_id == "keys.md"
    assert first.score == pytest.approx(node.metadata["score"])


def test_a_model_sees_title_and_place_only(index):
    (one,) = LlamaIndexRetriever(index, k=1).retrieve(QUERY)
    shown = one.node.get_content(metadata_mode=MetadataMode.LLM)
    assert "place: Keys > Rotation" in shown
    assert "score" not in shown


def test_async_gives_the_same(index):
    retriever = LlamaIndexRetriever(index, where="year >= 2023", mode="bm25")
    found = asyncio.run(retriever.aretrieve(QUERY))
    assert {one.node.metadata["id"] for one in found} == {"keys.md", "lost.md"}
