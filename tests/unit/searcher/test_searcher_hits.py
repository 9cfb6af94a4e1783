import json

import numpy as np
import pytest

from colmodern.errors import InputError
from colmodern.searcher import (
    Evidence,
    Explanation,
    Hit,
    Hits,
    Match,
    MatchedToken,
    Passage,
    marked_pieces,
    write_run,
)

PASSAGE = Passage(4, 19, 1, "a <key> is lost", 3.0, ((6, 11), (15, 19)))
HITS = Hits("lost <key>", [Hit(1, 3.5, "a.md", "A", {"type": "md"}, PASSAGE), Hit(2, 1.25, "b.md")])


def test_hits_are_a_sequence_with_array_views():
    assert len(HITS) == 2
    assert HITS[0].doc_id == "a.md"
    assert HITS[-1].passage is None
    assert HITS.doc_ids == ("a.md", "b.md")
    assert HITS.scores.dtype == np.float32
    assert HITS.scores.tolist() == [3.5, 1.25]
    assert [hit.rank for hit in HITS[:1]] == [1]


def test_json_has_the_shape_that_scripts_rely_on():
    values = json.loads(json.dumps(HITS.to_dict()))
    assert values["query"] == "lost <key>"
    first = values["hits"][0]
    assert (first["rank"], first["score"], first["id"]) == (1, 3.5, "a.md")
    assert first["passage"]["text"] == "a <key> is lost"
    assert (first["passage"]["start"], first["passage"]["end"]) == (4, 19)
    assert values["hits"][1]["passage"] is None


def test_marked_pieces_put_the_passage_together_again():
    pieces = list(marked_pieces(PASSAGE))
    assert "".join(text for text, _ in pieces) == PASSAGE.text
    assert [text for text, is_match in pieces if is_match] == ["<key>", "lost"]


def test_html_escapes_what_comes_from_documents():
    html = HITS._repr_html_()
    assert "<mark>&lt;key&gt;</mark>" in html
    assert "<key>" not in html


def test_an_explanation_in_a_notebook_is_escaped_and_marks_its_passage():
    matches = (Match("<lost>", "<key>", 6, 11, 2.5, 0.8), Match("&", "", 0, 0, -0.1, -0.03))
    tokens = (MatchedToken(6, 11, 2.5, 0),)
    evidence = (Evidence(PASSAGE, 0.8, tokens),)
    html = Explanation("<lost> &", "<a>.md", 2.4, matches, evidence)._repr_html_()
    assert "<b>&lt;a&gt;.md</b> 2.400" in html
    assert "<td>2.500</td><td>80.0%</td><td>&lt;lost&gt;</td><td>&lt;key&gt;</td>" in html
    assert "<td>&amp;</td><td>(title)</td>" in html
    assert '<span class="m0" title="2.50" style="background:rgba(213,94,0,0.55)">&lt;key' in html
    assert "line 1: alone 3.000 of 2.400; 80% of the score matches here best" in html
    corrected = Explanation("<lost> &", "<a>.md", 1.9, matches, evidence)._repr_html_()
    assert "alone 3.000 of 2.400;" in corrected, "sums of matches are compared with each other"
    assert ":has(.q0:hover) .m0{" in html, "hovering over a query token shows its match"
    assert "<script" not in html
    assert "rgba(0,114,178,0.45)" in html, "the token that brought most"
    assert "rgba(0,114,178,0.00)" in html
    assert "0.0" in Explanation("", "a", 0.0, ())._repr_html_()


def test_tables_for_arrow_pandas_and_polars_agree():
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    assert HITS.to_arrow().column("id").to_pylist() == ["a.md", "b.md"]
    assert HITS.to_pandas()["id"].tolist() == ["a.md", "b.md"]
    assert HITS.to_polars()["id"].to_list() == ["a.md", "b.md"]
    assert HITS.to_arrow().column("passage").to_pylist() == ["a <key> is lost", None]


def test_a_run_file_has_six_columns(tmp_path):
    target = tmp_path / "out.trec"
    write_run(target, [("q1", HITS)])
    assert target.read_text().splitlines() == [
        "q1 Q0 a.md 1 3.5 colmodern",
        "q1 Q0 b.md 2 1.25 colmodern",
    ]


def test_a_lone_surrogate_cannot_stand_in_a_run(tmp_path):
    with pytest.raises(InputError, match="surrogates"):
        write_run(tmp_path / "out.trec", [("q\ud800", HITS)])
    assert list(tmp_path.iterdir()) == []


def test_an_id_with_white_space_cannot_stand_in_a_run_and_leaves_no_file(tmp_path):
    with pytest.raises(InputError, match="white space"):
        write_run(tmp_path / "out.trec", [("q1", Hits("q", [Hit(1, 1.0, "a file.md")]))])
    assert list(tmp_path.iterdir()) == []
