"""What queries become before passages are chosen: read from a checkpoint, applied, refused."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from colmodern.encoder import Encoder, PassageMap, passage_map_of
from colmodern.encoder.passage_map import PASSAGE_MAP_FILE
from colmodern.errors import EncoderError

DIM = 32
EVEN = np.float32(np.log(np.e - 1))


def tensors(**changes):
    plain = {
        "matrix": np.eye(DIM, dtype=np.float32),
        "weight": np.zeros(DIM, np.float32),
        "bias": np.array([EVEN], np.float32),
    }
    kept = {name: one for name, one in {**plain, **changes}.items() if one is not None}
    return {name: np.ascontiguousarray(one) for name, one in kept.items()}


def test_a_checkpoint_without_one_leaves_queries_as_they_are(checkpoints):
    folder = checkpoints.pylate()
    assert Encoder.load(folder).passage_map is None
    assert passage_map_of(str(folder)) is None
    assert passage_map_of("hash:16:0") is None
    assert passage_map_of("no-such/model") is None


def test_a_map_that_was_not_trained_changes_nothing():
    vectors = np.random.default_rng(0).normal(size=(5, DIM)).astype(np.float32)
    found = PassageMap(**tensors()).of(vectors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, vectors, rtol=1e-6)


def test_a_token_is_multiplied_by_the_matrix_and_counts_by_its_weight(tmp_path):
    rng = np.random.default_rng(1)
    matrix, weight = rng.normal(size=(DIM, DIM)), rng.normal(size=DIM)
    save_file(
        tensors(matrix=matrix.astype(np.float32), weight=weight.astype(np.float32)),
        tmp_path / PASSAGE_MAP_FILE,
    )
    vectors = rng.normal(size=(3, DIM)).astype(np.float32)
    found = PassageMap.read(tmp_path, dim=DIM)
    assert found is not None
    for row, mapped in zip(vectors, found.of(vectors), strict=True):
        amount = np.log(1 + np.exp(row @ weight + EVEN))
        np.testing.assert_allclose(mapped, (row @ matrix) * amount, rtol=1e-4, atol=1e-5)


def test_a_token_of_great_weight_stays_finite():
    found = PassageMap(**tensors(weight=np.full(DIM, 1e4, np.float32)))
    assert np.isfinite(found.of(np.ones((1, DIM), np.float32))).all()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"bias": None}, "holds"),
        ({"more": np.zeros(3, np.float32)}, "holds"),
        ({"weight": np.zeros((DIM, 1), np.float32)}, "holds"),
        ({"matrix": np.zeros((DIM, DIM - 1), np.float32)}, "is for vectors of"),
        ({"bias": np.zeros(2, np.float32)}, "is for vectors of"),
        ({"matrix": np.full((DIM, DIM), np.nan, np.float32)}, "not finite"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, changes, why):
    save_file(tensors(**changes), tmp_path / PASSAGE_MAP_FILE)
    with pytest.raises(EncoderError, match=f"passage_map.*{why}") as caught:
        PassageMap.read(tmp_path)
    assert caught.value.code == "encoder_unreadable"


def test_one_for_other_vectors_and_a_damaged_one_are_refused(tmp_path, checkpoints):
    save_file(tensors(), tmp_path / PASSAGE_MAP_FILE)
    with pytest.raises(EncoderError, match="is for vectors of 32 numbers, not of 16"):
        PassageMap.read(tmp_path, dim=16)
    folder = checkpoints.pylate()
    (folder / PASSAGE_MAP_FILE).write_bytes(b"{}")
    with pytest.raises(EncoderError, match="passage_map"):
        passage_map_of(str(folder))


def test_the_package_has_one_for_its_own_model():
    found = passage_map_of("default")
    assert found is not None
    assert found.matrix.shape == (128, 128)
    assert passage_map_of("default?document_length=1024") is not None
