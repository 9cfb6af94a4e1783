"""Haystack: the protocol of a text retriever, in a pipeline that is saved; its filters."""

import asyncio
import itertools

import pytest

pytest.importorskip("haystack")

from haystack import Document, Pipeline
from haystack.utils.filters import document_matches_filter

from colmodern import ColModernError, Searcher
from colmodern.integrations.haystack import HaystackRetriever
from colmodern.integrations.haystack_filters import where_of

from .conftest import DOCUMENTS

QUERY = "revoke a key that has leaked"


def test_a_pipeline_with_it_is_saved_loaded_and_run(index):
    pipeline = Pipeline()
    pipeline.add_component("retriever", HaystackRetriever(index, top_k=1))
    module = "colmodern.integrations.haystack"
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=[module])
    (found,) = again.run({"retriever": {"query": QUERY}})["retriever"]["documents"]
    assert "An officer may revoke" in found.content
    assert "All sorts" not in found.content
    assert found.meta["place"] == "Keys > Rotation"


def test_run_takes_filters_and_top_k_and_async_is_the_same(index):
    retriever = HaystackRetriever(index)
    filters = {"field": "meta.year", "operator": "<", "value": 2024}
    found = retriever.run(QUERY, filters, 1)["documents"]
    assert [one.meta["id"] for one in found] == ["lost.md"]
    assert asyncio.run(retriever.run_async(QUERY, filters, 1))["documents"] == found


def test_a_filter_that_cannot_be_asked_is_refused_where_the_component_is_made(index):
    with pytest.raises(ColModernError, match="content") as error:
        HaystackRetriever(index, filters={"field": "content", "operator": "==", "value": "x"})
    assert error.value.code == "filter_syntax"


COMPARISONS = [
    {"field": "meta.year", "operator": operator, "value": 2022}
    for operator in ("==", "!=", ">", ">=", "<", "<=")
] + [
    {"field": "meta.team", "operator": "in", "value": ["ice", "fire"]},
    {"field": "meta.team", "operator": "not in", "value": ["ice"]},
    {"field": "meta.team", "operator": "==", "value": None},
    {"field": "meta.team", "operator": "!=", "value": None},
    {"field": "meta.team", "operator": "!=", "value": "security"},
]
JOINED = [
    {"operator": operator, "conditions": list(pair)}
    for operator in ("AND", "OR", "NOT")
    for pair in itertools.combinations(COMPARISONS, 2)
]


@pytest.mark.parametrize("filters", COMPARISONS + JOINED, ids=str)
def test_a_filter_keeps_the_documents_that_haystack_keeps(filters, index):
    with Searcher.open(index) as searcher:
        hits = searcher.search("the a when in", where=where_of(filters), k=10, effort="exact")
    kept = {
        one.id
        for one in DOCUMENTS
        if document_matches_filter(filters, Document(content="", meta=dict(one.metadata)))
    }
    assert set(hits.doc_ids) == kept
