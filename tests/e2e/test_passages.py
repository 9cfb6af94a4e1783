"""The passage that answers: whole sentences, rows and items, what leads them in, what answers."""

import json

import pytest

from colmodern import Document, HashEncoder, Indexer, Searcher

FILLER = " ".join(f"Filler {i} stands here and says nothing of use." for i in range(80))
TABLE = "| boat | wind |\n|---|---|\n" + "".join(f"| vessel{i} | {i} knots |\n" for i in range(60))
LIST = "When the alarm rings:\n\n" + "".join(
    f"- step{i} is to look at gauge{i}\n" for i in range(60)
)
CODE = "def first():\n    return 1\n\n\ndef second():\n    threshold = 32\n    return threshold\n"
DOCUMENTS = [
    Document("prose", f"{FILLER} Only the walrus may open the gate. It asks nobody. {FILLER}"),
    Document("table", f"# Limits\n\n{FILLER}\n\n{TABLE}\n{FILLER}", metadata={"type": "markdown"}),
    Document("list", f"{FILLER}\n\n{LIST}\n{FILLER}"),
    Document("code", CODE, metadata={"type": "code"}),
    Document("title", "", title="walrus"),
]
QUERIES = {
    "prose": ("walrus open gate", "Only the walrus may open the gate."),
    "table": ("vessel41 41 knots", "| vessel41 | 41 knots |"),
    "list": ("step37 gauge37", "- step37 is to look at gauge37"),
    "code": ("threshold 32", "    threshold = 32"),
}
LEADS = {"table": "| boat | wind |", "list": "When the alarm rings:"}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    path = tmp_path_factory.mktemp("passages") / "index"
    Indexer(path, HashEncoder(dim=64)).build(DOCUMENTS)
    with Searcher.open(path, HashEncoder(dim=64)) as opened:
        yield opened


def passage_of(searcher, name, **options):
    hits = searcher.search(QUERIES[name][0], k=5, **options)
    return next(hit.passage for hit in hits if hit.doc_id == name)


@pytest.mark.parametrize("mode", ["late", "bm25", "hybrid"])
@pytest.mark.parametrize("name", QUERIES)
def test_what_answers_is_marked_and_whole(searcher, name, mode):
    passage = passage_of(searcher, name, mode=mode)
    text = next(d.text for d in DOCUMENTS if d.id == name)
    assert passage.text == text[passage.start : passage.end]
    assert QUERIES[name][1] in [text[one.start : one.end] for one in passage.answering]
    assert passage.lead == LEADS.get(name, "")


@pytest.mark.parametrize("name", QUERIES)
def test_sentences_make_up_the_passage(searcher, name):
    passage = passage_of(searcher, name)
    assert passage.sentences[0].start == passage.start
    assert passage.sentences[-1].end == passage.end
    for one, other in zip(passage.sentences[:-1], passage.sentences[1:], strict=True):
        between = passage.text[one.end - passage.start : other.start - passage.start]
        assert between.strip() == ""
    kind = {"table": "row", "list": "item", "code": "code"}.get(name, "sentence")
    assert {one.kind for one in passage.answering} == {kind}


@pytest.mark.parametrize("name", QUERIES)
def test_explain_and_search_show_the_same(searcher, name):
    explanation = searcher.explain(QUERIES[name][0], name)
    assert explanation.passage == passage_of(searcher, name)
    found = [evidence.passage for evidence in explanation.evidence]
    for number, one in enumerate(found):
        assert all(one.end <= other.start or other.end <= one.start for other in found[:number])


def test_json_has_the_structure(searcher):
    values = json.loads(json.dumps(passage_of(searcher, "table").to_dict()))
    assert values["lead"] == LEADS["table"]
    assert {"start", "end", "kind", "answers"} == set(values["sentences"][0])


def test_no_passage_where_no_text_answers(searcher):
    hits = searcher.search("walrus", k=5)
    assert next(hit.passage for hit in hits if hit.doc_id == "title") is None
    (hit,) = [h for h in searcher.search("walrus", k=5, mode="bm25") if h.doc_id == "title"]
    assert hit.passage is None


def test_a_second_passage_comes_where_the_evidence_lies_apart(tmp_path):
    once = f"{FILLER} Only the walrus may open the gate. {FILLER}"
    twice = f"{once} Only the walrus may shut the gate. {FILLER}"
    Indexer(tmp_path / "index", HashEncoder(dim=64)).build(
        [Document("once", once), Document("twice", twice)]
    )
    with Searcher.open(tmp_path / "index", HashEncoder(dim=64)) as searcher:
        for mode in ("late", "bm25", "hybrid"):
            hits = {hit.doc_id: hit for hit in searcher.search("walrus gate", k=2, mode=mode)}
            first, second = hits["twice"].passage, hits["twice"].also
            assert second is not None
            assert first.end <= second.start or second.end <= first.start
            assert "walrus" in first.text
            assert "walrus" in second.text
            assert hits["twice"].to_dict()["also"]["start"] == second.start
            assert hits["once"].also is None
            assert hits["once"].to_dict()["also"] is None
