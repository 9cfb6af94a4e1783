"""Evidence: which characters of a document hold its score?"""

import itertools
import json
import re

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.cli.printing.evidence import print_evidence
from colmodern.cli.printing.explanation import print_explanation
from colmodern.cli.printing.links import check_template
from colmodern.cli.printing.terminal import Format
from colmodern.errors import ConfigError, EncoderError, InputError
from colmodern.indexer import delete
from colmodern.passages.passage import marked_html
from colmodern.types import TokenEmbeddings

QUERY = "walrus paints violins"
WHOLE = "Once a walrus paints violins in autumn."
PART = "A walrus sleeps under the pier."


def long_text():
    """Lines of filler; one that answers all of the query, one that answers part of it."""
    rng = np.random.default_rng(3)
    lines = [
        " ".join(f"filler{n}" for n in rng.integers(0, 400, 12)).capitalize() + "."
        for _ in range(300)
    ]
    lines[60], lines[200] = PART, WHOLE
    return "\n".join(lines)


TEXT = long_text()
DOCUMENTS = [
    Document("long", TEXT, title="Of pianos"),
    Document("short", "Nothing about animals here", title="Walrus"),
    Document("empty", "", title=""),
    Document("title", "", title="A walrus"),
]


@pytest.fixture(scope="module")
def encoder():
    return HashEncoder(dim=64)


@pytest.fixture(scope="module")
def index(tmp_path_factory, encoder):
    path = tmp_path_factory.mktemp("explain") / "index"
    Indexer(path, encoder, config=IndexConfig()).build(DOCUMENTS)
    return path


@pytest.fixture(scope="module")
def searcher(index, encoder):
    with Searcher.open(index, encoder) as opened:
        yield opened


def test_spans_are_those_of_the_words_that_matched(searcher):
    explanation = searcher.explain(QUERY, "long")
    assert [m.query_token for m in explanation.matches] == QUERY.split()
    for match in explanation.matches:
        assert match.query_token == QUERY[match.query_start : match.query_end]
        assert match.document_token == TEXT[match.start : match.end]
        assert match.document_token == match.query_token
    for match in explanation.matches[1:]:
        assert TEXT.index(WHOLE) <= match.start < TEXT.index(WHOLE) + len(WHOLE)


def test_shares_add_up_to_one_and_scores_to_that_of_the_hit(searcher):
    explanation = searcher.explain(QUERY, "long", mode="late")
    hits = searcher.search(QUERY, k=4, effort="exact", mode="late")
    (hit,) = [h for h in hits if h.doc_id == "long"]
    assert sum(m.share for m in explanation.matches) == pytest.approx(1)
    assert sum(m.score for m in explanation.matches) == pytest.approx(explanation.score)
    assert explanation.score == pytest.approx(hit.score, abs=1e-4)
    assert explanation.evidence[0].passage == hit.passage


@pytest.mark.parametrize(
    "how", [{}, {"mode": "late"}, {"mode": "hybrid", "word_weight": 0.4}, {"mode": "bm25"}]
)
@pytest.mark.parametrize("query", [QUERY, 'a "walrus sleeps" here', "filler7 walrus_1 x.y1"])
def test_the_score_and_its_parts_are_those_of_the_hit(searcher, query, how):
    hits = searcher.search(query, k=4, **how)
    assert len(hits) > 1
    for hit in hits:
        found = searcher.explain(query, hit.doc_id, **how)
        assert found.score == hit.score
        assert found.parts == hit.parts
        assert found.mode == hits.mode
        assert found.to_dict()["parts"] == hit.to_dict().get("parts", {})


def test_the_passage_with_the_whole_answer_is_first_and_none_overlaps_another(searcher):
    explanation = searcher.explain(QUERY, "long", passages=6, mode="late")
    passages = [evidence.passage for evidence in explanation.evidence]
    assert len(passages) == 6
    assert WHOLE in passages[0].text
    assert PART in passages[1].text
    assert passages[0].score == max(p.score for p in passages)
    assert passages[0].score == pytest.approx(explanation.score, rel=0.05)
    in_order = sorted(passages, key=lambda p: p.start)
    assert all(a.end <= b.start for a, b in itertools.pairwise(in_order))
    assert sum(evidence.share for evidence in explanation.evidence) <= 1 + 1e-9


def test_a_passage_scores_what_its_own_tokens_score(searcher, encoder):
    query = encoder.encode_queries([QUERY])[0].vectors
    for evidence in searcher.explain(QUERY, "long", passages=6).evidence:
        passage = evidence.passage
        alone = encoder.encode_documents([passage.text])[0]
        exact = float((alone.vectors @ query.T).max(axis=0).sum())
        assert passage.score == pytest.approx(exact, abs=0.1)
        spans = [(t.start - passage.start, t.end - passage.start) for t in evidence.tokens]
        assert spans == [tuple(span) for span in alone.spans.tolist()], "every word, no other"


