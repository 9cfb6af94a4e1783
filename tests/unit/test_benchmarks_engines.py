import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engines import measures, report
from benchmarks.engines.adapters import EngineError
from benchmarks.engines.bench import Bench
from benchmarks.engines.measures import Operating
from benchmarks.engines.process import run_job
from benchmarks.engines.truth import exact_scores
from benchmarks.engines.variants import VARIANTS, Variant, named
from benchmarks.engines.vector_set import VectorSet


@pytest.fixture
def vectors(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "vectors" / "tiny"
    folder.mkdir(parents=True)
    for prefix, lengths in (("", rng.integers(3, 30, 60)), ("query_", rng.integers(2, 9, 12))):
        tokens = rng.standard_normal((lengths.sum(), 32))
        tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
        np.save(folder / f"{prefix}tokens.npy", tokens.astype(np.float16))
        np.save(folder / f"{prefix}offsets.npy", np.cumsum([0, *lengths]))
    return VectorSet(folder)


@pytest.fixture
def bench(vectors, tmp_path):
    return Bench("tiny", vectors, tmp_path / "work", Path(sys.executable))


def test_recall_counts_the_best_of_each_query():
    truth = np.array([[0.9, 0.8, 0.1, 0.0], [0.0, 0.1, 0.2, 0.3]], np.float32)
    assert measures.recall([[0, 1], [3, 2]], truth, 2) == 1.0
    assert measures.recall([[1, 0], [0, 3]], truth, 2) == 0.75
    assert measures.recall([[0]], truth, 2) == 0.5


def test_recall_ignores_what_is_deeper_or_repeated():
    truth = np.array([[0.9, 0.8, 0.1, 0.0]], np.float32)
    assert measures.recall([[2, 3, 0, 1]], truth, 2) == 0.0
    assert measures.recall([[0, 0]], truth, 2) == 0.5


def test_ties_with_the_last_of_the_best_cost_nothing():
    truth = np.array([[0.9, 0.5, 0.5, 0.0]], np.float32)
    assert measures.recall([[0, 2]], truth, 2) == 1.0


def test_recall_beyond_the_corpus_is_of_the_whole_corpus():
    assert measures.recall([[1, 0]], np.array([[1.0, 2.0]], np.float32), 100) == 1.0


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 5), (0.95, 10), (1.0, 10)])
def test_percentile_is_a_value_that_was_measured(share, value):
    assert measures.percentile([10, 3, 1, 2, 4, 5, 6, 7, 8, 9], share) == value


def test_chosen_points_are_the_nearest_and_the_fastest():
    points = [
        Operating({"n": 1}, 0.85, 1.0),
        Operating({"n": 2}, 0.91, 2.0),
        Operating({"n": 3}, 0.94, 9.0),
        Operating({"n": 4}, 0.96, 8.0),
        Operating({"n": 5}, 0.99, 30.0),
    ]
    assert measures.chosen_points(points) == {
        "nearest to .95": {"n": 4},
        "fastest over .90": {"n": 2},
    }


def test_chosen_points_name_the_highest_recall_if_none_is_high_enough():
    points = [Operating({"n": 1}, 0.5, 1.0), Operating({"n": 2}, 0.7, 2.0)]
    assert measures.chosen_points(points) == {"nearest to .95, highest recall": {"n": 2}}


