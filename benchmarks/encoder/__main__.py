"""How many tokens a second does the encoder make, beside others? Which share of the machine?

python -m benchmarks.encoder [--threads N] [--compare] [--mix DATA] [--shape base] [--cpu]

The default student, or random weights in the shape of ModernBERT-base, on 8,192 random tokens in
texts of equal length (of base shape 2,048 tokens, or one text), and with ``--mix`` on real
documents. ``--compare`` runs transformers (sdpa) and ONNX Runtime (``pip install -r
benchmarks/encoder/requirements.txt``) beside it. All run each load in turn, several times over; a
figure is the median, of processor time with ``--cpu``, for machines that others use as well. The
roofline is the speed of torch's own products in the same run over the operations that are needed:
those of linear layers (in the first one, queries, keys and values of equal tokens once), of all
keys in global layers and of 129 keys in local ones.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.encoder.loads import LENGTHS, TOKENS, Load, equal_load, mixed_load
from benchmarks.encoder.own import open_own, operations
from benchmarks.encoder.peers import (
    measure_peak,
    open_onnxruntime,
    open_transformers,
    scratch_folder,
)
from benchmarks.encoder.shapes import make_base
from colmodern.encoder import Encoder
from colmodern.encoder.checkpoint.sources import DEFAULT_FOLDER
from colmodern.encoder.forward.native import PRECISIONS
from colmodern.errors import EncoderError

Run = Callable[[Load], None]
_BASE_TOKENS = 2048
_PEAKS = {"fp32": "float32", "bf16": "bfloat16"}


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compare", action="store_true", help="run the others too")
    parser.add_argument("--mix", type=Path, help="folder with scisummnet and scifact")
    parser.add_argument("--tokens", type=int, default=100_000, help="of the real mix")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", choices=("student", "base"), default="student")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--cpu", action="store_true", help="processor time, of all threads")
    options = parser.parse_args()
    batch = TOKENS if options.shape == "student" else _BASE_TOKENS
    loads = [equal_load(length, batch) for length in options.lengths]
    if options.mix:
        loads.append(mixed_load(options.mix, options.tokens))
    with scratch_folder() as scratch:
        folder = make_base(Path(scratch) / "base") if options.shape == "base" else DEFAULT_FOLDER
        runs, encoder = open_all(options.threads, folder, Path(scratch), compare=options.compare)
        clock = time.process_time if options.cpu else time.perf_counter
        seconds = time_in_turn(runs, loads, options.rounds, clock)
    print_table(seconds, loads)
    if not options.cpu:
        print_shares(seconds, loads, encoder, options.threads)


def open_all(
    threads: int, folder: Path, scratch: Path, *, compare: bool
) -> tuple[dict[str, Run], Encoder]:
    """Return what there is to run by its name, and one of our encoders."""
    query_tokens = 16 if folder == DEFAULT_FOLDER else 32
    runs: dict[str, Run] = {}
    for precision in PRECISIONS:
        try:
            encoder, runs[f"colmodern {precision}"] = open_own(
                precision, threads, folder=folder, query_tokens=query_tokens
            )
        except EncoderError as err:
            print(err)
    if compare:
        dtypes = [dtype for name, dtype in _PEAKS.items() if f"colmodern {name}" in runs]
        for dtype in dtypes:  # without products of bfloat16 it would take minutes
            runs[f"transformers {dtype}"] = open_transformers(dtype, threads, folder)
        if importlib.util.find_spec("onnxruntime") is None:
            print("ONNX Runtime: pip install -r benchmarks/encoder/requirements.txt")
        else:
            for precision in ("fp32", "int8"):
                run = open_onnxruntime(precision, threads, folder, scratch)
                runs[f"ONNX Runtime {precision}"] = run
    return runs, encoder


def time_in_turn(
    runs: dict[str, Run], loads: Sequence[Load], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Return the median seconds of each run on each load."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for load in loads:
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                times[name].append(_seconds(partial(run, load), clock))
        for name in runs:
            seconds[name].append(statistics.median(times[name]))
    return seconds


def _seconds(run: Callable[[], None], clock: Callable[[], float]) -> float:
    start = clock()
    run()
    return clock() - start


def print_table(seconds: dict[str, list[float]], loads: Sequence[Load]) -> None:
    """Print tokens a second."""
    print("| tokens a second | " + " | ".join(load.name for load in loads) + " |")
    print("|---|" + "---|" * len(loads))
    for name, times in seconds.items():
        speeds = (load.tokens / spent for load, spent in zip(loads, times, strict=True))
        print(f"| {name} | " + " | ".join(f"{speed:,.0f}" for speed in speeds) + " |")


def print_shares(
    seconds: dict[str, list[float]], loads: Sequence[Load], encoder: Encoder, threads: int
) -> None:
    """Print which share of the peak of products each precision of ours reaches."""
    for precision, dtype in _PEAKS.items():
        times = seconds.get(f"colmodern {precision}")
        if times is None:
            continue
        peak = measure_peak(dtype, threads)
        needed = (operations(encoder._config, load, encoder.dim) for load in loads)
        shares = (work / spent / peak for work, spent in zip(needed, times, strict=True))
        cells = " | ".join(f"{share:.0%}" for share in shares)
        print(f"| {precision}, share of {peak / 1e9:,.0f} GFLOP/s | {cells} |")


if __name__ == "__main__":
    main()
