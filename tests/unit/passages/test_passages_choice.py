"""Which passage of one document is chosen, what is marked in it, and when is there none?"""

from contextlib import nullcontext

import numpy as np
import pytest

from colmodern.kernels import REFERENCE, use_isa
from colmodern.passages.asked import DocumentText, PassageQuery
from colmodern.passages.choice import NEAR_LOSS, WINDOW_TOKENS, Windows, windows_of
from colmodern.passages.of_documents import consider, passages_of, word_passages
from colmodern.passages.pieces import Pieces
from colmodern.passages.scorer import DocumentScorer
from colmodern.passages.shown import MOST_CHARACTERS


class KnownScores:
    """A ``DocumentScorer`` of one document whose tokens' scores are given."""

    threads = 1
    of_windows = DocumentScorer.of_windows

    def __init__(self, scores):
        self.scores = scores
        self.query = np.zeros((scores.shape[1], 4), np.int8)

    def maxima(self, documents, begins, ends):
        return [
            np.array([self.scores[a:b].max(axis=0) for a, b in zip(*one, strict=True)], np.float32)
            for one in zip(begins, ends, strict=True)
        ]

    def of_pieces(self, documents, found):
        found_ones = self.maxima(documents, [found.pieces[:, 1]], [found.pieces[:, 2]])[0]
        return found_ones.reshape(len(found.pieces), self.scores.shape[1])


@pytest.fixture(params=["native", "reference"], autouse=True)
def implementation(request):
    with use_isa(REFERENCE) if request.param == "reference" else nullcontext():
        yield


def words_and_spans(text):
    spans, at = [], 0
    for word in text.split(" "):
        spans.append((at, at + len(word)))
        at += len(word) + 1
    return np.array(spans, dtype=np.int32)


def scores_for(n_tokens, matches, n_query=2):
    scores = np.full((n_tokens, n_query), 0.1, dtype=np.float32)
    for token, query, value in matches:
        scores[token, query] = value
    return scores


def best_passages(scores, spans, text, n=1):
    one = DocumentText.of(text, {}, lambda: spans)
    documents, query, scorer = np.array([0], np.int64), PassageQuery(), KnownScores(scores)
    if not len(scorer.query):
        return []
    considered = consider(query, scorer, documents, [one], n)
    return passages_of(query, considered, scorer, documents, [one])[0]


def best_passage(scores, spans, text):
    found = best_passages(scores, spans, text)
    return found[0] if found else None


def test_a_window_near_a_better_one_has_to_be_better_than_others():
    n = 10
    scores = np.array(
        [0.0, 3.0, 2.9, 0, 0, 0, 2.9 - NEAR_LOSS + 0.01, 0, 0, 2.9 - NEAR_LOSS - 0.01]
    )
    middles = 100.0 * np.arange(n)
    windows = Windows(np.arange(1, n + 1), scores, scores, np.zeros((n, 3)), middles, near=128)
    assert [one.begin for one in windows.best(4)] == [1, 6, 2, 9]
    assert [one.score for one in windows.best(4)] == pytest.approx([3, 2.31, 2.3, 2.29])


def test_near_is_a_32nd_of_the_document_and_never_less_than_a_window():
    one = np.zeros((3, 1), np.float32)
    pieces = Pieces(np.arange(3), np.array([0, 90, 180]), np.array([90, 180, 270]), np.zeros(3))
    windows = windows_of(pieces, one, one, np.ones(1), 270)
    assert windows.near == WINDOW_TOKENS
    assert windows.middles.tolist() == [45, 135, 225]
    assert windows.are_near(1).tolist() == [True, True, True]
    assert windows_of(pieces, one, one, np.ones(1), 32_000).near == 1000


def test_the_passage_is_where_both_query_tokens_match():
    text = " ".join(f"w{i}" for i in range(600))
    scores = scores_for(600, [(450, 0, 0.9), (455, 1, 0.8), (10, 0, 0.95)])
    passage = best_passage(scores, words_and_spans(text), text)
    assert passage.text == text[passage.start : passage.end]
    assert "w450" in passage.text
    assert "w455" in passage.text
    assert np.isclose(passage.score, 1.7)


