"""Searches with filters find what an index of the kept documents alone would give."""

import json
import subprocess
import sys

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.request import Effort, Mode

N = 3000
WORDS = np.array([f"word{i}" for i in range(600)])
QUERIES = [f"word{i} word{2 * i + 7} word{i + 90}" for i in range(0, 60, 5)]
FILTERS = {"half": "even = true", "hundredth": "bucket = 41", "one": "number = 1234"}


@pytest.fixture(scope="module")
def encoder():
    return HashEncoder(dim=64)


@pytest.fixture(scope="module")
def index(tmp_path_factory, encoder):
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, len(WORDS) + 1) ** 0.7
    weights /= weights.sum()
    docs = [
        Document(
            f"d{i}",
            " ".join(rng.choice(WORDS, size=int(rng.integers(10, 60)), p=weights)),
            metadata={"number": i, "even": i % 2 == 0, "bucket": i % 100},
        )
        for i in range(N)
    ]
    path = tmp_path_factory.mktemp("filters") / "index"
    Indexer(path, encoder, config=IndexConfig(segment_tokens=40_000)).build(docs)
    return path


def keeps(name, doc_id):
    number = int(doc_id[1:])
    return {"half": number % 2 == 0, "hundredth": number % 100 == 41, "one": number == 1234}[name]


@pytest.fixture(scope="module")
def oracle(index, encoder):
    """For every mode and filter, the ten best: all documents ranked exactly, then filtered."""
    with Searcher.open(index, encoder) as searcher:
        ranked = {
            mode: searcher.search_many(QUERIES, k=N, exact=True, mode=mode, passages=False)
            for mode in (Mode.LATE, Mode.BM25)
        }
    return {
        (mode, name): [[i for i in hits.doc_ids if keeps(name, i)][:10] for hits in lists]
        for mode, lists in ranked.items()
        for name in FILTERS
    }


FLOORS = {Effort.LOW: 0.8, Effort.MEDIUM: 0.95, Effort.HIGH: 0.98, Effort.EXACT: 1.0}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("effort", Effort)
def test_late_interaction_has_its_recall_among_the_kept(index, encoder, oracle, effort, name):
    found = search(index, encoder, name, effort=effort, mode="late")
    floor = FLOORS[effort] if name == "half" else 1.0  # few are scored exactly
    assert recall(found, oracle[Mode.LATE, name]) >= floor


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("effort", Effort)
def test_bm25_is_exact_among_the_kept(index, encoder, oracle, effort, name):
    found = search(index, encoder, name, effort=effort, mode="bm25")
    assert found == oracle[Mode.BM25, name]


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("effort", Effort)
def test_hybrid_has_its_recall_among_the_kept(index, encoder, effort, name):
    exact = search(index, encoder, name, effort="exact", mode="hybrid", fusion="rrf")
    found = search(index, encoder, name, effort=effort, mode="hybrid", fusion="rrf")
    floor = FLOORS[effort] if name == "half" else 1.0
    assert recall(found, exact) >= floor


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("effort", Effort)
def test_a_filter_that_keeps_nothing_gives_no_hits(index, encoder, mode, effort):
    with Searcher.open(index, encoder) as searcher:
        hits = searcher.search(QUERIES[0], where="number < 0", mode=mode, effort=effort)
    assert len(hits) == 0


def test_a_rare_filter_is_filled_by_probing_more(tmp_path, encoder):
    """Kept documents that no probed centroid leads to are found all the same."""
    rng = np.random.default_rng(1)
    docs = [
        Document(
            f"d{i}",
            " ".join(f"{'rare' if i % 10 == 0 else 'common'}{j}" for j in rng.integers(0, 400, 20)),
            metadata={"rare": i % 10 == 0},
        )
        for i in range(4000)
    ]
    Indexer(tmp_path / "i", encoder).build(docs)
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        query = "common1 common2 common3"
        exact = searcher.search(query, k=10, exact=True, where="rare = true")
        found = searcher.search(query, k=10, effort="high", where="rare = true")
    assert len(found) == 10
    assert len(set(found.doc_ids) & set(exact.doc_ids)) >= 8


def search(index, encoder, name, **options):
    with Searcher.open(index, encoder) as searcher:
        lists = searcher.search_many(QUERIES, k=10, where=FILTERS[name], passages=False, **options)
    assert all(keeps(name, i) for hits in lists for i in hits.doc_ids)
    return [list(hits.doc_ids) for hits in lists]


def recall(found, wanted):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, wanted, strict=True) if b])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "docs").mkdir()
    (folder / "docs/keys.md").write_text("---\nyear: 2021\n---\n# Keys\nA key is revoked.\n")
    (folder / "docs/old.md").write_text("---\nyear: 2001\n---\n# Keys\nA key was a thing.\n")
    (folder / "rows.csv").write_text("_id,text,year\nr1,a key in a row,2022\nr2,an oven,1999\n")
    assert run("index", folder).returncode == 0
    return folder


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "colmodern", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


def ids(done):
    assert done.returncode == 0, done.stderr
    return sorted(hit["id"] for hit in json.loads(done.stdout)["hits"])


@pytest.mark.parametrize("form", [("--where", "W"), ("--where=W",)], ids=["plain", "parsed"])
def test_the_command_line_filters_both_ways(files, form):
    def found(where):
        words = [word.replace("W", where) for word in form]
        index = files / ".colmodern"
        return run("search", "a key", *words, "--format", "json", "--index", index)

    assert ids(found("year >= 2020")) == ["docs/keys.md", "r1"]
    assert ids(found("path like 'docs/%' and year < 2020")) == ["docs/old.md"]
    assert ids(found("type = 'markdown' and modified >= 2020-01-01")) == [
        "docs/keys.md",
        "docs/old.md",
    ]
    nothing = found("year > 3000")
    assert nothing.returncode == 1
    assert "no hits: the filter keeps none of the 4 documents: year > 3000" in nothing.stderr
    for where, words in {
        "yeer = 1": "No document has a field 'yeer'",
        "year >": "at character 7: a value was expected",
        "path > 3": "with the number 3",
        "": "The filter is empty",
    }.items():
        wrong = found(where)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert f"{words}" in wrong.stderr
        assert "Traceback" not in wrong.stderr
