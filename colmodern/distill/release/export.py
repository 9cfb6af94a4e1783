"""How does a trained student become a checkpoint that others can load? The stage ``export``.

Two layouts: PyLate's, which PyLate and sentence-transformers 6 read, and the one of
sentence-transformers 6, which alone can say that [CLS] and [SEP] score on neither side. Weights are
kept in half precision, half the size.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from colmodern.distill.ledger import write_json
from colmodern.distill.options.student import StudentRecipe
from colmodern.errors import ConfigError
from colmodern.request import Scoring

PYLATE, ST = "pylate", "st"


def export(
    student: Path,
    shape: StudentRecipe,
    *,
    layout: str,
    half: bool,
    target: Path,
    scoring: str = str(Scoring.MAXSIM),
) -> Path:
    """Write a checkpoint in a layout.

    Args:
        student: A checkpoint in the layout of sentence-transformers 6.
        shape: Prefixes, lengths and markers.
        layout: ``pylate`` or ``st``.
        half: Keep weights as 16-bit floats.
        target: Where it goes; what is there is replaced.
        scoring: How colmodern is to score with it: ``maxsim`` or ``corrected``.

    Raises:
        ConfigError: The layout cannot say what the student does.
    """
    if layout == PYLATE and shape.markers == "neither":
        raise ConfigError(
            "PyLate's layout cannot say that [CLS] and [SEP] score on neither side; export with "
            "--format st, or train with markers = 'both'.",
            code="option_conflict",
        )
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(student, target)
    if layout == PYLATE:
        _to_pylate(target, shape)
    if scoring != Scoring.MAXSIM:
        _add_scoring(target / "config_sentence_transformers.json", scoring)
    if half:
        for weights in sorted(target.rglob("*.safetensors")):
            _halve(weights)
    return target


def _to_pylate(folder: Path, shape: StudentRecipe) -> None:
    """Rewrite the configuration; weights, tokenizer and projection stay where they are."""
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kept = [module for module in modules if module["type"].endswith((".Transformer", ".Dense"))]
    for module in modules:
        if module not in kept:
            shutil.rmtree(folder / module["path"], ignore_errors=True)
    kept[0]["type"] = "sentence_transformers.models.Transformer"
    kept[1]["type"] = "pylate.models.Dense.Dense"
    write_json(folder / "modules.json", kept)
    dense = folder / kept[1]["path"] / "config.json"
    fields: dict[str, Any] = json.loads(dense.read_text(encoding="utf-8"))
    names = ("in_features", "out_features", "bias", "activation_function")
    write_json(dense, {name: fields[name] for name in names} | {"use_residual": False})
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": shape.document_length, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "ColBERT",
            "prompts": {"query": "", "document": ""},
            "default_prompt_name": None,
            "similarity_fn_name": "MaxSim",
            "query_prefix": shape.query_prefix,
            "document_prefix": shape.document_prefix,
            "query_length": shape.query_length,
            "document_length": shape.document_length,
            "attend_to_expansion_tokens": False,
            "do_query_expansion": False,
            "skiplist_words": [],
        },
    )


def _add_scoring(path: Path, scoring: str) -> None:
    """Say how colmodern scores; others skip what they do not know."""
    fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {**fields, "colmodern": {"scoring": scoring}})


def _halve(path: Path) -> None:
    """Store 32-bit weights as 16-bit floats."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {name: t.to(torch.float16).contiguous() for name, t in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})
    path.chmod(0o644)
