"""Our own pass, and the operations that it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.encoder.loads import Load, Texts
from colmodern.encoder import Encoder
from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.forward.native import NativeModel
from colmodern.encoder.forward.projection import Projection
from colmodern.types import FloatMatrix


def open_own(precision: str, threads: int, folder: Path) -> Encoder:
    """Return the encoder; prints the times of loading.

    It is loaded twice: packed weights are kept in the user's cache.
    """
    times = []
    for _ in range(2):
        start = time.perf_counter()
        encoder = Encoder.load(folder, precision=precision, n_threads=threads)
        times.append(time.perf_counter() - start)
    first, again = times
    isa = encoder._runner.isa
    print(f"{precision} on {isa}: load {first * 1e3:.0f} ms, again {again * 1e3:.0f} ms")
    return encoder


def run_own(encoder: Encoder, threads: int) -> Callable[[Load], None]:
    """Return what runs a load."""

    def run(load: Load) -> None:
        for texts in load.batches:
            own_vectors(encoder, texts, threads)

    return run


def own_vectors(encoder: Encoder, texts: Texts, threads: int) -> FloatMatrix:
    """Return the token vectors of texts, one after the other."""
    model = encoder._runner
    assert isinstance(model, NativeModel)
    lengths = [len(text) for text in texts]
    kept = np.arange(sum(lengths))
    return model.forward(np.concatenate(texts), lengths, lengths, kept, threads=threads)


def projected(encoder: Encoder, hidden: np.ndarray) -> FloatMatrix:
    """Return the token vectors that our projection makes of hidden states of another backbone."""
    steps = encoder._checkpoint.projection
    return Projection(steps, hidden_size=hidden.shape[1])(hidden.copy())


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
