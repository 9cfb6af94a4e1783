import gzip
import json

import pytest

from colmodern.distill.data.pairs import prepare_pairs, read_pairs
from colmodern.distill.data.tables import read_table
from colmodern.distill.options import PairSource, PrepareRecipe
from colmodern.errors import ConfigError, InputError


def write(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


def prepared(tmp_path, recipe, seed=0):
    prepare_pairs(recipe, data=tmp_path, seed=seed, folder=tmp_path / "out")
    queries = read_table(tmp_path / "out" / "queries.parquet", ("query_id",)).to_pylist()
    documents = read_table(tmp_path / "out" / "documents.parquet", ("document_id",)).to_pylist()
    return queries, documents


def pairs(**options):
    return PairSource(name="p", files="p.jsonl.gz", **options)


def test_pairs_are_deduplicated_and_a_query_keeps_all_its_answers(tmp_path):
    rows = [
        ("a b", "one"),
        ("A  b", "one"),
        ("a b", "two"),
        ("c", "one"),
        ("same", "Same"),
        ("", "x"),
    ]
    write(tmp_path / "p.jsonl.gz", [{"query": q, "document": d} for q, d in rows])
    queries, documents = prepared(tmp_path, PrepareRecipe(pairs=(pairs(),), dev=0.0))
    assert [(q["text"], q["document_ids"]) for q in queries] == [
        ("a b", ["d0", "d1"]),
        ("c", ["d0"]),
    ]
    assert [d["text"] for d in documents] == ["one", "two"]
    assert {q["split"] for q in queries} == {"train"}


def test_what_must_never_be_seen_is_dropped_whatever_its_case(tmp_path):
    rows = [("test  Query", "fine"), ("fine", "Title the text"), ("good", "fine")]
    write(tmp_path / "p.jsonl.gz", [{"query": q, "document": d} for q, d in rows])
    write(tmp_path / "q.jsonl.gz", [{"_id": "1", "text": "Test query"}])
    write(tmp_path / "c.jsonl.gz", [{"_id": "1", "title": "Title", "text": "the text"}])
    recipe = PrepareRecipe(pairs=(pairs(),), dev=0.0, never=("q.jsonl.gz", "c.jsonl.gz"))
    queries, documents = prepared(tmp_path, recipe)
    assert [q["text"] for q in queries] == ["good"]
    assert [d["text"] for d in documents] == ["fine"]


NEAR = "the tide gauge at the north pier is read each hour by the night watch"


@pytest.mark.parametrize(("overlap", "kept"), [(0.0, 3), (0.9, 3), (0.5, 2)])
def test_what_is_near_a_test_document_is_dropped_and_told(tmp_path, overlap, kept):
    rows = [
        ("who reads it?", f"Indeed, {NEAR.replace(' ', '  ').upper()}! So it goes on."),
        ("tide gauge north pier", "the tide gauge is somewhere else, they say"),
        ("short", "north pier"),
    ]
    write(tmp_path / "p.jsonl.gz", [{"query": q, "document": d} for q, d in rows])
    write(tmp_path / "c.jsonl.gz", [{"_id": "1", "title": "Gauges", "text": f"{NEAR}, I hear"}])
    recipe = PrepareRecipe(
        pairs=(pairs(),), dev=0.0, never=("c.jsonl.gz",), never_overlap=overlap, never_words=5
    )
    queries, _ = prepared(tmp_path, recipe)
    assert len(queries) == kept
    report = json.loads((tmp_path / "out" / "decontamination-pairs.json").read_text())
    assert (report["equal"], report["near"]) == (0, 3 - kept)
    assert len(report["examples"]) == 3 - kept
    assert all(0.5 <= one["share"] < 0.9 for one in report["examples"])


@pytest.mark.parametrize("options", [{"never_overlap": 1.1}, {"never_words": 0}])
def test_an_overlap_that_is_none_is_refused(options):
    with pytest.raises(ConfigError):
        PrepareRecipe(**options)


def test_judged_documents_become_pairs_but_never_those_of_another_split(tmp_path):
    write(tmp_path / "q.jsonl.gz", [{"_id": f"q{i}", "text": f"query {i}"} for i in range(3)])
    write(
        tmp_path / "c.jsonl.gz",
        [{"_id": f"d{i}", "title": f"t{i}", "text": f"x{i}"} for i in range(3)],
    )
    (tmp_path / "train.tsv").write_text("q\td\ts\nq0\td0\t1\nq1\td1\t1\nq2\td2\t0\n")
    (tmp_path / "dev.tsv").write_text("q\td\ts\nq9\td1\t1\n")
    source = PairSource(
        name="s",
        files="q.jsonl.gz",
        query="text",
        document="title+text",
        corpus="c.jsonl.gz",
        qrels="train.tsv",
        except_ids_in="dev.tsv",
    )
    assert list(read_pairs(source, tmp_path, 0)) == [("query 0", "t0 x0")]


def test_sentences_are_taken_out_of_their_paragraph(tmp_path):
    sentences = [
        f"This is the sentence number {i} of a paragraph that is long enough." for i in range(4)
    ]
    write(tmp_path / "p.jsonl.gz", [{"text": " ".join(sentences)}])
    found = list(read_pairs(pairs(document="text", sentences=2), tmp_path, 0))
    assert len(found) == 2
    for query, document in found:
        assert query in sentences
        assert query not in document
        assert all(other in document for other in sentences if other != query)


def test_a_limit_draws_by_the_seed_and_may_keep_documents_to_mine_among(tmp_path):
    rows = [{"query": f"q{i}", "document": f"d{i}"} for i in range(50)]
    write(tmp_path / "p.jsonl.gz", rows)
    recipe = PrepareRecipe(pairs=(pairs(limit=5, documents=7),), dev=0.0)
    queries, documents = prepared(tmp_path, recipe)
    assert len(queries) == 5
    assert len(documents) == 12
    assert prepared(tmp_path, recipe)[0] == queries
    assert prepared(tmp_path, recipe, seed=1)[0] != queries


def test_queries_of_documents_put_aside_are_not_trained_on(tmp_path):
    rows = [{"query": f"q{i}", "document": f"d{i // 2}"} for i in range(200)]
    write(tmp_path / "p.jsonl.gz", rows)
    queries, documents = prepared(tmp_path, PrepareRecipe(pairs=(pairs(),), dev=0.2))
    dev = {d["document_id"] for d in documents if d["split"] == "dev"}
    assert 5 < len(dev) < 40
    for query in queries:
        assert (query["split"] == "dev") == bool(dev & set(query["document_ids"]))


def test_empty_pairs_are_an_error(tmp_path):
    write(tmp_path / "p.jsonl.gz", [{"query": "", "document": "x"}])
    with pytest.raises(InputError, match=r"'p' .* are empty"):
        prepared(tmp_path, PrepareRecipe(pairs=(pairs(),)))
    write(tmp_path / "p.jsonl.gz", [])
    with pytest.raises(InputError, match=r"'p' .* are empty"):
        prepared(tmp_path, PrepareRecipe(pairs=(pairs(),)))


def test_an_interrupted_download_is_an_error_with_the_file(tmp_path):
    write(tmp_path / "p.jsonl.gz", [{"query": f"q{i}", "document": f"d{i}"} for i in range(2000)])
    path = tmp_path / "p.jsonl.gz"
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match=r"p\.jsonl\.gz .*download may have been interrupted"):
        prepared(tmp_path, PrepareRecipe(pairs=(pairs(),)))


def test_a_row_without_its_field_and_one_that_is_no_object_are_named(tmp_path):
    write(tmp_path / "p.jsonl.gz", [{"query": "q"}])
    with pytest.raises(InputError, match="no field 'document'"):
        prepared(tmp_path, PrepareRecipe(pairs=(pairs(),)))
    write(tmp_path / "p.jsonl.gz", [["q", "d"]])
    with pytest.raises(InputError, match="line 1 is no JSON object"):
        prepared(tmp_path, PrepareRecipe(pairs=(pairs(),)))
