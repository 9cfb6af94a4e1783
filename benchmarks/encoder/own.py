"""Our own pass, and the operations that it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.encoder.loads import Load, Texts
from colmodern.encoder import Encoder
from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.sources import DEFAULT_FOLDER
from colmodern.encoder.forward.native import NativeModel


def open_own(
    precision: str, threads: int, *, folder: Path = DEFAULT_FOLDER, query_tokens: int = 16
) -> tuple[Encoder, Callable[[Load], None]]:
    """Return the encoder, and what runs a load; prints the times of loading and of a query.

    It is loaded twice: packed weights are kept in the user's cache.
    """
    times = []
    for _ in range(2):
        start = time.perf_counter()
        encoder = Encoder.load(folder, precision=precision, n_threads=threads)
        times.append(time.perf_counter() - start)
    first, again = times
    model = encoder._runner
    assert isinstance(model, NativeModel)

    def forward(texts: Texts) -> None:
        lengths = [len(text) for text in texts]
        kept = np.arange(sum(lengths))
        model.forward(np.concatenate(texts), lengths, lengths, kept, threads=threads)

    def run(load: Load) -> None:
        for texts in load.batches:
            forward(texts)

    query = [np.arange(100, 100 + query_tokens)]
    forward(query)
    walls, cpus = [], []
    for _ in range(50):
        start, cpu = time.perf_counter(), time.process_time()
        forward(query)
        walls.append(time.perf_counter() - start)
        cpus.append(time.process_time() - cpu)
    print(
        f"{precision} on {model.isa}: load {first * 1e3:.0f} ms, again {again * 1e3:.0f} ms; "
        f"{query_tokens} tokens {np.median(walls) * 1e3:.2f} ms, {np.median(cpus) * 1e3:.2f} ms of "
        "processor time (medians)"
    )
    return encoder, run


def operations(config: ModernBertConfig, load: Load, dim: int) -> float:
    """Return the floating-point operations that a load needs.

    Equal tokens of a batch have the same queries, keys and values in the first layer, which are
    needed once.
    """
    hidden, inner = config.hidden_size, config.intermediate_size
    linear = len(config.global_layers) * (4 * hidden * hidden + 3 * hidden * inner) + hidden * dim
    near = 2 * config.local_radius + 1
    total = 0.0
    for batch in load.batches:
        lengths = [len(text) for text in batch]
        total -= 2.0 * (sum(lengths) - len(np.unique(np.concatenate(batch)))) * 3 * hidden**2
        for length in lengths:
            keys = sum(length if wide else min(length, near) for wide in config.global_layers)
            total += length * (2.0 * linear + 4.0 * keys * hidden)
    return total
