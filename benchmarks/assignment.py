"""What does the two-level search for the nearest centroid save, and what does it miss?

    python -m benchmarks.assignment --vectors FOLDER [--centroids 16384]

FOLDER holds ``tokens.npy`` as ``benchmarks/engines/vectors.py`` writes it. Centroids are trained as
a build trains them; then other tokens are assigned with several numbers of probed cells. A token is
missed if a centroid outside its cells is nearer. Times are CPU time of one thread.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colmodern import kernels
from colmodern.codec.cells import N_PROBES, make_cells, on_grid_of_rows, one_cell, row_step
from colmodern.codec.kmeans import train_centroids
from colmodern.codec.training import random_rotation
from colmodern.codec.vectors import MAX_LENGTH

SAMPLE = 300_000
JUDGED = 20_000
PROBES = (1, 2, 4, 8, N_PROBES, 24, 48)


def main() -> None:
    """Print a line for each number of probed cells."""
    options = _options()
    rows = rows_of(np.load(options.vectors / "tokens.npy", mmap_mode="r"))
    learnt, judged = rows[:SAMPLE], rows[SAMPLE:]
    started = time.process_time()
    centroids = train_centroids(learnt, options.centroids, seed=0, threads=2)
    print(f"{len(learnt):,} tokens to {len(centroids):,} centroids of {rows.shape[1]} dimensions:")
    print(f"{time.process_time() - started:.1f} s CPU, {kernels.active_isa()}\n")
    print("| cells probed | us a token | missed | squared distance |\n|---|---|---|---|")
    grid = on_grid_of_rows(centroids)
    cells = make_cells(grid, threads=2)
    best, least = assign(judged, one_cell(grid), "all, one by one")
    for n_probes in PROBES:
        share = f"{n_probes} of {len(cells.representatives)}"
        assign(judged, replace(cells, n_probes=n_probes), share, best, least)


def rows_of(tokens: NDArray[np.float16]) -> NDArray[np.uint8]:
    """Return tokens drawn at random, rotated and rounded as a build does it."""
    picked = np.random.default_rng(0).permutation(len(tokens))[: SAMPLE + JUDGED]
    dim = tokens.shape[1]
    rounding = kernels.pack_rotation(random_rotation(dim, 0), row_step(dim))
    vectors = np.ascontiguousarray(tokens[np.sort(picked)])
    rows, _, _ = kernels.round_vectors(vectors, rounding, longest=MAX_LENGTH, threads=2)
    return rows[np.random.default_rng(1).permutation(len(rows))]


def assign(
    rows: NDArray[np.uint8],
    cells: kernels.Cells,
    name: str,
    best: NDArray[np.int32] | None = None,
    least: float | None = None,
) -> tuple[NDArray[np.int32], float]:
    """Assign rows and print what it took; return the scores and the mean squared distance."""
    started = time.process_time()
    _, scores = kernels.nearest_in_cells(rows, cells)
    each = (time.process_time() - started) / len(rows) * 1e6
    values = rows.astype(np.int64) - kernels.ROW_OFFSET
    distance = float((np.square(values).sum(axis=1) - scores).mean())
    missed = 0.0 if best is None else float((scores < best).mean())
    ratio = 1.0 if least is None else distance / least
    print(f"| {name} | {each:.2f} | {missed:.1%} | x {ratio:.4f} |", flush=True)
    return scores, distance


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--centroids", type=int, default=16_384)
    return parser.parse_args()


if __name__ == "__main__":
    main()
