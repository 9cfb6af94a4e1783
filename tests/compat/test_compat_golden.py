"""Indexes of every format version ever released: they open, are sound and give the same hits."""

import json
import shutil
from pathlib import Path

import pytest

from colmodern import HashEncoder, Searcher
from colmodern.storage import IndexReader, IndexWriter, verify
from colmodern.storage.format.manifest_json import FORMAT_VERSION, OLDEST_FORMAT_VERSION

VERSIONS = [f"v{number}" for number in range(OLDEST_FORMAT_VERSION, FORMAT_VERSION + 1)]


@pytest.fixture(params=VERSIONS)
def golden(request):
    return Path(__file__).parent / request.param


def test_a_golden_index_is_sound(golden):
    assert verify(golden / "index") == []


def test_a_golden_index_holds_the_documents_it_was_made_of(golden):
    with IndexReader.open(golden / "index") as reader:
        documents = {document.id: document for document in reader.documents()}
        (source,) = reader.sources()
        segment, position = reader.find("keys.md")
        wide_segment, wide = reader.find("wide")
        errors = [segment.record.squared_error for segment in reader.segments]
    assert list(documents) == ["keys.md", "bread.md", "ice.md", "leer", "wide", "züge"]
    assert documents["keys.md"].title == "Keys"
    assert documents["keys.md"].metadata == {"page": 1}
    assert documents["ice.md"].metadata == {"cold": True, "x": None}
    assert documents["züge"].text == "Überfüllte Züge, 満員電車."
    assert documents["züge"].content_hash == "00ff"
    assert documents["bread.md"].source == "bread.md"
    assert documents["leer"].source is None
    assert source.document_ids == ["bread.md"]
    words = [documents["keys.md"].text[start:end] for start, end in segment.spans(position)]
    spans = wide_segment.spans(wide)
    assert [documents["wide"].text[start:end] for start, end in spans[:4]] == [
        "The",
        "word",
        "a" * 300,
        "is",
    ]
    assert all(0 < error < 1 for error in errors)
    assert words == ["An", "officer", "may", "revoke", "a", "key", "that", "has", "leaked"]


def test_a_golden_index_gives_the_hits_it_gave(golden):
    answers = json.loads((golden / "answers.json").read_text(encoding="utf-8"))
    with Searcher.open(golden / "index", HashEncoder(dim=16)) as searcher:
        for query, expected in answers.items():
            hits = searcher.search(query, k=10, effort="exact")
            assert [hit.doc_id for hit in hits] == [doc_id for doc_id, _ in expected]
            scores = [score for _, score in expected]
            assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-4)


def test_a_golden_index_can_be_changed(golden, tmp_path):
    path = shutil.copytree(golden / "index", tmp_path / "index")
    with IndexWriter.open(path) as writer:
        writer.delete(["leer"])
        writer.commit()
        writer.compact()
    with IndexReader.open(path) as reader:
        assert [d.id for d in reader.documents()] == [
            "keys.md",
            "bread.md",
            "ice.md",
            "wide",
            "züge",
        ]
    assert verify(path) == []
