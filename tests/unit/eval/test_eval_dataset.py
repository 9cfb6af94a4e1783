from pathlib import Path

import pytest

from colmodern import Document
from colmodern.errors import InputError
from colmodern.eval import Dataset, read_qrels
from colmodern.eval.collection.statistics import Spread
from colmodern.searcher import read_queries


def test_a_collection_has_its_judged_queries_and_all_documents_again_and_again(dataset):
    assert (dataset.name, dataset.layout, dataset.split) == ("fruit", "beir", "test")
    assert list(dataset.queries) == ["q1", "q2"]
    assert dataset.qrels["q2"] == {"d2": 2, "d3": 1}
    for _ in range(2):
        assert [document.id for document in dataset.documents] == ["d1", "d2", "d3"]
    assert repr(dataset) == "<Dataset fruit: 3 documents, 2 queries, split test, beir>"


def test_statistics_are_those_of_the_texts(dataset):
    about = dataset.statistics()
    assert (about.documents, about.empty_documents, about.queries) == (3, 0, 2)
    assert about.document_words == Spread(mean=3.0, median=2.0, p95=4.7, max=5.0)
    assert about.query_words == Spread(mean=1.0, median=1.0, p95=1.0, max=1.0)
    assert about.relevant.mean == 1.5
    assert "words a document  mean 3.0, median 2.0, p95 4.7, max 5.0" in str(about)
    assert about.to_dict()["document_words"]["max"] == 5.0


def test_a_title_counts_and_an_empty_document_is_allowed_and_counted():
    documents = [Document("a", "two words", "a title"), ("b", " \n ")]
    dataset = Dataset.of(documents, {"q": "x"}, {"q": {"a": 1}}, name="mine")
    assert dataset.document_words == {"a": 4, "b": 0}
    assert dataset.statistics().empty_documents == 1
    assert (dataset.name, dataset.layout, dataset.origin) == ("mine", "memory", "")


def test_what_is_loaded_equals_what_is_made_in_memory(dataset, folder):
    made = Dataset.of(dataset.documents, dataset.queries, dataset.qrels)
    assert made.fingerprint == dataset.fingerprint
    other = Dataset.of(dataset.documents, dataset.queries, dataset.qrels | {"q1": {"d1": 2}})
    assert other.fingerprint != dataset.fingerprint
    assert other.corpus_fingerprint == dataset.corpus_fingerprint
    assert Dataset.load(folder.parent / "fruit").origin == str(folder.resolve())


def test_only_grades_of_at_least_one_are_relevant():
    dataset = Dataset.of([("a", "x"), ("b", "y")], {"q": "x"}, {"q": {"a": 1, "b": 0}})
    assert dataset.relevant("q") == {"a": 1}
    assert dataset.qrels["q"] == {"a": 1, "b": 0}


@pytest.mark.parametrize(
    ("documents", "queries", "qrels", "words"),
    [
        ([], {"q": "x"}, {"q": {"a": 1}}, "no document"),
        ([("a", "x"), ("a", "y")], {"q": "x"}, {"q": {"a": 1}}, "'a' comes twice"),
        ([("a", "x"), ("", "y")], {"q": "x"}, {"q": {"a": 1}}, "document 2 has an empty id"),
        ([("a", "x")], {"q": "x"}, {}, "no query is judged"),
        ([("a", "x")], {"q": "x"}, {"q": {}}, "no query is judged"),
        ([("a", "x")], {"q": "x"}, {"p": {"a": 1}, "q": {"a": 1}}, r"query 'p'.*\(1 of 2"),
        ([("a", "x")], {"q": " "}, {"q": {"a": 1}}, "query 'q' is empty"),
        ([("a", "x")], {"q": "x"}, {"q": {"b": 1, "c": 0, "a": 1}}, r"document 'b'.*\(2 of 3"),
    ],
)
def test_what_does_not_fit_together_gets_a_sentence(documents, queries, qrels, words):
    with pytest.raises(InputError, match=words):
        Dataset.of(documents, queries, qrels, strict=True)


def test_wrong_judgments_on_disk_name_the_first_and_count_them(folder):
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\nq1\tnone\t1\nq2\tnil\t1\n")
    with pytest.raises(InputError, match=r"fruit: .*'q1' name document 'none'.*\(2 of 3 judgments"):
        Dataset.load(folder, strict=True)


def test_queries_may_begin_with_a_byte_order_mark_and_have_other_names(folder):
    (folder / "queries.jsonl").write_text('\ufeff{"_id": null, "id": 7, "query": "a"}\n')
    assert read_queries(folder / "queries.jsonl") == {"7": "a"}


def test_nothing_and_several_collections_get_a_sentence(folder, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        Dataset.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="several collections; name one: fruit"):
        Dataset.load(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no collection.*corpus\.jsonl"):
        Dataset.load(tmp_path / "empty")


def test_a_hub_name_is_fetched_and_a_failure_says_what_to_do(folder, monkeypatch):
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def download(name, **options):
        asked.append((name, options["repo_type"], options["allow_patterns"]))
        return str(folder.parent)

    monkeypatch.setattr(hub, "snapshot_download", download)
    dataset = Dataset.load("somebody/collections/fruit")
    assert asked == [("somebody/collections", "dataset", ["fruit/*", "fruit-*/*"])]
    assert dataset.origin == "somebody/collections/fruit"
    assert len(dataset.queries) == 2
    monkeypatch.setattr(hub, "snapshot_download", lambda name, **options: str(folder))
    assert Dataset.load("somebody/sweets").name == "sweets"

    def fail(name, **options):
        raise ConnectionError("no route to host\nmore")

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(InputError, match=r"mteb/scifact.*no route to host\. Download it.*hf down"):
        Dataset.load("mteb/scifact")


def test_files_in_a_folder_with_queries_beside_them_make_a_collection():
    from colmodern.corpus import extract, scan

    root = Path(__file__).parents[3] / "examples"
    found = scan([root / "handbook"])
    documents = [one.document for source in found.sources for one in extract(source)]
    dataset = Dataset.of(
        documents,
        read_queries(root / "judged" / "queries.jsonl"),
        read_qrels(root / "judged" / "qrels" / "test.tsv"),
        name="handbook",
    )
    assert len(dataset.document_words) > 20
    assert dataset.queries["q01"] == "who may revoke a key that has leaked?"
