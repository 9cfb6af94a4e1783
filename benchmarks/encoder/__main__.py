"""How many tokens a second does the encoder make, beside others? Which share of the machine?

python -m benchmarks.encoder [--threads N] [--compare [PEER ...]] [--mix DATA] [--shape base]

The default student, or random weights in the shape of ModernBERT-base, on 8,192 random tokens in
texts of equal length (of base shape 2,048 tokens, or one text), and with ``--mix`` on real
documents. ``--compare`` runs transformers (sdpa), ONNX Runtime and OpenVINO beside it (``pip
install -r benchmarks/encoder/requirements.txt``), or those that are named; how far the token
vectors of all agree is printed, and those in fp32 have to be the same. All run each load in
turn, several times over; a figure is the median, of processor time with ``--cpu``, for machines
that others use as well. The roofline is the speed of torch's own products in the same run over the
operations that are needed: those of linear layers (in the first one, queries, keys and values of
equal tokens once), of all keys in global layers and of 129 keys in local ones.
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

import numpy as np

from benchmarks.encoder.loads import LENGTHS, TOKENS, Load, equal_load, mixed_load
from benchmarks.encoder.own import open_own, operations, own_vectors, projected, run_own
from benchmarks.encoder.peers import (
    PEERS,
    Forward,
    measure_peak,
    open_peer,
    run_filled,
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
_QUERY_ROUNDS = 20
_PROBE_TOKENS = 300  # of the text whose vectors are compared
_SAME = 0.999  # the least cosine of vectors that are the same but for rounding in fp32


def main() -> None:
    """Read the options and print the figures."""
    options = read_options()
    threads, compared = options.threads, options.compare
    batch, query = (TOKENS, 16) if options.shape == "student" else (_BASE_TOKENS, 32)
    loads = [equal_load(length, batch) for length in options.lengths]
    if options.mix:
        loads.append(mixed_load(options.mix, options.tokens))
    with scratch_folder() as scratch:
        folder = make_base(Path(scratch) / "base") if options.shape == "base" else DEFAULT_FOLDER
        encoders = open_encoders(threads, folder)
        floats = [name for name in _PEAKS if name in encoders]  # without products: minutes
        peers: dict[str, Forward] = {}
        for name in compared:
            peers |= open_peer(name, floats, threads, folder, Path(scratch))
        print_agreement(encoders, peers, threads)
        runs = {f"colmodern {name}": run_own(own, threads) for name, own in encoders.items()}
        runs |= {name: run_filled(forward) for name, forward in peers.items()}
        clock = time.process_time if options.cpu else time.perf_counter
        queries = time_in_turn(runs, [equal_load(query, query)], _QUERY_ROUNDS, clock)
        seconds = time_in_turn(runs, loads, options.rounds, clock)
    print_table(seconds, loads, queries, query)
    if not options.cpu:
        print_shares(seconds, loads, encoders["fp32"], threads)


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; ``compare`` are the names of others, none of which is missing here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compare", nargs="*", choices=PEERS, help="run others too: these, or all")
    parser.add_argument("--mix", type=Path, help="folder with scisummnet and scifact")
    parser.add_argument("--tokens", type=int, default=100_000, help="of the real mix")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", choices=("student", "base"), default="student")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--cpu", action="store_true", help="processor time, of all threads")
    options = parser.parse_args(arguments)
    options.compare = [] if options.compare is None else options.compare or list(PEERS)
    missing = [name for name in options.compare if importlib.util.find_spec(name) is None]
    if missing:
        parser.error(
            f"--compare: {', '.join(missing)} is not installed: pip install -r "
            "benchmarks/encoder/requirements.txt, or name those to run"
        )
    return options


def open_encoders(threads: int, folder: Path) -> dict[str, Encoder]:
    """Return our encoder in each precision that this machine has."""
    encoders = {}
    for precision in PRECISIONS:
        try:
            encoders[precision] = open_own(precision, threads, folder)
        except EncoderError as err:
            print(err)
    return encoders


def print_agreement(encoders: dict[str, Encoder], peers: dict[str, Forward], threads: int) -> None:
    """Print the cosines of all token vectors of a text with our own in fp32.

    Raises:
        SystemExit: Something in fp32 makes other vectors: it does not run the same model.
    """
    text = equal_load(_PROBE_TOKENS, _PROBE_TOKENS).batches[0][0]
    vectors = {f"colmodern {n}": own_vectors(own, [text], threads) for n, own in encoders.items()}
    for name, forward in peers.items():
        hidden = forward(text[None], np.ones_like(text)[None])[0]
        vectors[name] = projected(encoders["fp32"], hidden)
    for name, found in vectors.items():
        cosines = (found * vectors["colmodern fp32"]).sum(axis=1)
        print(f"{name}: cosine {cosines.mean():.5f}, at least {cosines.min():.5f}")
        if name.endswith("fp32") and cosines.min() < _SAME:
            raise SystemExit(f"{name} makes other vectors than colmodern fp32.")


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


def print_table(
    seconds: dict[str, list[float]],
    loads: Sequence[Load],
    queries: dict[str, list[float]],
    query_tokens: int,
) -> None:
    """Print tokens a second, and milliseconds of a query."""
    names = [load.name for load in loads]
    print(f"| tokens a second | {' | '.join(names)} | query of {query_tokens}, ms |")
    print("|---|" + "---|" * (len(loads) + 1))
    for name, times in seconds.items():
        speeds = (load.tokens / spent for load, spent in zip(loads, times, strict=True))
        cells = " | ".join(f"{speed:,.0f}" for speed in speeds)
        print(f"| {name} | {cells} | {queries[name][0] * 1e3:.2f} |")


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