def test_highlights_are_the_matched_tokens():
    text = "alpha beta gamma delta"
    passage = best_passage(scores_for(4, [(1, 0, 0.9), (3, 1, 0.8)]), words_and_spans(text), text)
    assert [text[a:b] for a, b in passage.highlights] == ["beta", "delta"]


def test_a_query_token_that_matches_nothing_well_is_not_highlighted():
    text = "alpha beta gamma delta"
    passage = best_passage(scores_for(4, [(1, 0, 0.9), (3, 1, 0.2)]), words_and_spans(text), text)
    assert [text[a:b] for a, b in passage.highlights] == ["beta"]


@pytest.mark.parametrize("end", ["", "."])
def test_the_passage_is_whole_sentences(end):
    lead = " ".join(f"W{i}{end}" for i in range(200))
    text = f"{lead}. Here is the key. It was lost in May. {lead}"
    spans = words_and_spans(text)
    key, may = (text[: text.index(word)].count(" ") for word in ("key", "May"))
    passage = best_passage(scores_for(len(spans), [(key, 0, 0.9), (may, 1, 0.9)]), spans, text)
    assert passage.start == 0 or text[passage.start - 1].isspace()
    assert passage.end == len(text) or text[passage.end].isspace()
    assert "Here is the key. It was lost in May." in passage.text
    answering = [text[one.start : one.end] for one in passage.answering]
    assert answering == ["Here is the key.", "It was lost in May."]


def test_the_line_of_the_passage_counts_from_one():
    text = "first\n" + "\n".join(" ".join(["filler"] * 100) for _ in range(3)) + "\n\nlast"
    spans = words_and_spans(text.replace("\n", " "))
    spans = spans[spans[:, 1] > spans[:, 0]]
    scores = scores_for(len(spans), [(len(spans) - 1, 0, 0.9)], n_query=1)
    passage = best_passage(scores, spans, text)
    assert passage.line == text.count("\n", 0, passage.start) + 1 > 1
    assert text[passage.start : passage.end] == passage.text
    assert passage.text.endswith("last")
    first = best_passage(scores_for(len(spans), [(0, 0, 0.9)], n_query=1), spans, text)
    assert (first.start, first.line) == (0, 1)


def test_tokens_of_a_title_are_left_out():
    text = "body words only"
    spans = np.array([(0, 0), (0, 0), (0, 4), (5, 10), (11, 15)], dtype=np.int32)
    passage = best_passage(scores_for(5, [(0, 0, 0.99), (3, 1, 0.9)]), spans, text)
    assert [text[a:b] for a, b in passage.highlights] == ["words"]
    assert np.isclose(passage.score, 1.0)


def test_no_passage_without_text_or_query():
    spans = np.zeros((3, 2), dtype=np.int32)
    assert best_passage(np.ones((3, 2), np.float32), spans, "") is None
    assert best_passage(np.ones((3, 0), np.float32), words_and_spans("a b c"), "a b c") is None


def test_a_window_at_the_end_keeps_the_last_tokens():
    n = WINDOW_TOKENS * 2 + 3
    text = " ".join(f"w{i}" for i in range(n))
    scores = scores_for(n, [(n - 1, 0, 0.9), (n - 1, 1, 0.9)])
    passage = best_passage(scores, words_and_spans(text), text)
    assert passage.text.endswith(f"w{n - 1}")


def test_text_without_spaces_does_not_grow_without_bound():
    text = "x" * 5000
    spans = np.array([(i * 10, i * 10 + 10) for i in range(500)], dtype=np.int32)
    passage = best_passage(scores_for(500, [(250, 0, 0.9), (251, 1, 0.9)]), spans, text)
    assert len(passage.text) < 2000
    assert passage.highlights == ((2500, 2520),)


BLOB = "x" * 100_000


