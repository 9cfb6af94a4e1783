"""How many tokens a second does the NumPy encoder make, and how long does one query take?

python -m benchmarks.encoder [--threads N] [--compare] [--model NAME]

A model of random weights (4 layers, hidden 384, 6 heads, MLP 576, vocabulary 30,522); speed does
not depend on their values. Each figure is the best of several runs, with the tokens a second of
processor time beside it: on a busy machine, twice that is what two cores of one's own would do.
``--compare`` runs transformers' own forward on the same shape; ``--model`` times loading a
checkpoint.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colmodern.encoder import Encoder
from colmodern.encoder.model_config import ModernBertConfig
from colmodern.encoder.modernbert import ModernBert
from colmodern.encoder.tensors import StoredTensor
from colmodern.encoder.weights import read_weights
from colmodern.encoder.workers import Workers

SHAPE = {
    "model_type": "modernbert",
    "vocab_size": 30_522,
    "hidden_size": 384,
    "intermediate_size": 576,
    "num_hidden_layers": 4,
    "num_attention_heads": 6,
}
LENGTHS = (128, 512, 2048, 8192)
TOKENS = 8192
QUERY_TOKENS = 16


def random_model() -> ModernBert:
    """Return a model of the shape above with random weights."""
    config = ModernBertConfig.from_json(SHAPE, where="the benchmark")
    rng = np.random.default_rng(0)
    hidden, inner = config.hidden_size, config.intermediate_size
    shapes = {
        "attn.Wqkv": (3 * hidden, hidden),
        "attn.Wo": (hidden, hidden),
        "mlp.Wi": (2 * inner, hidden),
        "mlp.Wo": (hidden, inner),
        "attn_norm": (hidden,),
        "mlp_norm": (hidden,),
    }
    named = {
        f"layers.{index}.{name}.weight": shape
        for index in range(len(config.global_layers))
        for name, shape in shapes.items()
    }
    named |= {
        "embeddings.tok_embeddings.weight": (config.vocab_size, hidden),
        "embeddings.norm.weight": (hidden,),
        "final_norm.weight": (hidden,),
    }
    tensors = {
        name: StoredTensor("F16", (rng.standard_normal(shape) * 0.05).astype(np.float16))
        for name, shape in named.items()
    }
    return ModernBert(config, read_weights(Path("random"), tensors, config))


def best_of(run: Callable[[], object], *, runs: int) -> tuple[float, float]:
    """Return the least seconds and the least processor seconds of several runs."""
    run()
    walls, processors = [], []
    for _ in range(runs):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


def measure(model: ModernBert, n_threads: int) -> None:
    """Print tokens a second for each length, and the time of one query."""
    rng = np.random.default_rng(1)
    with Workers(n_threads).running() as run_jobs:
        for length in (QUERY_TOKENS, *LENGTHS):
            count = 1 if length == QUERY_TOKENS else TOKENS // length
            ids = rng.integers(0, model.config.vocab_size, count * length)
            wall, processor = best_of(
                lambda ids=ids, count=count, length=length: model.encode(
                    ids, [length] * count, run_jobs=run_jobs
                ),
                runs=50 if length == QUERY_TOKENS else 3,
            )
            print(
                f"{count:>4} x {length:<5} {len(ids) / wall:>9,.0f} tokens/s  {wall * 1e3:>8.1f} ms"
                f"  ({len(ids) / processor:,.0f} tokens a processor second)"
            )


def compare() -> None:
    """Print the same for transformers' forward, on equal lengths, which need no padding."""
    import torch
    import transformers

    tokens = dict.fromkeys(("pad", "bos", "eos", "cls", "sep"), 0)
    config = transformers.ModernBertConfig(
        **SHAPE, **{f"{name}_token_id": token for name, token in tokens.items()}
    )
    theirs = transformers.ModernBertModel(config).eval()
    for length in LENGTHS:
        ids = torch.randint(0, SHAPE["vocab_size"], (TOKENS // length, length))
        with torch.inference_mode():
            wall, processor = best_of(lambda ids=ids: theirs(input_ids=ids), runs=1)
        print(
            f"transformers {len(ids):>4} x {length:<5} {ids.numel() / wall:>9,.0f} tokens/s"
            f"  ({ids.numel() / processor:,.0f} tokens a processor second)"
        )


def time_loading(name: str) -> None:
    """Print how long loading a checkpoint, its fingerprint and a first query take."""
    start = time.perf_counter()
    encoder = Encoder.load(name)
    loaded = time.perf_counter()
    digest = encoder.fingerprint
    hashed = time.perf_counter()
    encoder.encode_queries(["who may revoke a key that has leaked?"])
    done = time.perf_counter()
    print(
        f"{name}: load {1e3 * (loaded - start):.1f} ms, fingerprint {digest[:8]} "
        f"{1e3 * (hashed - loaded):.1f} ms, first query {1e3 * (done - hashed):.1f} ms"
    )


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compare", action="store_true", help="run transformers too")
    parser.add_argument("--model", help="also time loading this checkpoint")
    options = parser.parse_args()
    if options.model is not None:
        time_loading(options.model)
    measure(random_model(), options.threads)
    if options.compare:
        compare()


if __name__ == "__main__":
    main()