def test_passages_hold_the_lines_and_offsets_of_the_text(searcher):
    for evidence in searcher.explain(QUERY, "long", passages=6).evidence:
        passage = evidence.passage
        assert passage.text == TEXT[passage.start : passage.end]
        assert passage.line == TEXT[: passage.start].count("\n") + 1
        for start, end in passage.highlights:
            assert passage.start <= start < end <= passage.end


def test_compressed_and_exact_scores_stand_side_by_side(searcher, encoder):
    plain = searcher.explain(QUERY, "long", mode="late")
    both = searcher.explain(QUERY, "long", exact=True, mode="late")
    query = encoder.encode_queries([QUERY])[0].vectors
    floats = encoder.encode_documents([f"Of pianos {TEXT}"])[0].vectors @ query.T
    assert plain.exact_score is None
    assert all(match.exact is None for match in plain.matches)
    np.testing.assert_allclose([m.exact for m in both.matches], floats.max(axis=0), atol=1e-5)
    assert both.exact_score == pytest.approx(3, abs=1e-5)
    assert both.score == pytest.approx(plain.score)
    assert 0 < abs(both.score - both.exact_score) < 0.3
    assert "(exact 3.000)" in str(both)
    assert "exact" not in str(plain)
    assert "<th>exact</th>" in both._repr_html_()
    assert "<th>exact</th>" not in plain._repr_html_()


def test_a_match_in_the_title_has_no_place_in_the_text(searcher):
    explanation = searcher.explain("walrus", "short")
    (match,) = explanation.matches
    assert (match.start, match.end, match.document_token) == (0, 0, "")
    assert "(title)" in str(explanation)
    assert all(evidence.share == 0 for evidence in explanation.evidence)


def test_a_document_without_text_is_explained_by_its_title_or_not_at_all(searcher):
    title = searcher.explain("walrus", "title", exact=True)
    assert (title.matches[0].share, title.evidence, title.passage) == (1, (), None)
    empty = searcher.explain("walrus", "empty", exact=True)
    assert (empty.score, empty.matches, empty.evidence) == (0, (), ())
    assert empty.to_dict()["passages"] == []
    assert "0.000" in empty._repr_html_()


def test_a_long_document_is_explained_in_blocks_and_can_be_stopped(searcher, monkeypatch):
    whole = searcher.explain(QUERY, "long").to_dict()
    stages = []
    monkeypatch.setattr("colmodern.searcher.explain._BLOCK", 100)
    assert searcher.explain(QUERY, "long", begin=stages.append).to_dict() == whole
    assert stages.count("rescore") > 10

    def stop(stage):
        if stage == "rescore" and stages.append(stage) is None and len(stages) == 3:
            raise InterruptedError

    stages.clear()
    with pytest.raises(InterruptedError):
        searcher.explain(QUERY, "long", begin=stop)
    assert len(stages) == 3


def test_json_has_character_offsets(searcher):
    values = json.loads(json.dumps(searcher.explain(QUERY, "long").to_dict()))
    assert values["id"] == "long"
    for match in values["matches"]:
        assert TEXT[match["start"] : match["end"]] == match["document_token"]
        assert QUERY[match["query_start"] : match["query_end"]] == match["query_token"]
    for passage in values["passages"]:
        assert TEXT[passage["start"] : passage["end"]] == passage["text"]
        assert all(
            passage["start"] <= start < end <= passage["end"]
            for start, end, _, _ in passage["tokens"]
        )
        assert all(0 <= number < 3 for _, _, _, number in passage["tokens"])


def test_hovering_over_a_query_token_shows_its_match_in_the_heat_map(searcher):
    html = searcher.explain(QUERY, "long")._repr_html_()
    for number, word in enumerate(QUERY.split()):
        assert f":has(.q{number}:hover) .m{number}{{" in html
        assert re.search(rf'class="q q{number}"[^>]*>{word}<', html)
    for number, word in list(enumerate(QUERY.split()))[1:]:
        assert re.search(rf'<span class="m{number}"[^>]*>{word}</span>', html)
    assert "<script" not in html
    assert "http" not in html


@pytest.mark.parametrize("wrong", ["", "  \n", "\u200b", "?!"])
def test_a_query_of_nothing_is_refused(searcher, wrong):
    with pytest.raises(InputError, match="at least one word"):
        searcher.explain(wrong, "long")


def test_an_unknown_id_is_refused(searcher):
    for wrong in ("", "Long", "long "):
        with pytest.raises(InputError, match=re.escape(repr(wrong))):
            searcher.explain(QUERY, wrong)


@pytest.mark.parametrize("wrong", [0, -1])
def test_no_passages_is_refused(searcher, wrong):
    with pytest.raises(ConfigError, match="at least 1"):
        searcher.explain(QUERY, "long", passages=wrong)


def test_a_deleted_document_has_no_evidence(tmp_path, encoder):
    Indexer(tmp_path / "i", encoder).build(DOCUMENTS)
    with Searcher.open(tmp_path / "i", encoder) as before:
        delete(tmp_path / "i", ["long"])
        with pytest.raises(InputError, match="'long'"):
            before.refresh().explain(QUERY, "long")
        assert before.explain(QUERY, "long", mode="late").score > 2, (
            "a snapshot keeps what it opened"
        )


