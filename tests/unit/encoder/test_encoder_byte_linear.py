"""Linear layers in bytes: the compiled ones have the bits of their NumPy twin."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.encoder.forward.byte_linear import (
    multiply_in_bytes,
    round_rows,
    round_weights,
)

# The scalar one rounds between a product and the addition behind it.
ISAS = sorted({"avx2", "avxvnni", "avx512vnni", "amx"} & set(kernels.available_isas()))
IN_WORDS = {"avx2"}


def compiled(isa, weight, rows):
    out = np.empty((len(rows), len(weight)), np.float32)
    number = kernels.NATIVE_ISAS.index(isa)
    kernels.native().multiply_in_bytes(isa=number, weight=weight, rows=rows, out=out)
    return out


def random_layer(outputs, inputs, n, seed=0):
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 0.05, (outputs, inputs)).astype(np.float32)
    rows = rng.normal(0, 1, (n, inputs)).astype(np.float32)
    return weight, rows


@pytest.mark.parametrize(
    ("outputs", "inputs", "n"),
    [(1, 1, 1), (16, 16, 3), (37, 40, 7), (70, 200, 5), (64, 384, 99), (33, 576, 98), (20, 752, 6)],
)
@pytest.mark.parametrize("isa", ISAS)
def test_products_have_the_bits_of_their_twin(isa, outputs, inputs, n):
    weight, rows = random_layer(outputs, inputs, n)
    expected = multiply_in_bytes(weight, rows, in_words=isa in IN_WORDS)

    np.testing.assert_array_equal(compiled(isa, weight, rows), expected)


@pytest.mark.parametrize("isa", ISAS)
def test_outliers_zeros_and_lone_signs_have_the_bits_of_their_twin(isa):
    weight, rows = random_layer(48, 384, 20)
    weight[:4, 7] = 50
    weight[4] = 0
    weight[5:8] = abs(weight[5:8])
    rows[:5, 7] = -1000
    rows[5] = 0
    rows[6:9] = -abs(rows[6:9])
    expected = multiply_in_bytes(weight, rows, in_words=isa in IN_WORDS)

    np.testing.assert_array_equal(compiled(isa, weight, rows), expected)
    assert (expected[5] == 0).all()
    assert (expected[:, 4] == 0).all()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("isa", ISAS)
def test_the_greatest_sums_do_not_saturate(isa, sign):
    # One vector is not mixed with others: bytes of 255 meet weights of one sign.
    weight = np.full((16, 16), sign, np.float32)
    rows = np.ones((6, 16), np.float32)

    found = compiled(isa, weight, rows)

    np.testing.assert_allclose(found, np.full((6, 16), 16.0 * sign), rtol=0.03)
    np.testing.assert_array_equal(found, multiply_in_bytes(weight, rows, in_words=isa in IN_WORDS))


@pytest.mark.parametrize("seed", range(5))
def test_words_hold_every_sum_of_their_products(seed):
    weight, _ = random_layer(64, 256, 1, seed)
    weight[:8] **= 3
    values = round_weights(weight, in_words=True).values.reshape(64, -1, 8)

    for pairs in ([[0, 1], [4, 5]], [[2, 3], [6, 7]]):
        together = values[:, :, pairs]
        assert np.maximum(together, 0).sum(axis=3).max() * 255 < 2**15
        assert np.maximum(-together, 0).sum(axis=3).max() * 255 <= 2**15
        assert abs(together).sum(axis=(2, 3)).max() * 128 < 2**15
    assert abs(values).max() > 80


def test_rows_and_weights_keep_their_products():
    weight, rows = random_layer(200, 384, 50)
    exact = rows.astype(np.float64) @ weight.T.astype(np.float64)
    for in_words, limit in ((False, 0.012), (True, 0.014)):
        found = multiply_in_bytes(weight, rows, in_words=in_words)
        assert np.linalg.norm(found - exact) < limit * np.linalg.norm(exact)


def test_bytes_reach_from_the_least_value_to_the_greatest():
    _, rows = random_layer(1, 384, 9)
    values = round_rows(rows).values

    assert values.min(axis=1).tolist() == [0] * 9
    assert values.max(axis=1).tolist() == [255] * 9
