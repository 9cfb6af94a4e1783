"""Phrases in quotes: documents that hold them come first, in every mode."""

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, Indexer, Searcher

WORDS = [f"word{i}" for i in range(60)]
MODES = [
    {"mode": "late"},
    {"mode": "late", "passage_weight": 0.5},
    {"mode": "bm25"},
    {"mode": "hybrid"},
    {"mode": "hybrid", "fusion": "rrf"},
]
EFFORTS = ["low", "exact"]


def documents():
    rng = np.random.default_rng(5)
    for number in range(200):
        words = rng.choice(WORDS, size=int(rng.integers(20, 150))).tolist()
        if number % 40 == 7:
            words[10:10] = ["the", "Lost,", "key"]
        if number % 100 == 7:
            words[15:15] = ["was", "never", "found"]
        yield Document(f"d{number}", " ".join(words), metadata={"even": number % 80 == 7})


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    path = tmp_path_factory.mktemp("phrases") / "index"
    encoder = HashEncoder(dim=32)
    Indexer(path, encoder, config=IndexConfig(segment_tokens=4000, merge=False)).build(documents())
    with Searcher.open(path, encoder) as opened:
        yield opened


HOLDING = {"d7", "d47", "d87", "d127", "d167"}
QUERY = '"the lost key" word3 word4 lost'


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("options", MODES, ids=str)
def test_documents_that_hold_a_phrase_come_first_and_none_is_excluded(searcher, options, effort):
    hits = searcher.search(QUERY, k=20, effort=effort, **options)
    assert set(hits.doc_ids[:5]) == HOLDING
    assert len(hits) == 20
    assert [hit.parts["phrases"] for hit in hits] == [1] * 5 + [0] * 15
    assert list(hits.scores) == sorted(hits.scores, reverse=True)
    assert hits[4].score > hits[5].score
    for hit in hits[:5]:
        assert "the Lost, key" in hit.passage.text
    assert hits.notes == ()
    assert searcher.search(QUERY, k=3, effort=effort, **options).doc_ids == hits.doc_ids[:3]


@pytest.mark.parametrize("options", MODES, ids=str)
def test_more_phrases_come_before_fewer(searcher, options):
    query = f"{QUERY} “was never found”"
    hits = searcher.search(query, k=7, **options)
    assert hits[0].doc_id == "d7"
    assert set(hits.doc_ids[1:6]) == (HOLDING | {"d107"}) - {"d7"}
    assert [hit.parts["phrases"] for hit in hits] == [2, 1, 1, 1, 1, 1, 0]
    assert "was never found" in hits[0].passage.text


def test_order_among_those_that_hold_it_is_that_of_the_mode(searcher):
    alike = searcher.search(QUERY.replace('"', ""), k=200, mode="bm25").doc_ids
    hits = searcher.search(QUERY, k=5, mode="bm25")
    assert hits.doc_ids == tuple(doc_id for doc_id in alike if doc_id in HOLDING)


def test_a_filter_goes_before_a_phrase(searcher):
    hits = searcher.search(QUERY, k=20, where="even = true")
    assert set(hits.doc_ids) == {"d7", "d87", "d167"}


def test_many_queries_are_as_one_each(searcher):
    queries = [QUERY, "word3", '"word3 word4"']
    assert searcher.search_many(queries) == [searcher.search(query) for query in queries]


def test_ready_vectors_with_their_text_know_its_phrases(searcher):
    tokens = searcher.encoder.encode_queries([QUERY])[0]
    assert searcher.search_embeddings(tokens, query=QUERY) == searcher.search(QUERY)


@pytest.mark.parametrize("options", MODES, ids=str)
def test_a_phrase_that_no_document_holds_is_told_and_changes_nothing(searcher, options):
    hits = searcher.search('"key lost" word3', k=20, **options)
    assert hits.notes == ('no document holds "key lost"',)
    assert hits.to_dict()["notes"] == ['no document holds "key lost"']
    assert {hit.parts["phrases"] for hit in hits} == {0}
    assert len(hits) == 20


