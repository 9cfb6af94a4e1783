import math
import random

import pytest

pytest.importorskip("ir_measures")

from colmodern.errors import InputError, MissingExtraError
from colmodern.eval import measure_rankings
from colmodern.eval.measures.rankings import depth_of, mean, parse_measures

QRELS = {"q1": {"d1": 1}, "q2": {"d2": 2, "d3": 1}}


def test_values_for_each_query_agree_with_the_arithmetic():
    rankings = {"q1": [("d3", 2.0), ("d1", 1.0)], "q2": [("d3", 2.0), ("d2", 1.0)]}
    values = measure_rankings(QRELS, rankings)
    first = 1 / math.log2(3)
    second = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    assert values["nDCG@10"] == pytest.approx({"q1": first, "q2": second})
    assert values["R@100"] == {"q1": 1.0, "q2": 1.0}
    assert mean(values["nDCG@10"]) == pytest.approx((first + second) / 2)


def test_a_query_that_found_nothing_counts_as_zero():
    values = measure_rankings(QRELS, {"q1": [("d1", 1.0)], "q2": []})
    assert values["nDCG@10"] == {"q1": 1.0, "q2": 0.0}
    assert measure_rankings(QRELS, {"q1": [("d1", 1.0)]}, ["RR@10"])["RR@10"]["q2"] == 0.0


def test_the_same_numbers_come_from_pytrec_eval():
    pytrec_eval = pytest.importorskip("pytrec_eval")
    rng = random.Random(0)
    documents = [f"d{i}" for i in range(200)]
    qrels = {
        f"q{i}": {name: rng.choice([0, 1, 1, 2, 3]) for name in rng.sample(documents, 20)}
        for i in range(30)
    }
    # Few different scores, so that many are equal.
    rankings = {
        query: sorted(
            ((name, float(rng.randrange(50))) for name in rng.sample(documents, 150)),
            key=lambda hit: -hit[1],
        )
        for query in qrels
    }
    names = {"nDCG@10": "ndcg_cut_10", "R@100": "recall_100", "AP": "map"}
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "recall.100", "map"})
    theirs = evaluator.evaluate({query: dict(ranking) for query, ranking in rankings.items()})
    ours = measure_rankings(qrels, rankings, names)
    for name, their_name in names.items():
        expected = {query: values[their_name] for query, values in theirs.items()}
        assert 0.01 < mean(ours[name]) < 0.99
        assert ours[name] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["nonsense", "nDCG@ten", "nDCG@0", "", "P(rel='x'", "__import__"])
def test_an_unknown_measure_gets_a_sentence(name):
    with pytest.raises(InputError, match="no measure that ir-measures knows"):
        parse_measures([name])


def test_a_measure_that_nothing_here_computes_gets_a_sentence():
    if pytest.importorskip("ir_measures").DefaultPipeline.supports(
        parse_any("alpha_nDCG@10")
    ):  # pragma: no cover
        pytest.skip("pyndeval is installed")
    with pytest.raises(InputError, match="no installed package computes it"):
        parse_measures(["alpha_nDCG@10"])


def parse_any(name):
    import ir_measures

    return ir_measures.parse_measure(name)


def test_measures_may_be_objects_and_at_least_one_is_needed():
    assert list(parse_measures([parse_any("nDCG@5"), "AP"])) == ["nDCG@5", "AP"]
    with pytest.raises(InputError, match="at least one measure"):
        parse_measures([])


def test_the_depth_is_what_the_measures_look_at():
    assert depth_of(["nDCG@10"]) == 100
    assert depth_of(["nDCG@10", "R@300"]) == 300
    assert depth_of(["AP"]) == 1_000
    assert depth_of(["AP", "R@2000"]) == 2_000


def test_a_document_named_twice_gets_a_sentence():
    with pytest.raises(InputError, match="twice"):
        measure_rankings(QRELS, {"q1": [("d1", 1.0), ("d1", 0.5)]})


def test_without_the_extra_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ir_measures", None)
    with pytest.raises(MissingExtraError, match=r"colmodern\[eval\]"):
        parse_measures(["nDCG@10"])