def test_exact_scores_need_an_encoder_of_documents_and_the_same_tokens(index, encoder):
    class Queries:
        name, dim, fingerprint = encoder.name, encoder.dim, encoder.fingerprint
        encode_queries = staticmethod(encoder.encode_queries)

    class Halves(HashEncoder):
        def encode_documents(self, texts):
            found = super().encode_documents(texts)
            return [TokenEmbeddings(one.vectors[::2], one.spans[::2]) for one in found]

        def encode_queries(self, texts):
            return super().encode_documents(texts)

    for other, message in ((Queries(), "queries only"), (Halves(dim=64), "pooled")):
        with Searcher.open(index, other) as searcher:
            assert searcher.explain(QUERY, "long").exact_score is None
            with pytest.raises(EncoderError, match=message):
                searcher.explain(QUERY, "long", exact=True)


def test_a_query_of_no_vectors_is_refused(searcher):
    nothing = TokenEmbeddings(np.zeros((0, 64), np.float32), np.zeros((0, 2), np.int32))
    with pytest.raises(InputError, match="no token vector"):
        searcher.explain_embeddings(nothing, "long")


def test_a_terminal_shows_passages_with_line_numbers_and_links(
    tmp_path, encoder, capsys, monkeypatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    file = tmp_path / "a file.txt"
    file.write_text(TEXT)
    Indexer(tmp_path / "i", encoder).sync([file])
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        (name,) = searcher.search(QUERY, k=1).doc_ids
        explanation = searcher.explain(QUERY, name)
    print_explanation(explanation, Format.HUMAN, links=check_template("vscode"))
    shown = capsys.readouterr().out
    line = explanation.evidence[0].passage.line
    path = str(file.resolve()).replace(" ", "%20")
    assert f"vscode://file{path}:{line}" in shown
    assert re.search(r"\x1b\[[0-9;]*33m[^\x1b]*violins", shown), "what matched is highlighted"
    plain = re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", shown)
    assert re.search(
        rf"^ +{TEXT[: TEXT.index(WHOLE)].count(chr(10)) + 1} \| .*violins", plain, re.MULTILINE
    )
    assert plain.count("->  violins  [") == 1
    print_explanation(explanation, Format.HUMAN, links=check_template("none"))
    assert "vscode" not in capsys.readouterr().out


def test_a_line_break_in_a_token_does_not_break_its_row():
    from colmodern.searcher import Explanation, Match

    matches = (Match("a\u2028b", "c\nd", 0, 3, 1.0, 1.0),)
    (line,) = Explanation("a\u2028b", "x", 1.0, matches).match_lines()
    assert "a b  ->  c d" in line


FILLER = " ".join(f"Filler {i} stands here and says nothing of use." for i in range(80))
REASONED = f"{FILLER} Only the walrus may open the gate. {FILLER} The walrus sleeps. {FILLER}"


@pytest.fixture(scope="module")
def reasoned(tmp_path_factory):
    path = tmp_path_factory.mktemp("reasons") / "index"
    Indexer(path, HashEncoder(dim=64)).build([Document("d", REASONED)])
    with Searcher.open(path, HashEncoder(dim=64)) as searcher:
        yield searcher.explain("walrus gate!", "d", passages=2)


def test_reasons_name_the_words_that_decided_and_what_the_others_lack(reasoned):
    first, second = (one.reasons for one in reasoned.evidence)
    assert first.behind == 0
    assert {word for word, _ in first.terms} == {"walrus", "gate"}
    assert sum(share for _, share in first.terms) == pytest.approx(1)
    assert second.terms[0][0] == "walrus"
    assert dict(second.terms).get("gate", 0) < dict(first.terms)["gate"] - 0.1
    whole = [one.matches + one.words + one.around + one.near for one in (first, second)]
    assert second.behind == pytest.approx(whole[0] - whole[1])
    assert second.behind > 0


def test_weights_say_which_query_tokens_decide(reasoned):
    weights = dict(
        zip((one.query_token for one in reasoned.matches), reasoned.weights, strict=True)
    )
    assert max(weights.values()) == 1
    assert min(weights["walrus"], weights["gate"]) > 0.5


def test_reasons_are_printed_and_in_json(reasoned, capsys):
    print_evidence(reasoned, "")
    shown = capsys.readouterr().out
    assert "decided by " in shown
    assert " deviations behind the first (matches " in shown
    assert "; the first has more of gate" in shown
    values = reasoned.to_dict()
    assert values["passages"][0]["reasons"]["behind"] == 0
    assert str(values["passages"][0]["reasons"]["near"]) == "0.0", "no loss is not below nothing"
    assert len(values["weights"]) == len(values["matches"])


def test_html_is_pale_where_nothing_answers(reasoned):
    passage = reasoned.evidence[0].passage
    html = marked_html(passage)
    assert "<mark>walrus</mark>" in html
    assert html.count('<span style="opacity:.6">') == len(passage.sentences) - len(
        passage.answering
    )
    assert ";opacity:.6" in reasoned._repr_html_()