@pytest.mark.parametrize(
    "text", [f"the key is lost {BLOB}", f"{BLOB} the key is lost", f"the key {BLOB} is lost"]
)
def test_an_encoded_picture_in_a_sentence_does_not_make_the_passage_long(text):
    spans = words_and_spans(text)
    token = text.split(" ").index("key")
    passages = [
        best_passage(scores_for(5, [(token, 0, 0.9), (token, 1, 0.8)]), spans, text),
        *word_passages(
            PassageQuery.of("key", lambda _: 1.0), [DocumentText.of(text, {}, lambda: spans)]
        )[0],
    ]
    for passage in passages:
        assert len(passage.text) <= MOST_CHARACTERS
        assert passage.text == text[passage.start : passage.end]
        assert [text[a:b] for a, b in passage.highlights] == ["key"]
        assert passage.sentences[0].start == passage.start
        assert passage.sentences[-1].end == passage.end


def test_a_text_that_goes_on_after_its_last_token_does_not_make_the_passage_long():
    text = "key " * 100_000
    spans = words_and_spans(text[:2047])
    passage = best_passage(scores_for(len(spans), [(511, 0, 0.9), (510, 1, 0.8)]), spans, text)
    assert len(passage.text) <= MOST_CHARACTERS
    assert passage.highlights == ((2040, 2043), (2044, 2047))


def test_a_passage_scores_and_marks_all_that_it_holds():
    words = [f"w{i}" for i in range(400)]
    for last in range(9, 400, 10):
        words[last] += "."
    text = " ".join(word.capitalize() for word in words)
    scores = scores_for(400, [(120, 0, 0.9), (220, 1, 0.9)])
    passage = best_passage(scores, words_and_spans(text), text)
    assert "W120 " in passage.text
    assert "W220 " in passage.text
    assert np.isclose(passage.score, 1.8)
    assert [text[a:b] for a, b in passage.highlights] == ["W120", "W220"]


def test_several_passages_are_apart_and_best_first():
    text = " ".join(f"W{i}." for i in range(600))
    found = [(20, 0, 0.5), (300, 0, 0.9), (310, 1, 0.9), (550, 0, 0.9), (560, 1, 0.7)]
    passages = best_passages(scores_for(600, found), words_and_spans(text), text, 3)
    assert [round(passage.score, 2) for passage in passages[:2]] == [1.8, 1.6]
    assert len(passages) == 3
    assert passages[2].score <= 1.6
    assert "W300" in passages[0].text
    assert "W550" in passages[1].text
    for number, one in enumerate(passages):
        assert all(one.end <= other.start or other.end <= one.start for other in passages[:number])


def test_tokens_whose_spans_leave_the_text_have_no_place_in_it():
    text = "alpha beta gamma delta"
    spans = words_and_spans(text)
    spans[2:] += 500
    passage = best_passage(scores_for(4, [(0, 0, 0.9), (2, 1, 0.8)]), spans, text)
    assert passage.text in text
    assert passage.start == 0
    assert [text[a:b] for a, b in passage.highlights] == ["alpha"]

    assert best_passage(scores_for(4, [(0, 0, 0.9)]), words_and_spans(text) + 500, text) is None


def test_spans_that_go_back_in_the_text_leave_the_passage_its_text():
    text = " ".join(f"w{i}" for i in range(400))
    spans = words_and_spans(text)[::-1].copy()
    passage = best_passage(scores_for(400, [(200, 0, 0.9), (200, 1, 0.9)]), spans, text)
    assert passage.text
    assert passage.text == text[passage.start : passage.end]


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("kbhit", "_kbhit_unix"),
        ("response", "parseHTTPResponse"),
        ("file", "\ufb01le"),
        ("utf", "utf8"),
        ("kbhit lost", "lost"),  # a word as it stands comes first
        ("key", None),
        ("", None),
    ],
)
def test_words_that_only_the_index_finds_in_a_text_have_a_passage(query, marked):
    text = "Call _kbhit_unix or parseHTTPResponse.\n\nThe \ufb01le is in utf8.\n\nIt was lost.\n"
    one = DocumentText.of(text, {}, lambda: np.zeros((0, 2), np.int32))
    found = word_passages(PassageQuery.of(query, lambda _: 1.0), [one])[0]
    assert [text[a:b] for p in found for a, b in p.highlights] == ([marked] if marked else [])