def test_explain_shows_the_passage_that_a_search_shows(searcher):
    hit = searcher.search(QUERY)[0]
    explanation = searcher.explain(QUERY, hit.doc_id)
    assert (explanation.passage.start, explanation.passage.end) == (
        hit.passage.start,
        hit.passage.end,
    )
    assert explanation.phrases == ("the lost key",)
    assert explanation.to_dict()["phrases"] == ["the lost key"]
    assert searcher.explain("lost key", hit.doc_id).phrases == ()


def test_what_is_looked_at_is_bounded_and_told(searcher, monkeypatch):
    monkeypatch.setattr("colmodern.searcher.phrases.MOST_CHARACTERS", 500)
    hits = searcher.search('"word3 word4"')
    assert "documents that have its words" in hits.notes[0]


def test_a_phrase_of_a_title_counts(tmp_path):
    encoder = HashEncoder(dim=32)
    given = [Document(f"d{i}", "red green blue", title="On keys") for i in range(5)]
    Indexer(tmp_path / "i", encoder).build([*given, Document("x", "grey", title="Lost keys")])
    with Searcher.open(tmp_path / "i", encoder) as opened:
        assert opened.search('red "lost keys"')[0].doc_id == "x"


def test_a_phrase_shows_in_long_lines_and_in_every_place_of_it(tmp_path):
    encoder = HashEncoder(dim=32)
    filler = "nothing much happens here at all " * 200
    text = f"{filler}\n\nThe red door.\n\n{filler} the red\ndoor of Anna {filler}"
    Indexer(tmp_path / "i", encoder).build([Document("x", text), Document("y", filler)])
    with Searcher.open(tmp_path / "i", encoder) as opened:
        for query, shown in [('"red door of anna"', "red\ndoor of Anna"), ('"red door"', "red")]:
            passage = opened.search(query)[0].passage
            assert shown in passage.text
            marked = [text[a:b] for a, b in passage.highlights]
            assert any(shown in one for one in marked)
        evidence = opened.explain('"red door"', "x", passages=2).evidence
        assert all("red" in one.passage.text and "door" in one.passage.text for one in evidence)


def test_the_command_line_shows_phrases_and_says_what_it_did_not_find(searcher, capsys):
    from colmodern.cli.app import app

    index = ["--index", str(searcher.describe()["index"])]
    for words, out, err in [
        (["search", QUERY, "--mode", "bm25"], "the Lost, key", ""),
        (["search", '"key lost" word3', "--mode", "bm25"], "word3", 'no document holds "key lost"'),
        (["explain", QUERY, "d7", *index], 'holds "the lost key"', ""),
    ]:
        app([*words, *index], standalone_mode=False)
        shown = capsys.readouterr()
        assert out in " ".join(shown.out.split())
        assert err in shown.err


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """Ten documents with each name, but for those that one has alone."""
    path = tmp_path_factory.mktemp("names") / "index"
    rng = np.random.default_rng(2)
    given = [
        Document(f"d{i}", " ".join([*rng.choice(WORDS, 40), f"common_name rare_{i} {i % 20}code"]))
        for i in range(200)
    ]
    encoder = HashEncoder(dim=16)
    Indexer(path, encoder).build(given)
    with Searcher.open(path, encoder) as opened:
        yield opened


@pytest.mark.parametrize("options", MODES, ids=str)
def test_a_rare_name_decides_where_it_is_the_query(named, options):
    for i in range(0, 200, 23):
        hits = named.search(f"rare_{i} word3", k=5, **options)
        assert hits[0].doc_id == f"d{i}"
        assert [hit.parts["phrases"] for hit in hits] == [1, 0, 0, 0, 0]
        assert f"rare_{i}" in hits[0].passage.text
    held = named.search("7code", k=12, **options)
    assert {int(doc_id[1:]) % 20 for doc_id in held.doc_ids[:10]} == {7}
    assert held.notes == ()