def test_exact_scores_are_maxsim_and_kept(vectors, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.engines.truth._BLOCK_TOKENS", 50)
    cache = tmp_path / "truth.npy"
    scores = exact_scores(vectors, cache)
    documents = [document.astype(np.float32) for document in vectors.documents()]
    expected = [
        [(query @ document.T).max(axis=1).sum() for document in documents]
        for query in vectors.queries()
    ]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    np.save(cache, scores + 1)
    np.testing.assert_array_equal(exact_scores(vectors, cache), scores + 1)


def test_names_of_variants_are_unique_and_every_point_has_one():
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    assert all(variant.points for variant in VARIANTS if variant.searched)


def test_points_need_a_tuning(bench):
    with pytest.raises(EngineError, match="tune first"):
        bench.points(named("fast-plaid-4"))


def test_centroids_of_fast_plaid_need_its_build(bench):
    with pytest.raises(EngineError, match="Build fast-plaid-4"):
        bench.build(named("colmodern-4-same"))


def test_a_failing_worker_is_reported_with_its_last_words(vectors, tmp_path):
    job = {
        "step": "search",
        "adapter": "colmodern",
        "vectors": str(vectors.folder),
        "index": str(tmp_path / "nothing"),
        "threads": 1,
        "first": {},
        "passes": [],
    }
    with pytest.raises(EngineError, match="IndexNotFoundError"):
        run_job(Path(sys.executable), job, threads=1, log=tmp_path / "log")


@pytest.mark.slow
def test_our_engine_from_vectors_to_the_page(bench):
    variant = Variant("colmodern-4", "colmodern", {"bits": 4}, points=named("colmodern-4").points)
    bench.build(variant)
    with pytest.raises(EngineError, match="do the step recall first"):
        bench.search(variant)
    bench.recall(variant)
    bench.search(variant)
    found = report.collect([bench], machine=_MACHINE, versions={"colmodern": "0"})
    json.dumps(found)
    built = found["sets"]["tiny"]["engines"]["colmodern-4"]["build"]
    assert built["cpu_seconds"] > 0
    assert built["peak_mib"] > built["peak_own_mib"] > 1
    points = found["sets"]["tiny"]["engines"]["colmodern-4"]["search"]["points"]
    assert [point["name"] for point in points] == ["low", "medium", "high", "exact"]
    exact = points[-1]
    assert exact["recall"]["recall_10"] > 0.9
    assert exact["recall"]["queries"] == exact["one"]["queries"]
    assert exact["one"]["recall_10"] == exact["two"]["recall_10"]
    assert exact["deep"]["recall_100"] == 1.0
    page = report.to_markdown(found)
    assert "## TINY: 60 documents" in page
    assert "| colmodern-4 | exact |" in page


@pytest.mark.slow
def test_what_rests_on_a_step_is_forgotten_when_the_step_is_done_again(bench):
    points = named("colmodern-4").points
    variant = Variant("colmodern-4", "colmodern", {"bits": 4}, grid=tuple(points.values()))

    def kept():
        return {step for step in ("build", "tune", "recall") if bench.result(variant.name, step)}

    bench.build(variant)
    bench.tune(variant)
    bench._save(variant, "recall", {"points": {}})
    assert kept() == {"build", "tune", "recall"}
    bench.tune(variant)
    assert kept() == {"build", "tune"}
    bench.build(variant)
    assert kept() == {"build"}


def test_page_compares_what_was_measured():
    page = report.to_markdown(
        {
            "machine": _MACHINE,
            "versions": {},
            "sets": {"long": {"vectors": _ABOUT, "engines": _ENGINES}},
        }
    )
    assert "| fast-plaid-4 | nearest to .95: n_ivf_probe 4 | 0.950 |" in page
    assert "our median is 1/200 of fast-plaid's at 0.950" in page
    assert "1/50 of fast-plaid's CPU time" in page
    assert "not idle" in page
    assert "fast-plaid-4 (build, load 4.0)" in page


def test_page_claims_nothing_below_the_recall_that_is_asked_for():
    low = json.loads(json.dumps(_ENGINES))
    low["colmodern-4"]["search"]["points"][0]["recall"]["recall_10"] = 0.94
    assert not any("our median" in claim for claim in report.claims(low, _ABOUT))


def test_page_says_what_was_cut_short():
    slow = json.loads(json.dumps(_ENGINES))
    slow["fast-plaid-4"]["search"]["points"][0]["deep"]["queries"] = 1
    (note, _) = report.notes(slow, 2)
    assert "20 seconds: fast-plaid-4 (nearest to .95, 1)" in note


_MACHINE = {"cpu": "some processor", "cores": 2, "memory_gib": 8, "isa": "avx2"}
_ABOUT = {"documents": 10, "tokens": 1000, "dim": 128, "queries": 2, "query_tokens": 40}


def _build(cpu_seconds, load):
    return {
        "seconds": 1.0,
        "cpu_seconds": cpu_seconds,
        "bytes": 42_000,
        "about": {"centroids": 64},
        "peak_mib": 100.0,
        "peak_own_mib": 50.0,
        "load_before": load,
    }


def _search(name, point, recall, median):
    pass_ = {
        "queries": 2,
        "recall_10": recall,
        "recall_100": recall,
        "median_ms": median,
        "p95_ms": median,
    }
    return {
        "open_seconds": 0.1,
        "first_query_seconds": 0.1,
        "peak_mib": 10.0,
        "peak_own_mib": 5.0,
        "load_before": 0.1,
        "points": [
            {"name": name, "point": point} | dict.fromkeys(("one", "two", "deep", "recall"), pass_)
        ],
    }


_ENGINES = {
    "colmodern-4": {
        "build": _build(2.0, 0.5),
        "search": _search("medium", {"effort": "medium"}, 0.96, 0.5),
    },
    "fast-plaid-4": {
        "build": _build(100.0, 4.0),
        "search": _search("nearest to .95", {"n_ivf_probe": 4}, 0.95, 100.0),
    },
    "colmodern-4-same": {"build": _build(2.0, 0.5)},
}
