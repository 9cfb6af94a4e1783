"""Where long documents are cut, and which window a token's vector comes from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colmodern.encoder import Encoder
from colmodern.encoder.tokens.windows import Window, default_overlap, plan_windows

WORDS = (
    *("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"),
    *("who", "may", "revoke", "key", "that", "has", "leaked"),
)


def random_text(n_words, seed=0):
    return " ".join(np.random.default_rng(seed).choice(WORDS, n_words))


def test_a_short_document_is_one_window():
    assert plan_windows(10, capacity=10, overlap=2) == [Window(0, 10, 0, 10)]


def test_windows_of_a_worked_example():
    # 16 tokens, windows of 8 sharing 2 or more: three windows of 7; what two share is cut in half.
    assert plan_windows(16, capacity=8, overlap=2) == [
        Window(0, 7, 0, 6),
        Window(4, 11, 6, 10),
        Window(9, 16, 10, 16),
    ]


@pytest.mark.parametrize(
    ("capacity", "overlap"), [(7, 0), (64, 8), (509, 63), (8189, 512), (100_000, 512)]
)
def test_the_overlap_is_an_eighth_up_to_a_bound(capacity, overlap):
    assert default_overlap(capacity) == overlap


@given(
    n_tokens=st.integers(0, 400),
    capacity=st.integers(1, 60),
    share=st.floats(0, 0.5),
)
def test_each_token_is_kept_where_its_nearer_edge_is_farthest(n_tokens, capacity, share):
    overlap = int(capacity * share)
    windows = plan_windows(n_tokens, capacity=capacity, overlap=overlap)

    assert windows[0].start == windows[0].keep_start == 0
    assert windows[-1].stop == windows[-1].keep_stop == n_tokens
    for before, after in pairwise(windows):
        assert before.keep_stop == after.keep_start
        assert before.stop - after.start >= overlap
    for window in windows:
        assert window.stop - window.start <= capacity
        for token in range(window.keep_start, window.keep_stop):
            context = [
                min(token - w.start, w.stop - 1 - token) if w.start <= token < w.stop else -1
                for w in windows
            ]
            assert context[windows.index(window)] == max(context)


def test_an_overlap_above_half_a_window_is_refused():
    with pytest.raises(ValueError, match=r"0\.\.5, got 6"):
        plan_windows(100, capacity=10, overlap=6)


def test_vectors_of_a_long_document_come_from_the_windows_as_planned(checkpoints):
    encoder = Encoder.load(
        checkpoints.sentence_transformers(transformer={"document_length": 27, "query_length": 500})
    )
    text = random_text(80)
    words = text.split(" ")
    capacity = 27 - 3  # [CLS], [D] and [SEP] stand in every window

    (found,) = encoder.encode_documents([text])

    windows = plan_windows(80, capacity=capacity, overlap=capacity // 8)
    assert len(windows) == 4
    pieces = [" ".join(words[w.start : w.stop]) for w in windows]
    encoded = [piece.vectors for piece in encoder.encode_documents(pieces)]
    expected = [encoded[0][:2]]
    for window, vectors in zip(windows, encoded, strict=True):
        first = 2 + window.keep_start - window.start
        expected.append(vectors[first : first + window.keep_stop - window.keep_start])
    expected.append(encoded[-1][-1:])
    np.testing.assert_allclose(found.vectors, np.concatenate(expected), atol=1e-5)
    assert [text[a:b] for a, b in found.spans] == ["", "", *words, ""]


def test_skipped_tokens_are_left_out_of_every_window(checkpoints):
    encoder = Encoder.load(
        checkpoints.pylate(settings={"document_length": 20, "skiplist_words": ["fox", "[CLS]"]})
    )
    text = random_text(100, seed=1)

    (found,) = encoder.encode_documents([text])

    kept = [text[a:b] for a, b in found.spans.tolist()]
    assert kept == ["", *[word for word in text.split(" ") if word != "fox"], ""]


def test_a_document_longer_than_any_pack_is_encoded(checkpoints):
    encoder = Encoder.load(
        checkpoints.sentence_transformers(
            num_hidden_layers=1, hidden_size=32, transformer={"document_length": 500}
        )
    )
    text = random_text(30_000)

    (found,) = encoder.encode_documents([text])

    assert len(found) == 30_003
    assert np.isfinite(found.vectors).all()
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0, atol=1e-5)


def test_windows_may_be_lengthened_and_the_name_keeps_it(checkpoints):
    folder = checkpoints.pylate()
    short, long = Encoder.load(folder), Encoder.load(folder, document_length=300)

    assert (short.document_length, long.document_length) == (64, 300)
    assert long.name == f"{short.name}?document_length=300"
    again = Encoder.load(long.name)
    assert (again.document_length, again.fingerprint) == (300, long.fingerprint)
    assert again.fingerprint != short.fingerprint
