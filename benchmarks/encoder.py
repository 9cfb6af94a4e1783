"""How many tokens a second does the encoder make, and which share of the machine is that?

python -m benchmarks.encoder [--threads N] [--compare]

The default student, equal lengths, tokens of random ids. Each figure is the best of several runs on
an otherwise idle machine. ``--compare`` runs transformers' own forward (sdpa, fp32 and bf16) in the
same process, after a measurement of the peak of matrix products (torch, bf16, 2,048 cubed). The
roofline is that peak over the floating-point operations that are needed: those of the linear
layers, of all keys in global layers and of 129 keys in local ones.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

from colmodern.encoder import Encoder
from colmodern.encoder.model_config import ModernBertConfig
from colmodern.encoder.native import PRECISIONS, NativeModel
from colmodern.encoder.sources import find_model
from colmodern.errors import EncoderError

LENGTHS = (128, 512, 2048, 8192)
TOKENS = 8192
QUERY_TOKENS = 16


def best_of(run: Callable[[], object], *, runs: int) -> float:
    """Return the least seconds of several runs after one more."""
    run()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def operations(config: ModernBertConfig, length: int, dim: int) -> float:
    """Return the floating-point operations that a token of a text of this length needs."""
    hidden, inner = config.hidden_size, config.intermediate_size
    linear = len(config.global_layers) * (4 * hidden * hidden + 3 * hidden * inner) + hidden * dim
    near = min(length, 2 * config.local_radius + 1)
    keys = sum(length if is_global else near for is_global in config.global_layers)
    return 2.0 * linear + 4.0 * keys * hidden


def time_ours(precision: str, threads: int) -> tuple[str, dict[int, float], Encoder]:
    """Return what it is called, and seconds by length; a query is one text, all else a pack."""
    start = time.perf_counter()
    encoder = Encoder.load(precision=precision, n_threads=threads)
    loaded = time.perf_counter() - start
    model = encoder._runner
    assert isinstance(model, NativeModel)
    rng = np.random.default_rng(1)
    seconds = {}
    for length in (QUERY_TOKENS, *LENGTHS):
        count = 1 if length == QUERY_TOKENS else TOKENS // length
        ids, lengths = rng.integers(0, 30_000, count * length), [length] * count
        kept = np.arange(len(ids))
        seconds[length] = best_of(
            lambda ids=ids, lengths=lengths, kept=kept: model.forward(
                ids, lengths, lengths, kept, threads=threads
            ),
            runs=100 if length == QUERY_TOKENS else 5,
        )
    print(
        f"{precision}: load {loaded * 1e3:.0f} ms, {QUERY_TOKENS} tokens "
        f"{seconds.pop(QUERY_TOKENS) * 1e3:.2f} ms"
    )
    return f"colmodern {precision}", seconds, encoder


def time_transformers(name: str, threads: int) -> dict[int, float]:
    """Return the seconds of transformers' backbone by length, in ``float32`` or ``bfloat16``."""
    import torch
    import transformers

    torch.set_num_threads(threads)
    model = transformers.ModernBertModel.from_pretrained(
        find_model("default")[1], dtype=getattr(torch, name)
    ).eval()
    seconds = {}
    for length in LENGTHS:
        ids = torch.randint(0, 30_000, (TOKENS // length, length))
        with torch.inference_mode():
            seconds[length] = best_of(lambda ids=ids: model(input_ids=ids), runs=1)
    return seconds


def measure_peak(threads: int) -> float:
    """Return the operations a second of products of bfloat16, by torch's linear layer."""
    import torch

    torch.set_num_threads(threads)
    n = 2048
    rows, weight = (torch.randn(n, n, dtype=torch.bfloat16) for _ in range(2))
    with torch.inference_mode():
        seconds = best_of(lambda: torch.nn.functional.linear(rows, weight), runs=20)
    return 2.0 * n**3 / seconds


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compare", action="store_true", help="run transformers too")
    options = parser.parse_args()
    table, peak = {}, None
    for precision in PRECISIONS:
        try:
            name, table_row, encoder = time_ours(precision, options.threads)
        except EncoderError as err:
            print(err)
            continue
        table[name] = table_row
    if options.compare:
        peak = measure_peak(options.threads)
        print(f"products of bfloat16: {peak / 1e9:.0f} GFLOP/s")
        for name in ("float32", "bfloat16"):
            table[f"transformers {name}"] = time_transformers(name, options.threads)
    print("| tokens a second | " + " | ".join(f"{length:,}" for length in LENGTHS) + " |")
    print("|---|" + "---|" * len(LENGTHS))
    for name, seconds in table.items():
        cells = [f"{TOKENS / seconds[length]:,.0f}" for length in LENGTHS]
        print(f"| {name} | " + " | ".join(cells) + " |")
    if peak is not None and "colmodern bf16" in table:
        config = encoder._config
        shares = [
            operations(config, length, encoder.dim)
            * TOKENS
            / table["colmodern bf16"][length]
            / peak
            for length in LENGTHS
        ]
        cells = [f"{share:.0%}" for share in shares]
        print("| bf16, share of the roofline | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