@pytest.mark.parametrize("query", ["common_name", "no_such_name", "word1 word2 word3 rare_3"])
def test_a_common_name_one_of_no_document_and_one_among_words_change_nothing(named, query):
    hits = named.search(query)
    assert all("phrases" not in hit.parts for hit in hits)
    assert hits.notes == ()


MESSAGES = {
    "err/alpha.py": "raise TimeoutError(f'the anchor of {name} did not hold in time')",
    "err/beta.py": "raise ValueError('the number of anchors is below zero for this buoy')",
    "docs/buoy-moorings.md": "How buoys are moored.\n\nAn anchor holds in sand, hardly in mud.",
    "docs/README.md": "Read docs/buoy-moorings.md first, then buoy-moorings.md again.",
    "data/empty_words.csv": "17 42",
    "docs/Übersicht.md": "What there is.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Documents with paths for ids among many others, which have all words of the messages."""
    path = tmp_path_factory.mktemp("messages") / "index"
    rng = np.random.default_rng(3)
    words = sorted({word for text in MESSAGES.values() for word in text.split()})
    others = [Document(f"other/{i}.txt", " ".join(rng.choice(words, 60))) for i in range(120)]
    own = [Document(id_, text) for id_, text in MESSAGES.items()]
    encoder = HashEncoder(dim=16)
    Indexer(path, encoder).build([*others, *own])
    with Searcher.open(path, encoder) as opened:
        yield opened


@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize(
    ("query", "found", "held"),
    [
        ("the number of anchors is below zero for this buoy", "err/beta.py", True),
        ("ValueError: the number of anchors is BELOW zero, for this", "err/beta.py", True),
        ("anchor did not hold in time", "err/alpha.py", True),
        ("buoy-moorings.md", "docs/buoy-moorings.md", True),
        ("docs/buoy-moorings.md", "docs/buoy-moorings.md", True),
        ("Buoy Moorings", "docs/buoy-moorings.md", True),
        ("what is in buoy-moorings.md?", "docs/buoy-moorings.md", True),
        ("empty_words.csv", "data/empty_words.csv", True),
        ("Übersicht.md", "docs/Übersicht.md", True),
        ("docs/übersicht", "docs/Übersicht.md", True),
        ("moorings.md", None, False),
        ("buoy-moor", None, False),
        ("anchors hold the buoy in sand", None, False),
        ("docs", None, False),
    ],
)
def test_most_of_a_text_and_a_file_by_its_name_come_first(folder, options, query, found, held):
    hits = folder.search(query, k=4, **options)
    if not held:
        assert all("phrases" not in hit.parts for hit in hits)
        return
    assert hits[0].doc_id == found
    assert [hit.parts["phrases"] for hit in hits] == [1] + [0] * (len(hits) - 1)
    explained = folder.explain(query, found)
    assert explained.phrases
    mode = options["mode"]
    if options.keys() == {"mode"} and mode != "bm25":
        assert folder.explain(query, found, mode=mode).score == pytest.approx(hits[0].score)


def test_explain_names_the_longest_stretch_that_is_held(folder):
    query = "ValueError: the number of anchors is BELOW zero, for this"
    assert folder.explain(query, "err/beta.py").phrases == (
        "valueerror the number of anchors is below zero for this",
    )
    assert folder.explain(query, "err/alpha.py").phrases == ()
    assert folder.explain("Buoy Moorings", "docs/buoy-moorings.md").phrases == ("Buoy Moorings",)


def test_a_file_of_many_documents_decides_nothing(tmp_path):
    encoder = HashEncoder(dim=16)
    rows = [Document(f"{i}/README.md", f"amber basalt {i}") for i in range(40)]
    Indexer(tmp_path / "i", encoder).build(rows)
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert all("phrases" not in hit.parts for hit in searcher.search("README.md"))
        assert searcher.search("7/README.md")[0].doc_id == "7/README.md"
