import os
from pathlib import Path

import pytest

pytest.importorskip("ir_measures")

from colmodern import Indexer, Searcher
from colmodern.errors import ConfigError, InputError
from colmodern.eval import Dataset, evaluate
from colmodern.eval.run.memory import forget_peak, peak_bytes
from colmodern.eval.systems import Late, OpenIndex

SCIFACT = Path(__file__).parents[4] / "shared" / "data" / "scifact"


@pytest.mark.parametrize("spec", ["late", "late:exact,bits=2", "float", "bm25", "hybrid"])
def test_one_line_measures_any_system(dataset, encoder, spec):
    report = evaluate(spec, dataset, encoder=encoder)
    assert report.measures["nDCG@10"] > 0.8
    # No word of d3 is asked for, so BM25 does not find it.
    assert report.measures["R@100"] == (0.75 if spec == "bm25" else 1.0)
    assert [query.id for query in report.queries] == ["q1", "q2"]
    assert report.queries[0].ranking[0][0] == "d1"
    assert report.search_ms_median > 0
    assert report.search_ms_p95 >= report.search_ms_median
    assert report.encode_ms_median >= 0
    assert report.queries_a_second > 0
    assert report.index_bytes > 0
    assert report.build_s > 0
    assert report.without_hits == 0
    assert report.dataset_fingerprint == dataset.fingerprint


def test_a_report_says_everything_in_plain_values_a_line_and_a_table(dataset, encoder):
    report = evaluate("late", dataset, ["nDCG@10", "AP"], encoder=encoder)
    values = report.to_dict()
    assert (values["queries"], values["documents"], values["tokens"]) == (2, 3, 9)
    assert values["bytes_a_token"] == round(report.index_bytes / 9, 1)
    assert list(report.measures) == ["nDCG@10", "AP"]
    assert report.depth == 1_000
    assert repr(report).startswith("<Report late medium, 4 bits on fruit: nDCG@10 ")
    assert "\n" not in repr(report)
    assert f"index bytes        {report.index_bytes:,}" in str(report)
    assert report.per_query("AP")["q1"] == 1.0
    with pytest.raises(InputError, match="R@100 was not measured"):
        report.per_query("R@100")


def test_each_query_says_its_words_and_those_of_its_relevant_documents(dataset):
    first, second = evaluate("bm25", dataset).queries
    assert (first.words, first.relevant, first.relevant_words) == (1, {"d1": 1}, 2.0)
    assert (second.relevant, second.relevant_words) == ({"d2": 2, "d3": 1}, 3.5)
    assert set(second.values) == {"nDCG@10", "R@100"}


def test_an_index_is_kept_in_the_work_folder_and_used_again(dataset, encoder, tmp_path):
    first = evaluate("late", dataset, encoder=encoder, work=tmp_path / "work")
    (kept,) = (tmp_path / "work").iterdir()
    (manifest,) = kept.rglob("manifest.json")
    written = manifest.stat().st_mtime_ns
    again = evaluate("late:high", dataset, encoder=encoder, work=tmp_path / "work")
    assert manifest.stat().st_mtime_ns == written
    assert again.measures == first.measures
    assert again.build_s == first.build_s, "the cost of the run that made it"


