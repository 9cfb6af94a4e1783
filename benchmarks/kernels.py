"""How fast is each kernel on each instruction set, and how far from the definition?

Run ``python -m benchmarks.kernels``. Speeds are per second of CPU time of one thread, the best of
several runs, so that other work on the machine counts less. The deviation is the greatest one
from the reference, relative to the greatest score, on a small part of the work.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.codec import Codes, train_codec

N_DOCUMENTS, DOCUMENT_TOKENS, N_CENTROIDS = 100, 1000, 4096
RUNS = 5


@dataclass(frozen=True)
class Job:
    """A kernel and its work: ``call(n)`` works on the first ``n`` documents or vectors."""

    kernel: str
    unit: str
    n: int
    n_checked: int
    units_each: int
    call: Callable[[int], NDArray[Any]]


def jobs(n_query: int, dim: int, bits: int) -> list[Job]:
    """Return every kernel with random arrays of real shapes."""
    rng = np.random.default_rng(0)
    n = N_DOCUMENTS * DOCUMENT_TOKENS
    offsets = np.arange(N_DOCUMENTS + 1) * DOCUMENT_TOKENS
    query = rng.standard_normal((n_query, dim), dtype=np.float32)
    vectors = rng.standard_normal((10 * DOCUMENT_TOKENS, dim), dtype=np.float32)
    centroids = rng.standard_normal((N_CENTROIDS, dim), dtype=np.float32)
    packed = kernels.pack_centroids(centroids)
    codes = Codes(
        rng.integers(0, N_CENTROIDS, n).astype(np.uint16),
        rng.integers(0, 256, (n, dim * bits // 8), dtype=np.uint8),
        rng.random(n).astype(np.float16),
        rng.random(n).astype(np.float16),
    )
    quantised = kernels.QuantisedQuery(
        rng.integers(-127, 128, (n_query, dim)).astype(np.int8),
        np.full(n_query, 1e-4, np.float32),
        rng.integers(-63, 64, kernels.N_LEVELS).astype(np.int8),
        np.float32(0.01),
        bits,
    )
    segments = kernels.Segments([kernels.SegmentArrays(offsets, codes)])
    values = rng.integers(-127, 128, (N_CENTROIDS, dim)).astype(np.int8)
    steps = np.full(N_CENTROIDS, 1e-3, np.float32)
    longest = float(np.linalg.norm(values.astype(np.float32), axis=1).max() * steps[0])
    table = kernels.centroid_table(quantised, values, steps, longest)

    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    codec = train_codec(units[:0], bits=bits)  # with one centroid

    def first(m: int) -> NDArray[np.int64]:
        return np.arange(m)

    return [
        Job("maxsim_codes", "tokens", N_DOCUMENTS, 5, DOCUMENT_TOKENS,
            lambda m: kernels.maxsim_codes(quantised, table, segments, first(m))),
        Job("smooth_maxsim", "ids", N_DOCUMENTS, 5, DOCUMENT_TOKENS,
            lambda m: kernels.smooth_maxsim(table, segments, first(m))),
        Job("centroid_table", "products", N_CENTROIDS, N_CENTROIDS, n_query,
            lambda m: kernels.centroid_table(quantised, values[:m], steps[:m], longest).rows),
        Job("maxsim", "tokens", 10, 2, DOCUMENT_TOKENS,
            lambda m: kernels.maxsim(query, vectors[: m * DOCUMENT_TOKENS], offsets[: m + 1])),
        Job("centroid_scores", "products", N_CENTROIDS, N_CENTROIDS, n_query,
            lambda m: kernels.centroid_scores(query, centroids[:m])),
        Job("nearest_centroids", "products", 2000, 50, N_CENTROIDS,
            lambda m: kernels.nearest_centroids(vectors[:m], packed)),
        Job("encode_tokens", "tokens", 10 * DOCUMENT_TOKENS, 50, 1,
            lambda m: codec.encode_measured(units[:m])[1]),
    ]  # fmt: skip


def seconds(call: Callable[[], object], runs: int) -> float:
    """Return the least CPU time of several runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return max(min(times), 1e-9)


def measure(job: Job, isa: str) -> tuple[float, float]:
    """Return units a second and the relative deviation from the reference."""
    with kernels.use_isa("reference"):
        expected = job.call(job.n_checked).astype(np.float64)
    n = job.n if isa != "scalar" else max(job.n // 10, 1)
    with kernels.use_isa(isa):
        deviation = np.abs(job.call(job.n_checked) - expected).max() / np.abs(expected).max()
        return n * job.units_each / seconds(lambda: job.call(n), RUNS), float(deviation)


def main() -> None:
    """Print a line for each kernel and instruction set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--query-tokens", type=int, default=32)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--bits", type=int, default=4, choices=(1, 2, 4))
    options = parser.parse_args()
    shape = f"{options.query_tokens} query tokens, {options.dim} dimensions, {options.bits} bits"
    print(f"{shape}, {N_CENTROIDS} centroids, one thread")
    print(f"{'kernel':18} {'isa':11} {'million a second':>26}  deviation")
    for job in jobs(options.query_tokens, options.dim, options.bits):
        for isa in kernels.available_isas()[1:]:
            speed, deviation = measure(job, isa)
            rate = f"{speed / 1e6:.1f} {job.unit}"
            print(f"{job.kernel:18} {isa:11} {rate:>26}  {deviation:.1e}")


if __name__ == "__main__":
    main()
