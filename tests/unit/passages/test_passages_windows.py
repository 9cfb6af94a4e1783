import numpy as np

from colmodern.passages.windows import (
    BLOCK_TOKENS,
    WINDOW_BLOCKS,
    best_passage,
    best_passages,
)


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


def maxima(scores):
    """What ``best_passage`` asks for: the greatest score of each query token in each span."""

    def of_spans(offsets):
        n_spans = len(offsets) - 1
        found = np.full((n_spans, scores.shape[1]), -np.inf, np.float32)
        for i in range(n_spans):
            found[i] = scores[offsets[i] : offsets[i + 1]].max(axis=0)
        return found

    return of_spans


def test_the_passage_is_where_both_query_tokens_match():
    words = [f"w{i}" for i in range(400)]
    text = " ".join(words)
    spans = words_and_spans(text)
    passage = best_passage(
        maxima(scores_for(400, [(300, 0, 0.9), (305, 1, 0.8), (10, 0, 0.95)])), spans, text
    )
    assert passage.text == text[passage.start : passage.end]
    assert "w300" in passage.text
    assert "w305" in passage.text
    assert np.isclose(passage.score, 1.7)


def test_highlights_are_the_matched_tokens():
    text = "alpha beta gamma delta"
    passage = best_passage(
        maxima(scores_for(4, [(1, 0, 0.9), (3, 1, 0.8)])), words_and_spans(text), text
    )
    assert [text[a:b] for a, b in passage.highlights] == ["beta", "delta"]


def test_a_query_token_that_matches_nothing_well_is_not_highlighted():
    text = "alpha beta gamma delta"
    passage = best_passage(
        maxima(scores_for(4, [(1, 0, 0.9), (3, 1, 0.2)])), words_and_spans(text), text
    )
    assert [text[a:b] for a, b in passage.highlights] == ["beta"]


def test_the_passage_grows_to_whole_sentences():
    lead = " ".join(f"w{i}" for i in range(200))
    text = f"{lead}. Here is the key. It was lost in May. {lead}"
    spans = words_and_spans(text)
    token = text[: text.index("key")].count(" ")
    passage = best_passage(
        maxima(scores_for(len(spans), [(token, 0, 0.9), (token, 1, 0.9)])), spans, text
    )
    assert passage.start == 0 or text[passage.start - 1].isspace()
    assert "Here is the key. It was lost in May." in passage.text


def test_the_line_of_the_passage_counts_from_one():
    text = "first\nsecond\nthird"
    spans = np.array([(0, 5), (6, 12), (13, 18)], dtype=np.int32)
    passage = best_passage(maxima(scores_for(3, [(2, 0, 0.9)], n_query=1)), spans, text)
    assert passage.line == 1
    assert text[passage.start : passage.end] == passage.text


def test_tokens_of_a_title_are_left_out():
    text = "body words only"
    spans = np.array([(0, 0), (0, 0), (0, 4), (5, 10), (11, 15)], dtype=np.int32)
    passage = best_passage(maxima(scores_for(5, [(0, 0, 0.99), (3, 1, 0.9)])), spans, text)
    assert [text[a:b] for a, b in passage.highlights] == ["words"]


def test_no_passage_without_text_or_query():
    spans = np.zeros((3, 2), dtype=np.int32)
    assert best_passage(maxima(np.ones((3, 2), np.float32)), spans, "") is None
    assert (
        best_passage(maxima(np.ones((3, 0), np.float32)), words_and_spans("a b c"), "a b c") is None
    )


def test_a_window_at_the_end_keeps_the_last_tokens():
    n = BLOCK_TOKENS * WINDOW_BLOCKS * 2 + 3
    text = " ".join(f"w{i}" for i in range(n))
    passage = best_passage(
        maxima(scores_for(n, [(n - 1, 0, 0.9), (n - 1, 1, 0.9)])), words_and_spans(text), text
    )
    assert passage.text.endswith(f"w{n - 1}")


def test_text_without_spaces_does_not_grow_without_bound():
    text = "x" * 5000
    spans = np.array([(i * 10, i * 10 + 10) for i in range(500)], dtype=np.int32)
    passage = best_passage(maxima(scores_for(500, [(250, 0, 0.9), (251, 1, 0.9)])), spans, text)
    assert len(passage.text) < 2000


def test_a_passage_that_grew_scores_and_marks_what_it_grew_by():
    words = [f"w{i}" for i in range(400)]
    words[:20] = ["start.", *words[1:20]]
    words[103] += "."  # the sentence ends within reach of every window that holds word 16
    text = " ".join(words)
    scores = scores_for(400, [(16, 0, 0.9), (100, 1, 0.9)])
    passage = best_passage(maxima(scores), words_and_spans(text), text)
    assert WINDOW_BLOCKS * BLOCK_TOKENS < 100 - 16, "no window holds both"
    assert "w16 " in passage.text
    assert "w100 " in passage.text
    assert np.isclose(passage.score, 1.8)
    assert [text[a:b] for a, b in passage.highlights] == ["w16", "w100"]


def test_passages_are_in_the_order_of_what_they_hold_after_growing():
    words = [f"w{i}" for i in range(400)]
    words[303] += "."
    text = " ".join(words)
    found = [(20, 0, 0.95), (216, 0, 0.9), (300, 1, 0.9)]
    passages = best_passages(maxima(scores_for(400, found)), words_and_spans(text), text, 2)
    assert [round(passage.score, 2) for passage in passages] == sorted(
        (round(passage.score, 2) for passage in passages), reverse=True
    )
    assert passages[0].score > passages[1].score


def test_tokens_whose_spans_leave_the_text_have_no_place_in_it():
    text = "alpha beta gamma delta"
    spans = words_and_spans(text)
    spans[2:] += 500
    passage = best_passage(maxima(scores_for(4, [(0, 0, 0.9), (2, 1, 0.8)])), spans, text)
    assert passage.text in text
    assert passage.start == 0

    assert best_passage(maxima(scores_for(4, [(0, 0, 0.9)])), spans + 500, text) is None
