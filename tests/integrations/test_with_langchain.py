"""LangChain's own suite for retrievers, and what it does not ask."""

import asyncio

import pytest

from colmodern import Document, Indexer

from .conftest import ENCODER

pytest.importorskip("langchain_core")
suites = pytest.importorskip("langchain_tests.integration_tests")

from colmodern.integrations.langchain import LangChainRetriever  # noqa: E402


class TestStandard(suites.RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _index(self, index):
        self.path = index

    @property
    def retriever_constructor(self):
        return LangChainRetriever

    @property
    def retriever_constructor_params(self):
        return {"index": self.path}

    @property
    def retriever_query_example(self):
        return "who may revoke a key"


def test_a_document_is_the_passage_with_its_place(index):
    (found,) = LangChainRetriever(index=index, k=1).invoke("revoke a key that has leaked")
    text = "An officer may revoke a key that has leaked."
    assert text in found.page_content
    assert "All sorts" not in found.page_content
    assert found.metadata["id"] == "keys.md"
    assert found.metadata["place"] == "Keys > Rotation"
    assert found.metadata["year"] == 2024
    assert found.id == f"keys.md#{found.metadata['start']}-{found.metadata['end']}"


def test_whole_documents_filters_and_options_are_taken(index):
    retriever = LangChainRetriever(
        index=index, whole_documents=True, where="year < 2024", options={"mode": "bm25"}
    )
    found = retriever.invoke("key officer")
    assert [one.page_content for one in found] == ["Whoever has lost a key asks the officer."]
    assert retriever.invoke("key officer", where="year = 2024")[0].metadata["id"] == "keys.md"


def test_what_is_committed_later_is_found(index):
    retriever = LangChainRetriever(index=index, k=1)
    retriever.invoke("key")
    Indexer(index, ENCODER).update([Document("new", "a zebra crosses")])
    (found,) = asyncio.run(retriever.ainvoke("zebra"))
    assert found.metadata["id"] == "new"
