"""Checkpoints of random weights in the shape of others, for speed only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from colmodern.encoder.checkpoint.sources import DEFAULT_FOLDER

# ModernBERT-base (Warner et al. 2024), with the vocabulary of the default student.
BASE = {
    "hidden_size": 768,
    "intermediate_size": 1152,
    "num_attention_heads": 12,
    "num_hidden_layers": 22,
}
_DIM = 128


def make_base(folder: Path) -> Path:
    """Write a checkpoint in the shape of ModernBERT-base into a new folder, and return it."""
    shutil.copytree(
        DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns("*.safetensors", "passage_map*")
    )
    config = json.loads((folder / "config.json").read_text("utf-8")) | BASE
    n_layers = int(config["num_hidden_layers"])
    config["layer_types"] = [
        "sliding_attention" if index % 3 else "full_attention" for index in range(n_layers)
    ]
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    dense = json.loads((folder / "1_Dense" / "config.json").read_text("utf-8"))
    dense |= {"in_features": config["hidden_size"], "out_features": _DIM}
    (folder / "1_Dense" / "config.json").write_text(json.dumps(dense), "utf-8")
    weights = _weights(config)
    projection = {"linear.weight": _normal((_DIM, config["hidden_size"]), seed=1)}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    save_file(projection, folder / "1_Dense" / "model.safetensors", {"format": "pt"})
    return folder


def _weights(config: dict[str, int]) -> dict[str, np.ndarray]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    one = np.ones(hidden, np.float32)
    shapes = {
        "attn.Wqkv": (3 * hidden, hidden),
        "attn.Wo": (hidden, hidden),
        "mlp.Wi": (2 * inner, hidden),
        "mlp.Wo": (hidden, inner),
    }
    weights = {
        "embeddings.tok_embeddings.weight": _normal((config["vocab_size"], hidden), seed=0),
        "embeddings.norm.weight": one,
        "final_norm.weight": one,
    }
    for index in range(config["num_hidden_layers"]):
        layer = f"layers.{index}"
        weights[f"{layer}.mlp_norm.weight"] = one
        if index:
            weights[f"{layer}.attn_norm.weight"] = one
        for number, (name, shape) in enumerate(shapes.items()):
            weights[f"{layer}.{name}.weight"] = _normal(shape, seed=10 * index + number + 2)
    return weights


def _normal(shape: tuple[int, int], *, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return values / np.float32(np.sqrt(shape[1]))
