"""The encoder without a model."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern.encoder import Encoder, HashEncoder, load_encoder
from colmodern.errors import EncoderError
from colmodern.types import DocumentEncoder

FOX = [0.69211018, -0.55368245, 0.36713994, -0.28218344]


def test_it_satisfies_the_protocol():
    assert isinstance(HashEncoder(), DocumentEncoder)


def test_a_word_has_the_same_vector_everywhere_and_other_words_others():
    (document,), (query,) = (
        HashEncoder().encode_documents(["The fox, the Fox!"]),
        HashEncoder().encode_queries(["fox"]),
    )

    similarity = document.vectors @ query.vectors[0]

    assert document.spans.tolist() == [[0, 3], [4, 7], [9, 12], [13, 16]]
    np.testing.assert_allclose(similarity[[1, 3]], 1.0, atol=1e-6)
    assert np.abs(similarity[[0, 2]]).max() < 0.5


def test_vectors_never_change_between_versions_and_machines():
    (found,) = HashEncoder(dim=4).encode_documents(["fox"])

    np.testing.assert_allclose(found.vectors[0], FOX, atol=1e-7)


def test_another_seed_gives_other_vectors_and_another_fingerprint():
    first, second = HashEncoder(), HashEncoder(seed=1)

    difference = (
        first.encode_queries(["fox"])[0].vectors - second.encode_queries(["fox"])[0].vectors
    )

    assert np.abs(difference).max() > 0.1
    assert first.fingerprint != second.fingerprint
    assert HashEncoder(dim=32).fingerprint != first.fingerprint


@pytest.mark.parametrize("text", ["", "... !", "\ud800"])
def test_texts_without_words_have_no_tokens(text):
    (found,) = HashEncoder(8).encode_documents([text])

    assert found.vectors.shape == (0, 8)
    assert found.spans.shape == (0, 2)


def test_a_name_makes_the_same_encoder_again(checkpoints):
    encoder = HashEncoder(dim=24, seed=3)

    again = load_encoder(encoder.name)

    assert again.fingerprint == encoder.fingerprint
    assert load_encoder("hash").fingerprint == HashEncoder().fingerprint
    assert isinstance(load_encoder(checkpoints.pylate()), Encoder)
    assert repr(again) == "<HashEncoder dim 24, seed 3>"


def test_impossible_shapes_are_refused():
    with pytest.raises(ValueError, match="got 0 and 0"):
        HashEncoder(dim=0)
    with pytest.raises(EncoderError, match="no numbers"):
        load_encoder("hash:0:0")
