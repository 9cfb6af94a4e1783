"""The example corpus: every file is read, and every judgment is about a document that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from colmodern.corpus import SkipTally, extract, scan

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def documents():
    tally = SkipTally()
    scanned = scan([EXAMPLES / "handbook"])
    found = [d for s in scanned.sources for d, _ in extract(s, report=tally.add)]
    assert not [s for s in scanned.skipped if not s.reason.is_by_rule]
    assert not tally.counts
    return {document.id: document for document in found}


def test_the_handbook_holds_documents_of_many_formats_and_lengths(documents):
    types = {document.metadata.get("type") for document in documents.values()}
    assert types >= {"markdown", "rst", "text", "html", "code", None}
    n_words = sorted(len(document.text.split()) for document in documents.values())
    assert len(n_words) >= 24
    assert n_words[-4] > 1500


def test_the_judged_collection_holds_the_handbook_as_it_is(documents):
    lines = (EXAMPLES / "judged/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows == [
        {"_id": name, "title": document.title, "text": document.text}
        for name, document in documents.items()
    ], "examples/judged/make_corpus.py writes it again"


def test_the_judged_collection_loads_and_every_judgment_is_about_what_exists(documents):
    pytest.importorskip("ir_measures")
    from colmodern.eval import Dataset

    dataset = Dataset.load(EXAMPLES / "judged")
    assert len(dataset.queries) >= 25
    assert set(dataset.document_words) == set(documents)
    grades = [grade for judged in dataset.qrels.values() for grade in judged.values()]
    assert set(grades) == {1, 2}
    lines = (EXAMPLES / "judged/queries.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["_id"] for line in lines] == list(dataset.queries)


def test_the_question_about_a_leaked_key_is_answered_in_a_long_document(documents):
    text = documents["security/key-management.md"].text
    answer = "is taken by the custodian of the week, alone and at once"
    assert len(text.split()) > 2000
    assert len(text) * 0.4 < " ".join(text.split()).index(answer) < len(text) * 0.8
