"""Query tokens count as much as a checkpoint that was adapted says; documents do not change."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from colmodern import Encoder
from colmodern.encoder import PassageMap
from colmodern.encoder.query_weights import QueryWeights, unweighed
from colmodern.errors import EncoderError

FILE = "query_weights.safetensors"
EVEN = float(np.log(np.e - 1))


def write_weights(folder, dim, *, bias=EVEN, scale=1.0, **more):
    weight = scale * np.random.default_rng(3).normal(size=dim).astype(np.float32)
    tensors = {"weight": weight.astype(np.float32), "bias": np.array([bias], np.float32), **more}
    save_file(tensors, folder / FILE)
    return tensors


def test_a_token_counts_what_softplus_says():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(7, 16)).astype(np.float32)
    weights = QueryWeights(rng.normal(size=16).astype(np.float32), np.array([0.25], np.float32))
    wanted = rows * np.log1p(np.exp(rows @ weights.weight + 0.25))[:, None]
    np.testing.assert_allclose(weights.of(rows), wanted, rtol=1e-5)
    assert weights.of(rows).dtype == np.float32
    assert weights.of(rows[:0]).shape == (0, 16)


def test_rows_of_any_length_become_units_and_zeros_stay():
    rows = np.array([[3, 4], [0, 0], [-2, 0]], np.float32)
    np.testing.assert_array_equal(
        unweighed(rows), np.array([[0.6, 0.8], [0, 0], [-1, 0]], np.float32)
    )


def test_queries_are_weighed_and_documents_are_not(checkpoints):
    folder = checkpoints.sentence_transformers()
    plain = Encoder.load(folder)
    before = plain.encode_queries(["the quick fox", ""]), plain.encode_documents(["a lazy dog"])
    tensors = write_weights(folder, plain.dim)
    weighed = Encoder.load(folder)
    queries, documents = (
        weighed.encode_queries(["the quick fox", ""]),
        weighed.encode_documents(["a lazy dog"]),
    )
    weights = QueryWeights(tensors["weight"], tensors["bias"])
    np.testing.assert_array_equal(queries[0].vectors, weights.of(before[0][0].vectors))
    assert not np.allclose(queries[0].vectors, before[0][0].vectors)
    assert len(queries[1]) == len(before[0][1])
    np.testing.assert_array_equal(documents[0].vectors, before[1][0].vectors)
    assert weighed.fingerprint != plain.fingerprint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bias": np.nan}, "not finite"),
        ({"bias": np.zeros(2)}, "does not|not for vectors"),
        ({"extra": np.zeros(1, np.float32)}, "not for vectors"),
    ],
)
def test_weights_that_do_not_fit_are_refused(checkpoints, change, words):
    folder = checkpoints.sentence_transformers()
    dim = Encoder.load(folder).dim
    tensors = write_weights(folder, dim)
    more = {name: np.atleast_1d(value).astype(np.float32) for name, value in change.items()}
    save_file({**tensors, **more}, folder / FILE)
    with pytest.raises(EncoderError, match=words) as caught:
        Encoder.load(folder)
    assert caught.value.code == "encoder_unreadable"
    assert caught.value.path == folder.resolve() / FILE


def test_the_map_of_passages_takes_queries_without_weights(tmp_path):
    rng = np.random.default_rng(1)
    map_of = {
        "matrix": rng.normal(size=(16, 16)).astype(np.float32),
        "weight": rng.normal(size=16).astype(np.float32),
        "bias": np.zeros(1, np.float32),
    }
    save_file(map_of, tmp_path / "passage_map.safetensors")
    rows = unweighed(rng.normal(size=(5, 16)).astype(np.float32))
    before = PassageMap.read(tmp_path).of(rows)
    tensors = write_weights(tmp_path, 16)
    weighed = QueryWeights(tensors["weight"], tensors["bias"]).of(rows)
    np.testing.assert_allclose(PassageMap.read(tmp_path).of(weighed), before, rtol=1e-4)
