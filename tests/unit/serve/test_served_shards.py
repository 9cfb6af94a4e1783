"""A server serves a shard set as it serves an index, and so is one measured."""

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.eval import Dataset, evaluate
from colmodern.eval.systems.late import OpenIndex
from colmodern.serve.served import ServedIndex
from colmodern.types import Document

pytestmark = pytest.mark.usefixtures("unsynced")
ENCODER = HashEncoder(dim=32)


@pytest.fixture
def place(tmp_path):
    documents = [(f"d{number}", f"amber number{number}") for number in range(12)]
    Indexer(tmp_path / "s", ENCODER, shards=3).build(documents)
    return tmp_path / "s"


def test_a_commit_of_a_set_is_served(place):
    served = ServedIndex("s", place, ENCODER)
    with served.use() as before:
        assert not served.refresh()
        Indexer(place, ENCODER).update([("new", "green boats")])
        assert served.refresh()
        assert (before.generation, served.generation) == (1, 2)
        with served.use() as after:
            assert after.document("new").text == "green boats"
            assert len(after.searcher.search("amber", k=20)) == 13
        assert len(before.searcher.search("amber", k=20)) == 12
    served.close()


def test_a_set_is_measured(place):
    documents = [Document(f"d{number}", f"amber number{number}") for number in range(12)]
    dataset = Dataset.of(documents, {"q": "number7"}, {"q": {"d7": 1}})
    with Searcher.open(place, ENCODER) as searcher:
        report = evaluate(OpenIndex(searcher), dataset, measures=["RR@10"])
    assert report.measures["RR@10"] == 1
