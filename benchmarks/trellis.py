"""Which levels code the normal law best? Makes the tables of ``colmodern/codec/residual.py``.

    python -m benchmarks.trellis [--starts 300] [--bits 1 2 4]

With 4 bits they are those of Lloyd and Max. With 1 and 2 bits a table is trained as a vector
quantiser is: code a sample, move each level to the mean of what it coded, and again. Where that
ends depends on where it starts, so many random starts are trained a little, the best of them are
changed at random for as long as that helps, and the winner is trained on a larger sample.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.types import FloatMatrix

Table = NDArray[np.float64]

DIM = 128
N_SAMPLE, N_LARGE, N_JUDGED = 1_000, 20_000, 100_000
SHORT_TRAINING, LONG_TRAINING = 25, 60
N_KEPT, N_CHANGES = 5, 200


class Sample:
    """Vectors of the normal law with variance one, and what coding makes of them."""

    def __init__(self, n: int, seed: int) -> None:
        """Draw ``n`` vectors."""
        rng = np.random.default_rng(seed)
        vectors = rng.standard_normal((n, DIM), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._units: FloatMatrix = vectors / lengths
        self._values = (self._units * np.sqrt(DIM)).reshape(-1)
        self._rounding = kernels.pack_rotation(np.eye(DIM, dtype=np.float32), 1 / 128)
        self._centroid = np.zeros((1, DIM), np.int8)
        self._cells = kernels.pack_cells(self._centroid, np.zeros(1, int), self._centroid, 1)

    def numbers(self, step: float, levels: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
        """Return the level number that each component gets."""
        book = kernels.Codebook(
            self._centroid, np.zeros(1, np.float32), levels, step / np.sqrt(DIM), bits
        )
        columns, _, _, _ = kernels.encode_tokens(
            self._units, self._rounding, self._cells, book, longest=2.0
        )
        return kernels.unpack_residuals(columns[1], bits).reshape(-1)

    def train(self, table: Table, bits: int, iterations: int) -> Table:
        """Return a table after so many rounds of coding and moving."""
        for _ in range(iterations):
            numbers = self.numbers(*rounded(table), bits)
            sums = np.bincount(numbers, self._values, kernels.N_LEVELS)
            counts = np.bincount(numbers, minlength=kernels.N_LEVELS)
            table = np.where(counts > 0, sums / np.maximum(counts, 1), table)
        return table

    def error(self, table: Table, bits: int) -> float:
        """Return the mean squared error of a component."""
        step, levels = rounded(table)
        found = levels[self.numbers(step, levels, bits)] * step
        return float(np.square(found - self._values, dtype=np.float64).mean())


def rounded(table: Table) -> tuple[float, NDArray[np.int8]]:
    """Return a table in whole steps within -63..63, and the step."""
    step = float(np.abs(table).max()) / kernels.MAX_LEVEL
    return step, np.rint(table / step).astype(np.int8)


def quantiles(n: int) -> Table:
    """Return values that stand for equal parts of the normal law."""
    law = NormalDist()
    return np.array([law.inv_cdf((i + 0.5) / n) for i in range(n)])


def a_start(rng: np.random.Generator, bits: int) -> Table:
    """Return quantiles in a random order; every other time with a symmetry of the trellis.

    Where all codes change by the same bits, so do the level numbers: a table may then change sign.
    """
    n = kernels.N_LEVELS
    if rng.integers(2):
        return rng.permutation(quantiles(n))
    change = int(rng.integers(1, 1 << bits))
    mask = sum(change << shift for shift in range(0, 4, bits))
    numbers = np.arange(n)
    first = numbers[numbers < numbers ^ mask]
    table = np.empty(n)
    table[first] = rng.permutation(quantiles(n)[n // 2 :]) * rng.choice([-1, 1], n // 2)
    table[first ^ mask] = -table[first]
    return table


def changed(rng: np.random.Generator, table: Table) -> Table:
    """Return a table with two levels swapped, or all of them moved a little."""
    table = table.copy()
    if rng.integers(2):
        pair = rng.choice(len(table), 2, replace=False)
        table[pair] = table[pair[::-1]]
        return table
    return table + rng.normal(0, 0.3, len(table))


def search(bits: int, n_starts: int) -> Table:
    """Return the best table found for 1 or 2 bits."""
    rng = np.random.default_rng(bits)
    sample, large = Sample(N_SAMPLE, 1), Sample(N_LARGE, 2)
    trained = [sample.train(a_start(rng, bits), bits, SHORT_TRAINING) for _ in range(n_starts)]
    kept = best(trained, sample, bits)[:N_KEPT]
    print(f"{bits} bits, best starts: {[round(sample.error(t, bits), 4) for t in kept]}")
    improved = [improve(rng, table, sample, bits) for table in kept]
    print(f"{bits} bits, changed:     {[round(sample.error(t, bits), 4) for t in improved]}")
    trained = [large.train(table, bits, LONG_TRAINING) for table in improved]
    return best(trained, large, bits)[0]


def improve(rng: np.random.Generator, table: Table, sample: Sample, bits: int) -> Table:
    """Return the best of a table and what changes have led to."""
    error = sample.error(table, bits)
    for _ in range(N_CHANGES):
        other = sample.train(changed(rng, table), bits, SHORT_TRAINING)
        found = sample.error(other, bits)
        if found < error:
            table, error = other, found
    return table


def best(tables: Iterable[Table], sample: Sample, bits: int) -> list[Table]:
    """Return tables, that of the least error first."""
    return sorted(tables, key=lambda table: sample.error(table, bits))


def lloyd_max(values: Table, n_levels: int) -> Table:
    """Return the levels, ascending, that are a local minimum of the squared error of values."""
    ordered = np.sort(values)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    levels: Table = np.quantile(ordered, (np.arange(n_levels) + 0.5) / n_levels)
    for _ in range(200):
        midpoints = (levels[1:] + levels[:-1]) / 2
        edges = np.concatenate([[0], np.searchsorted(ordered, midpoints), [len(ordered)]])
        counts = np.diff(edges)
        moved = np.where(counts > 0, np.diff(sums[edges]) / np.maximum(counts, 1), levels)
        if np.array_equal(moved, levels):
            break
        levels = moved
    return levels


def main() -> None:
    """Print a table for each number of bits, and its squared error on another sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=300)
    parser.add_argument("--bits", type=int, nargs="+", default=[1, 2, 4], choices=(1, 2, 4))
    options = parser.parse_args()
    judged = Sample(N_JUDGED, 3)
    for bits in options.bits:
        if bits == 4:
            positive = lloyd_max(quantiles(20_000)[10_000:], kernels.N_LEVELS // 2)
            table = np.concatenate([-positive[::-1], positive])
        else:
            table = search(bits, options.starts)
        step, levels = rounded(table)
        print(f"{bits}: ({step:.5f}, {levels.tolist()}),  # error {judged.error(table, bits):.4f}")


if __name__ == "__main__":
    main()
