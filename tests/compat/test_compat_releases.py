"""An index of every release: sound, searched with the hits it had, changed and still sound."""

import json
import shutil
from pathlib import Path

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.storage import verify

FOLDER = Path(__file__).parent / "releases"
RELEASES = sorted(path.name for path in FOLDER.iterdir())
ENCODER = HashEncoder(dim=16)


@pytest.fixture(params=RELEASES)
def release(request):
    return FOLDER / request.param


def test_it_is_sound_and_gives_the_hits_and_passages_it_gave(release):
    assert verify(release / "index") == []
    answers = json.loads((release / "answers.json").read_text(encoding="utf-8"))
    with Searcher.open(release / "index", ENCODER) as searcher:
        for asked, expected in answers.items():
            mode, _, query = asked.partition(" ")
            hits = searcher.search(query, k=10, mode=mode, effort="exact")
            assert [hit.doc_id for hit in hits] == [doc_id for doc_id, *_ in expected]
            scores = [score for _, score, _ in expected]
            assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-4)
            passages = [passage for *_, passage in expected]
            assert [hit.passage and hit.passage.text for hit in hits] == passages


def test_it_can_be_changed(release, tmp_path):
    path = shutil.copytree(release / "index", tmp_path / "index")
    Indexer(path, ENCODER).update([("new", "a zebra crosses the road")])
    Indexer(path, ENCODER).delete(["bread.txt"])
    assert verify(path) == []
    with Searcher.open(path, ENCODER) as searcher:
        assert searcher.search("zebra", k=1).doc_ids == ("new",)
        assert "bread.txt" not in searcher.search("hot oven", k=10).doc_ids
