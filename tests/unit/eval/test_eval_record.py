import json
import shutil

import pytest

pytest.importorskip("ir_measures")

from colmodern.errors import InputError
from colmodern.eval import Dataset, Record, compare, evaluate, measure_rankings, repeat
from colmodern.eval.run.environment import environment
from colmodern.eval.systems import Late


@pytest.fixture
def report(dataset, encoder):
    return evaluate("late", dataset, ["nDCG@10", "AP"], encoder=encoder)


@pytest.fixture
def folder_of_record(dataset, report, tmp_path):
    Record.write(tmp_path / "record", report, dataset)
    return tmp_path / "record"


def test_a_record_is_read_back_as_it_was_written(dataset, report, folder_of_record):
    record = Record.load(folder_of_record)
    assert record.report == report
    assert record.dataset_origin == dataset.origin
    assert repr(record).startswith("<Record 20")
    assert compare(report, record.report).difference == 0


def test_a_record_says_on_what_it_ran(folder_of_record):
    values = json.loads((folder_of_record / "run.json").read_text())
    where = values["environment"]
    assert where["versions"]["numpy"]
    assert where["versions"]["ir-measures"]
    assert where["machine"]["cores"] >= 1
    assert where["machine"]["kernels"]
    assert values["report"]["fingerprints"]["model"]
    assert values["report"]["spec"] == "late:medium,bits=4,threads=1,model=hash:64:0"
    assert values["summary"]["queries"] == 2
    json.dumps(environment())


def test_the_run_file_gives_the_same_measures_in_pytrec_eval(dataset, report, folder_of_record):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    with (folder_of_record / "run.trec").open() as lines:
        run = pytrec_eval.parse_run(lines)
    found = pytrec_eval.RelevanceEvaluator(dataset.qrels, {"ndcg_cut.10", "map"}).evaluate(run)
    for query, values in found.items():
        assert values["ndcg_cut_10"] == pytest.approx(report.per_query("nDCG@10")[query])
        assert values["map"] == pytest.approx(report.per_query("AP")[query])


def test_ids_that_no_run_file_can_carry_do_not_spoil_the_record(encoder, tmp_path):
    dataset = Dataset.of([("a b", "x"), ("c", "y")], {"q": "x"}, {"q": {"a b": 1}})
    report = evaluate("late", dataset, encoder=encoder)
    Record.write(tmp_path / "record", report, dataset)
    assert not (tmp_path / "record" / "run.trec").exists()
    assert Record.load(tmp_path / "record").report == report


def test_a_record_needs_a_folder_of_its_own_and_its_own_collection(
    dataset, report, folder_of_record, tmp_path
):
    with pytest.raises(InputError, match="not empty"):
        Record.write(folder_of_record, report, dataset)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="folder of its own"):
        Record.write(tmp_path / "file", report, dataset)
    other = Dataset.of([("d1", "x")], {"q": "x"}, {"q": {"d1": 1}})
    with pytest.raises(InputError, match="is not of"):
        Record.write(tmp_path / "new", report, other)


def spoil_run(folder):
    path = folder / "run.json"
    path.write_text(path.read_text()[:-100])


def spoil_version(folder):
    path = folder / "run.json"
    path.write_text(path.read_text().replace('"colmodern_record": 1', '"colmodern_record": 9'))


def drop_field(folder):
    values = json.loads((folder / "run.json").read_text())
    del values["report"]["measures"]
    (folder / "run.json").write_text(json.dumps(values))


def spoil_files_field(folder):
    values = json.loads((folder / "run.json").read_text())
    values["files"] = ["per_query.jsonl"]
    (folder / "run.json").write_text(json.dumps(values))


def spoil_queries(folder):
    path = folder / "per_query.jsonl"
    path.write_text(path.read_text().replace("d1", "d2", 1))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / "run.json").unlink(), "was interrupted while it was written"),
        (lambda folder: (folder / "per_query.jsonl").unlink(), "damaged.*per_query"),
        (lambda folder: (folder / "run.trec").write_text(""), "run.trec is not what was written"),
        (lambda folder: (folder / "run.json").write_text("{}"), "no record"),
        (lambda folder: (folder / "run.json").write_text("[" * 99_999), "damaged"),
        (shutil.rmtree, "no such folder"),
        (spoil_run, "run.json cannot be read"),
        (spoil_version, "version 9; this program reads version 1"),
        (drop_field, "damaged.*measures"),
        (spoil_files_field, "damaged"),
        (spoil_queries, "per_query.jsonl is not what was written"),
    ],
)
def test_a_record_that_was_harmed_gets_a_sentence(folder_of_record, harm, words):
    harm(folder_of_record)
    with pytest.raises(InputError, match=words):
        Record.load(folder_of_record)


def test_a_folder_without_a_record_gets_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"is no record: it has no run\.json"):
        Record.load(tmp_path)


def test_a_run_is_repeated_from_its_record(report, folder_of_record):
    again, dataset = repeat(Record.load(folder_of_record))
    assert again.measures == report.measures
    assert [query.ranking for query in again.queries] == [q.ranking for q in report.queries]
    assert (again.depth, again.spec, again.options) == (report.depth, report.spec, report.options)
    assert dataset.fingerprint == report.dataset_fingerprint


def test_a_split_is_repeated_as_the_same_split(folder, encoder, tmp_path):
    (folder / "qrels" / "dev.tsv").write_text("q3\td3\t1\n")
    dataset = Dataset.load(folder, "dev")
    Record.write(tmp_path / "record", evaluate("bm25", dataset), dataset)
    again, _ = repeat(Record.load(tmp_path / "record"))
    assert [query.id for query in again.queries] == ["q3"]


def test_what_cannot_be_repeated_gets_a_sentence(
    folder, dataset, encoder, folder_of_record, tmp_path
):
    from colmodern import IndexConfig

    own = evaluate(Late(encoder, config=IndexConfig(n_centroids=4)), dataset)
    with pytest.raises(InputError, match="objects in memory"):
        repeat(Record.write(tmp_path / "own", own, dataset))
    made = Dataset.of(dataset.documents, dataset.queries, dataset.qrels, name="made")
    with pytest.raises(InputError, match="The collection made was made in memory"):
        repeat(Record.write(tmp_path / "made", evaluate("bm25", made), made))
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\n")
    with pytest.raises(InputError, match="has changed since"):
        repeat(Record.load(folder_of_record))


def test_measures_can_be_computed_again_from_a_record(dataset, report, folder_of_record):
    found = Record.load(folder_of_record).report
    rankings = {query.id: query.ranking for query in found.queries}
    again = measure_rankings(dataset.qrels, rankings, ["nDCG@10"])
    assert again["nDCG@10"] == report.per_query("nDCG@10")