def test_nothing_is_left_behind_without_a_work_folder(dataset, encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    evaluate("late", dataset, encoder=encoder)
    with pytest.raises(ZeroDivisionError):
        evaluate("late", dataset, encoder=encoder, progress=lambda *_: 1 / 0)
    assert list((tmp_path / "t").iterdir()) == []


def test_an_open_searcher_is_measured_as_it_is(dataset, encoder, tmp_path):
    Indexer(tmp_path / "index", encoder).build(dataset.documents)
    with Searcher.open(tmp_path / "index", encoder) as searcher:
        report = evaluate(searcher, dataset)
        exact = evaluate(OpenIndex(searcher, effort="exact"), dataset)
        assert len(searcher.search("apples")) == 3, "it is still open"
    assert report.measures["R@100"] == 1.0
    assert exact.system == "hybrid exact, 4 bits"
    assert report.spec is None
    assert report.build_s is None


def test_an_index_of_other_documents_is_refused(dataset, encoder, tmp_path):
    Indexer(tmp_path / "index", encoder).build([("d1", "red"), ("other", "green"), ("d3", "x")])
    with (
        Searcher.open(tmp_path / "index", encoder) as searcher,
        pytest.raises(
            InputError, match=r"'other', which the collection fruit does not have \(2 of 6"
        ),
    ):
        evaluate(searcher, dataset)


def test_an_index_of_some_of_the_documents_is_refused(dataset, encoder, tmp_path):
    Indexer(tmp_path / "index", encoder).build([("d1", "red apples"), ("d2", "green pears")])
    with (
        Searcher.open(tmp_path / "index", encoder) as searcher,
        pytest.raises(InputError, match=r"index of 2 documents; the collection fruit has 3"),
    ):
        evaluate(searcher, dataset)


def test_a_run_file_has_measures_and_no_times(dataset, tmp_path):
    (tmp_path / "run").write_text("q1 Q0 d3 1 2 peer\nq1 Q0 d1 2 1 peer\n")
    report = evaluate(f"run:{tmp_path / 'run'}", dataset, "RR@10")
    assert report.measures == {"RR@10": 0.25}
    assert report.without_hits == 1
    assert report.search_ms_median is report.queries_a_second is report.index_bytes is None
    assert "search ms" not in str(report)


def test_progress_is_told(dataset, encoder):
    told = []
    evaluate("late", dataset, encoder=encoder, progress=lambda *what: told.append(what))
    assert ("searching", 2, 2) in told
    assert len({stage for stage, _, _ in told}) > 1


def test_a_dataset_may_be_named_by_its_folder(folder):
    assert evaluate("bm25", folder).dataset == "fruit"


def test_mistakes_get_a_sentence_before_any_work(dataset, encoder):
    def never(*_):
        raise AssertionError("work was done")

    with pytest.raises(InputError, match="no measure"):
        evaluate("late", dataset, ["x"], encoder=encoder, progress=never)
    with pytest.raises(ConfigError, match="depth must be at least 1"):
        evaluate("late", dataset, depth=0, encoder=encoder, progress=never)
    with pytest.raises(ConfigError, match="no system"):
        evaluate("elastic", dataset, encoder=encoder, progress=never)


def test_a_query_in_which_the_encoder_finds_nothing_counts_as_zero(encoder):
    dataset = Dataset.of(
        [("a", "x"), ("b", "y")], {"q": "x", "p": "?!"}, {"q": {"a": 1}, "p": {"b": 1}}
    )
    for spec in ("late", "float", "bm25"):
        report = evaluate(spec, dataset, "RR", encoder=encoder)
        assert report.per_query("RR") == {"q": 1.0, "p": 0.0}, spec
        assert report.without_hits == 1


def test_options_and_fingerprints_are_in_the_report(dataset, encoder):
    report = evaluate(Late(encoder, bits=2, effort="high"), dataset)
    assert report.options["effort"] == "high"
    assert report.options["bits"] == 2
    assert report.fingerprints["model"] == encoder.fingerprint
    assert len(report.fingerprints["index"]) == 64


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="a peak can be forgotten")  # noqa: PTH110
def test_the_peak_can_be_forgotten():
    block = bytearray(os.urandom(1) * 150_000_000)
    high = peak_bytes()
    assert high > len(block)
    del block
    forget_peak()
    assert peak_bytes() < high - 100_000_000


@pytest.mark.skipif(not SCIFACT.exists(), reason="needs ../shared/data")
def test_bm25_on_scifact_is_where_others_have_it():
    report = evaluate("bm25", Dataset.load(SCIFACT))
    assert 0.66 <= report.measures["nDCG@10"] <= 0.69
    assert len(report.queries) == 300
