"""The arithmetic against definitions written out in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

from colmodern.encoder.forward.arithmetic import Norm, RotaryTable, gated_gelu, gelu, normalise
from colmodern.encoder.forward.attention import Run, find_runs, plan_attention


def test_gelu_is_exact_to_float32():
    values = np.concatenate([np.linspace(-12, 12, 20_001), [-1e4, 1e4, 0.0, 1e-30]])
    values = values.astype(np.float32).reshape(1, -1)
    exact = np.array([[x * 0.5 * math.erfc(-x / math.sqrt(2)) for x in values[0].tolist()]])

    found = gelu(values, np.empty_like(values))

    error = np.abs(found - exact) / np.maximum(1.0, np.abs(exact))
    assert error.max() < 2e-7


def test_gelu_of_the_far_tails_is_zero_and_the_value_itself():
    values = np.array([[-1e30, -50.0, 50.0, 1e30]], np.float32)

    found = gelu(values, np.empty_like(values))

    np.testing.assert_array_equal(found, np.array([[0.0, 0.0, 50.0, 1e30]], np.float32))


def test_the_gate_is_the_right_half():
    rows = np.random.default_rng(0).normal(size=(101, 14)).astype(np.float32)

    found = gated_gelu(rows)

    np.testing.assert_allclose(
        found, gelu(rows[:, :7], np.empty((101, 7), np.float32)) * rows[:, 7:], rtol=1e-6
    )


def test_a_norm_centres_scales_and_shifts():
    rng = np.random.default_rng(0)
    rows, weight, bias = rng.normal(3, 5, (7, 33)), rng.normal(size=33), rng.normal(size=33)
    centred = rows - rows.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * weight + bias

    norm = Norm(weight.astype(np.float32), bias.astype(np.float32), 1e-5)

    np.testing.assert_allclose(norm(rows.astype(np.float32)), expected, atol=2e-6)


def test_normalised_rows_have_length_one_and_a_row_of_zeros_stays():
    rows = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)

    np.testing.assert_allclose(normalise(rows), [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)


def test_rotations_are_the_same_whatever_was_asked_for_before():
    grown, fresh = RotaryTable(10_000.0, 8), RotaryTable(10_000.0, 8)
    grown.at(np.arange(3))
    grown.at(np.arange(500))
    positions = np.array([0, 1, 77, 499])

    found = grown.at(positions)

    np.testing.assert_array_equal(found, fresh.at(positions))
    np.testing.assert_array_equal(found[0], np.ones(4, np.complex64))
    assert found[1, 0] == pytest.approx(np.exp(1j), abs=1e-6)
    assert found[2, 2] == pytest.approx(np.exp(77j * 10_000**-0.5), abs=1e-5)


def attention_oracle(qkv, runs, radius):
    """Softmax attention one query at a time, in float64."""
    out = np.zeros((len(qkv), *qkv.shape[2:]))
    wide = qkv.astype(np.float64)
    for run in runs:
        for sequence in range(run.count):
            first = run.start + sequence * run.length
            for row in range(run.length):
                reach = [
                    key for key in range(run.seen) if radius is None or abs(key - row) <= radius
                ]
                if not reach:
                    continue
                keys = wide[[first + key for key in reach]]
                scores = np.einsum("hd,khd->hk", wide[first + row, 0], keys[:, 1])
                weights = np.exp(scores - scores.max(axis=1, keepdims=True))
                weights /= weights.sum(axis=1, keepdims=True)
                out[first + row] = np.einsum("hk,khd->hd", weights, keys[:, 2])
    return out


@pytest.mark.parametrize("radius", [None, 1, 5, 64, 100])
@pytest.mark.parametrize(
    ("lengths", "seen"),
    [
        ([1, 2, 3], None),
        ([63, 64, 64, 65], None),
        ([200, 200, 7], None),
        ([450], None),
        ([40, 40, 200], [40, 3, 9]),
        ([400], [390]),
    ],
)
def test_attention_sees_exactly_the_keys_in_reach(lengths, seen, radius):
    rng = np.random.default_rng(0)
    qkv = rng.normal(0, 2, (sum(lengths), 3, 2, 4)).astype(np.float32)
    out = np.full((sum(lengths), 2, 4), np.nan, np.float32)
    runs = find_runs(lengths, lengths if seen is None else seen)

    for job in reversed(plan_attention(qkv, out, runs, radius=radius)):
        job()

    np.testing.assert_allclose(out, attention_oracle(qkv, runs, radius), atol=2e-5)


def test_equal_neighbours_make_one_run():
    runs = find_runs([3, 3, 3, 4, 3], [3, 3, 2, 4, 3])

    assert runs == [Run(0, 2, 3, 3), Run(6, 1, 3, 2), Run(9, 1, 4, 4), Run(13, 1, 3, 3)]


def test_scores_far_apart_do_not_overflow():
    qkv = np.zeros((700, 3, 1, 2), np.float32)
    qkv[:, 0, 0, 0] = 1.0
    qkv[:, 1, 0, 0] = np.where(np.arange(700) == 650, 1e4, -1e4)
    qkv[:, 2, 0, 1] = np.arange(700)
    out = np.empty((700, 1, 2), np.float32)

    for job in plan_attention(qkv, out, [Run(0, 1, 700, 700)], radius=None):
        job()

    np.testing.assert_array_equal(out[:, 0, 1], np.full(700, 650.0, np.float32))
