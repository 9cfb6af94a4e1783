"""What is trained? A ModernBERT with a projection to a few dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colmodern.distill.recipe import StudentRecipe
from colmodern.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import ModernBertModel, PreTrainedModel


def build_student(recipe: StudentRecipe, teacher: PreTrainedModel, *, seed: int) -> ModernBertModel:
    """Return a student that starts from the teacher's vocabulary and word embeddings.

    Raises:
        ConfigError: The student's hidden size is not the teacher's, so embeddings cannot be copied.
    """
    import torch
    from transformers import ModernBertConfig, ModernBertModel

    if recipe.hidden_size != teacher.config.hidden_size:
        raise ConfigError(
            f"The student's hidden_size {recipe.hidden_size} must be the teacher's "
            f"{teacher.config.hidden_size}: it starts from the teacher's word embeddings."
        )
    torch.manual_seed(seed)
    config = ModernBertConfig(
        vocab_size=teacher.config.vocab_size,
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        layer_types=_layer_types(recipe),
        local_attention=recipe.local_attention,
        max_position_embeddings=recipe.max_positions,
        pad_token_id=teacher.config.pad_token_id,
        cls_token_id=101,
        sep_token_id=102,
        bos_token_id=101,
        eos_token_id=102,
    )
    student = ModernBertModel(config)
    source: Any = teacher.embeddings
    with torch.no_grad():
        student.embeddings.tok_embeddings.weight.copy_(source.word_embeddings.weight)
        student.embeddings.norm.weight.copy_(source.LayerNorm.weight)
    return student


def _layer_types(recipe: StudentRecipe) -> list[str]:
    return [
        "full_attention" if layer % recipe.global_every == 0 else "sliding_attention"
        for layer in range(recipe.n_layers)
    ]


def principal_projection(vectors: Tensor, dim: int) -> nn.Linear:
    """Return the linear map to the ``dim`` leading principal directions (uncentred) of vectors.

    Of all projections to ``dim`` dimensions this one changes the inner products least.
    """
    import torch

    _, directions = torch.linalg.eigh(vectors.T @ vectors)
    projection = torch.nn.Linear(vectors.shape[1], dim, bias=False)
    with torch.no_grad():
        projection.weight.copy_(directions.flip(1)[:, :dim].T)
    return projection
