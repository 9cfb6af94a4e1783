"""Each layout in small, written here as its publishers write it."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colmodern.errors import InputError
from colmodern.eval import Dataset
from colmodern.eval.layouts.rows import add_judgment

CORPUS = [{"_id": "d1", "text": "red apples"}, {"_id": "d2", "text": "green pears"}]


def write_parquet(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("qrels/test.tsv", "q1\td1\tvery\nq1 d1 1\n", "line 2"),
        ("qrels/test.tsv", "q1\td1\t1\nq1\td2\t.5\n", "line 2: the grade '.5' is no whole number"),
        ("qrels/test.tsv", "q1\td1\t1\nq1\td1\t2\n", "two grades"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "no judgment"),
        ("qrels/test.tsv", "q9\td1\t1\n", "q9"),
        ("queries.jsonl", '{"_id": "q1"}\n', '"_id" or "id" and "text" or "query"; it has _id'),
        ("queries.jsonl", '{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "b"}\n', "twice"),
        ("queries.jsonl", "", "no query"),
        ("queries.jsonl", "[1]\n", "no JSON object"),
        ("queries.jsonl", "[" * 100_000, "nested too deeply"),
        ("queries.jsonl", '{"_id": ' + "9" * 5000 + "}", "not JSON"),
    ],
)
def test_a_broken_collection_gets_a_sentence(folder, file, text, word):
    (folder / file).write_text(text)
    with pytest.raises(InputError, match=word):
        Dataset.load(folder)


@pytest.mark.parametrize("grade", [10**400, float("inf"), "1e400", None, [1], 0.5])
def test_a_grade_that_is_no_whole_number_gets_a_sentence(grade):
    with pytest.raises(InputError, match="is no whole number"):
        add_judgment({}, "q1", "d1", grade, "somewhere")


@pytest.mark.parametrize("data", [b"\xff\n", b"[" * 100_000, b"{}\n", b'{"_id": "d1"}\n'])
def test_a_corpus_that_cannot_be_read_gets_a_sentence(folder, data):
    (folder / "corpus.jsonl.gz").unlink()
    (folder / "corpus.jsonl").write_bytes(data)
    with pytest.raises(InputError, match=r"corpus\.jsonl"):
        Dataset.load(folder)


def test_a_corpus_cut_short_gets_a_sentence(folder):
    packed = folder / "corpus.jsonl.gz"
    packed.write_bytes(packed.read_bytes()[:-6])
    with pytest.raises(InputError, match=r"Cannot read .*corpus\.jsonl\.gz"):
        Dataset.load(folder)


def test_beir_without_a_corpus_and_a_split_that_is_not_there(folder):
    with pytest.raises(InputError, match=r"'dev' .*there are: test"):
        Dataset.load(folder, split="dev")
    (folder / "qrels" / "train.tsv").write_text("q3\td1\t1\n")
    assert Dataset.load(folder).split == "test"
    assert list(Dataset.load(folder, "train").queries) == ["q3"]
    (folder / "corpus.jsonl.gz").unlink()
    with pytest.raises(InputError, match=r"it has no corpus\.jsonl"):
        Dataset.load(folder)


def test_beir_takes_judgments_as_json_lines_too(folder, rows):
    (folder / "qrels" / "test.tsv").unlink()
    rows(folder / "qrels" / "test.jsonl", [{"query-id": "q1", "corpus-id": "d1", "score": 1}])
    assert Dataset.load(folder).qrels == {"q1": {"d1": 1}}


def test_mldr_judges_by_positive_passages(tmp_path, rows):
    home = tmp_path / "mldr-v1.0-en"
    rows(home / "corpus.jsonl.gz", [{"docid": f"doc-{i}", "text": f"text {i}"} for i in range(3)])
    row = {
        "query_id": "q-1",
        "query": "which?",
        "positive_passages": [{"docid": "doc-1", "text": "text 1"}],
        "negative_passages": [{"docid": "doc-2", "text": "text 2"}],
    }
    for split in ("train", "dev", "test"):
        rows(home / f"{split}.jsonl.gz", [row | {"query_id": f"q-{split}"}])
    dataset = Dataset.load(home)
    assert (dataset.layout, dataset.split) == ("mldr", "test")
    assert dataset.qrels == {"q-test": {"doc-1": 1}}
    assert list(dataset.document_words) == ["doc-0", "doc-1", "doc-2"]
    assert list(Dataset.load(home, "dev").queries) == ["q-dev"]
    with pytest.raises(InputError, match=r"several collections; name one: mldr-v1\.0-en"):
        Dataset.load(tmp_path)
    rows(home / "test.jsonl.gz", [row | {"positive_passages": [{"text": "text 1"}]}])
    with pytest.raises(InputError, match='line 1: a positive passage has no "docid"'):
        Dataset.load(home)
    rows(home / "test.jsonl.gz", [row | {"positive_passages": "doc-1"}])
    with pytest.raises(InputError, match="positive_passages"):
        Dataset.load(home)


def longembed(length=None, n=1):
    more = {} if length is None else {"context_length": length}
    return {
        "corpus": [{"doc_id": f"doc_{n}", "text": f"long {n}", **more}],
        "queries": [{"qid": f"q_{n}", "text": f"question {n}", **more}],
        "qrels": [{"qid": f"q_{n}", "doc_id": f"doc_{n}", **more}],
    }


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_longembed_has_judgments_without_grades(tmp_path, rows, form):
    for stem, values in longembed().items():
        write = rows if form == "jsonl" else write_parquet
        write(tmp_path / "qmsum" / f"{stem}.{form}", values)
    dataset = Dataset.load(tmp_path / "qmsum")
    assert (dataset.layout, dataset.qrels) == ("longembed", {"q_1": {"doc_1": 1}})
    assert dataset.queries == {"q_1": "question 1"}


def test_longembed_asks_for_a_context_length_where_there_are_several(tmp_path, rows):
    parts = longembed(256, 1), longembed(512, 2)
    for stem in parts[0]:
        rows(tmp_path / "needle" / f"{stem}.jsonl", [row for part in parts for row in part[stem]])
    with pytest.raises(InputError, match="choose a split: test_256, test_512"):
        Dataset.load(tmp_path / "needle")
    dataset = Dataset.load(tmp_path / "needle", "test_512")
    assert (list(dataset.queries), list(dataset.document_words)) == (["q_2"], ["doc_2"])


def test_coir_reads_parquet_shards_and_chooses_the_split(tmp_path):
    home = tmp_path / "cosqa"
    write_parquet(home / "corpus" / "corpus-00000-of-00002.parquet", CORPUS[:1])
    write_parquet(home / "corpus" / "corpus-00001-of-00002.parquet", CORPUS[1:])
    write_parquet(
        home / "queries" / "queries-00000-of-00001.parquet", [{"_id": "q1", "text": "pears"}]
    )
    judged = [{"query-id": "q1", "corpus-id": "d2", "score": 1}]
    write_parquet(home / "data" / "train-00000-of-00001.parquet", judged)
    write_parquet(home / "data" / "test-00000-of-00001.parquet", judged)
    dataset = Dataset.load(home)
    assert (dataset.layout, dataset.split) == ("coir", "test")
    assert list(dataset.document_words) == ["d1", "d2"]
    assert Dataset.load(home, "train").qrels == {"q1": {"d2": 1}}
    (home / "data" / "test-00000-of-00001.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"Cannot read .*test-00000"):
        Dataset.load(home)


def test_coir_names_a_language_of_codesearchnet(tmp_path):
    home = tmp_path / "CodeSearchNet"
    write_parquet(home / "go-corpus" / "corpus-00000-of-00001.parquet", CORPUS)
    write_parquet(
        home / "go-queries" / "queries-00000-of-00001.parquet", [{"_id": "q", "text": "x"}]
    )
    write_parquet(
        home / "go-qrels" / "test-00000-of-00001.parquet",
        [{"query-id": "q", "corpus-id": "d1", "score": 1}],
    )
    dataset = Dataset.load(home / "go")
    assert (dataset.name, dataset.layout, dataset.qrels) == ("go", "coir", {"q": {"d1": 1}})
    assert Dataset.load(dataset.origin).fingerprint == dataset.fingerprint
    with pytest.raises(InputError, match="CodeSearchNet/go"):
        Dataset.load(home)


TOPICS = """<top>
<num> Number: 301
<title> International Organized &amp; Crime
<desc> Description:
Identify organizations.
</top>
<top>
<num> Number: 302 </num>
<title>Polio</title>
</top>
"""
SGML = """<DOC>
<DOCNO> FT911-1 </DOCNO>
<HEADLINE>
FT  14 MAY 91
</HEADLINE>
<TEXT>
Smugglers &lt;caught&gt;
<P>at sea</P>
</TEXT>
</DOC>
<DOC>
<DOCNO>FT911-2</DOCNO>
<TEXT>Polio again.</TEXT>
</DOC>
"""


@pytest.fixture
def trec(tmp_path):
    home = tmp_path / "trec"
    (home / "docs" / "ft").mkdir(parents=True)
    with gzip.open(home / "docs" / "ft" / "ft911.gz", "wt") as out:
        out.write(SGML)
    (home / "topics.301-302.txt").write_text(TOPICS)
    (home / "qrels.txt").write_text("301 0 FT911-1 1\n302 0 FT911-2 2\n302 0 FT911-1 0\n")
    return home


def test_trec_reads_topics_qrels_and_documents_in_sgml(trec):
    dataset = Dataset.load(trec)
    assert dataset.layout == "trec"
    assert dataset.queries == {"301": "International Organized & Crime", "302": "Polio"}
    assert dataset.qrels["302"] == {"FT911-2": 2, "FT911-1": 0}
    first, second = dataset.documents
    assert (first.id, first.title) == ("FT911-1", "FT  14 MAY 91")
    assert first.text.split() == ["Smugglers", "<caught>", "at", "sea"]
    assert second.text == "Polio again."


def test_trec_reads_topics_with_tabs_in_xml_and_documents_in_rows(trec, rows):
    (trec / "topics.301-302.txt").unlink()
    (trec / "topics.tsv").write_text("301\tcrime\n302\tpolio\n")
    rows(
        trec / "docs" / "ft" / "more.jsonl",
        [{"docno": "FT911-3", "contents": "more", "title": "T"}],
    )
    dataset = Dataset.load(trec)
    assert dataset.queries == {"301": "crime", "302": "polio"}
    assert [document.id for document in dataset.documents] == ["FT911-1", "FT911-2", "FT911-3"]
    (trec / "topics.tsv").unlink()
    (trec / "topics.xml").write_text(
        '<topics><topic number="301"><query>crime</query></topic>\n'
        '<topic number="302"><query>polio</query></topic></topics>'
    )
    assert Dataset.load(trec).queries == {"301": "crime", "302": "polio"}


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("qrels.txt", "301 FT911-1 1\n", "qrels.txt, line 1: a judgment is query"),
        ("qrels.txt", "\n", "no judgment"),
        ("topics.301-302.txt", "<top>\n<title> x\n</top>", "topic 1 needs a number and a title"),
        ("topics.301-302.txt", "301 crime\n", "a topic is an id, a tab and a text"),
        ("docs/ft/more.sgml", "<DOC>\n<DOCNO>x</DOCNO>\n", "line 1: a <DOC> has no end"),
        ("docs/ft/more.sgml", "<DOC>\n<TEXT>x</TEXT>\n</DOC>\n", "no <DOCNO>"),
    ],
)
def test_broken_trec_files_get_a_sentence(trec, file, text, word):
    (trec / file).write_text(text)
    with pytest.raises(InputError, match=word):
        Dataset.load(trec)


def test_trec_without_documents_says_where_they_should_be(trec):
    (trec / "docs" / "ft" / "ft911.gz").unlink()
    with pytest.raises(InputError, match="no documents"):
        Dataset.load(trec)


def test_plain_rows_hold_their_documents_or_name_them(tmp_path, rows):
    file = tmp_path / "pairs.jsonl.gz"
    rows(
        file,
        [
            {"query": "one?", "positive": "text one", "negatives": ["text three"]},
            {"query": "two?", "document": ["text two", "text one"]},
        ],
    )
    dataset = Dataset.load(file)
    assert (dataset.name, dataset.layout, dataset.split) == ("pairs", "plain", "")
    texts = {document.id: document.text for document in dataset.documents}
    found = [{texts[name] for name in grades} for grades in dataset.qrels.values()]
    assert found == [{"text one"}, {"text two", "text one"}]
    assert sorted(texts.values()) == ["text one", "text three", "text two"]
    rows(tmp_path / "corpus.jsonl", CORPUS)
    rows(tmp_path / "named.jsonl", [{"_id": "x", "query": "pears", "positive_ids": ["d2"]}])
    assert Dataset.load(tmp_path / "named.jsonl").qrels == {"x": {"d2": 1}}


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"positive": "x"}, '"query"'),
        ({"query": "x"}, '"positive" or "positive_ids"'),
        ({"query": "x", "positive": [1]}, "a text or a list of texts"),
        ({"query": "x", "positive_ids": ["d1"]}, r"must stand in .*corpus\.jsonl"),
    ],
)
def test_broken_plain_rows_get_a_sentence(tmp_path, rows, row, word):
    rows(tmp_path / "pairs.jsonl", [row])
    with pytest.raises(InputError, match=word):
        Dataset.load(tmp_path / "pairs.jsonl")


def test_a_plain_file_has_no_split(tmp_path, rows):
    rows(tmp_path / "pairs.jsonl", [{"query": "x", "positive": "y"}])
    with pytest.raises(InputError, match="no split 'dev'"):
        Dataset.load(tmp_path / "pairs.jsonl", "dev")
