"""A server serves a shard set as it serves an index, and so is one measured."""

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import ConfigError, IndexNotFoundError
from colmodern.eval import Dataset, evaluate
from colmodern.eval.systems.late import OpenIndex
from colmodern.serve import ServeConfig
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


def test_one_shard_of_a_set_follows_its_commits(place):
    shards = [ServedIndex("s", place, ENCODER, shard=number) for number in (1, 2, 3)]
    counts = []
    for served in shards:
        with served.use() as before:
            counts.append(before.reader.n_documents)
            assert (before.generation, served.refresh()) == (1, False)
    assert sum(counts) == 12
    states = []
    for served in shards:
        with served.use() as snapshot:
            states.append(snapshot.state)
    assert len({*states}) == 3
    Indexer(place, ENCODER).update([("new", "green boats")])
    Indexer(place, ENCODER).update([("d1", "another text")])
    found = []
    for served in shards:
        assert served.refresh()
        assert served.generation == 3
        with served.use() as snapshot:
            found += snapshot.searcher.search("green boats", k=20, mode="bm25").doc_ids
        assert not served.refresh()
        served.close()
    assert found == ["new"]


def test_a_shard_that_is_not_there(place, tmp_path):
    with pytest.raises(ConfigError, match="shards 1 to 3, no 4") as refused:
        ServedIndex("s", place, ENCODER, shard=4)
    assert (refused.value.code, refused.value.option) == ("option_out_of_range", "shard")
    Indexer(tmp_path / "i", ENCODER).build([("a", "amber")])
    with pytest.raises(IndexNotFoundError):
        ServedIndex("i", tmp_path / "i", ENCODER, shard=1)
    with pytest.raises(ConfigError, match="write to the set"):
        ServeConfig(shard=1, writable=True, token_file="tokens")
