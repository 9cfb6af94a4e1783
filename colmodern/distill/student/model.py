"""What is trained? A ModernBERT with a projection to a few dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colmodern.distill.checkpoints import check_weights, find_checkpoint, load_model
from colmodern.distill.options.student import StudentRecipe
from colmodern.distill.student.vocabulary import Markers, markers_of, refuse_too_small
from colmodern.errors import ConfigError, EncoderError

if TYPE_CHECKING:
    from sentence_transformers import MultiVectorEncoder
    from torch import Tensor, nn
    from transformers import PreTrainedModel


@dataclass(slots=True)
class Student:
    """A backbone, its projection and the tokenizer.

    Attributes:
        backbone: The transformer.
        projection: From its hidden size to the dimensions of a token vector.
        tokenizer: Of transformers' class.
    """

    backbone: PreTrainedModel
    projection: nn.Linear
    tokenizer: Any


def build_student(
    recipe: StudentRecipe, tokenizer: Any, *, teacher: PreTrainedModel | None, seed: int
) -> Student:
    """Return a student of random weights, with its teacher's word embeddings if it has a teacher.

    Raises:
        ConfigError: The student's hidden size is not the teacher's, so embeddings cannot be copied.
    """
    import torch
    from transformers import ModernBertConfig, ModernBertModel

    if teacher is not None and recipe.hidden_size != teacher.config.hidden_size:
        raise ConfigError(
            f"The student's hidden_size {recipe.hidden_size} must be the teacher's "
            f"{teacher.config.hidden_size}: it starts from the teacher's word embeddings.",
            code="checkpoint_mismatch",
        )
    torch.manual_seed(seed)
    markers = markers_of(tokenizer)
    config = ModernBertConfig(
        vocab_size=len(tokenizer) if teacher is None else teacher.config.vocab_size,
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        layer_types=_layer_types(recipe.n_layers, recipe.global_every),
        local_attention=recipe.local_attention,
        max_position_embeddings=recipe.max_positions,
        pad_token_id=markers.pad,
        cls_token_id=markers.cls,
        sep_token_id=markers.sep,
        bos_token_id=markers.cls,
        eos_token_id=markers.sep,
    )
    backbone = ModernBertModel(config)
    if teacher is not None:
        source: Any = teacher.embeddings
        with torch.no_grad():
            backbone.embeddings.tok_embeddings.weight.copy_(source.word_embeddings.weight)
            backbone.embeddings.norm.weight.copy_(source.LayerNorm.weight)
    projection = torch.nn.Linear(recipe.hidden_size, recipe.dim, bias=False)
    student = Student(backbone, projection, tokenizer)
    _add_prefixes(student, recipe)
    return student


def start_from_means(
    student: Student, means_of: Callable[[int, Markers], tuple[np.ndarray, np.ndarray]]
) -> None:
    """Give a new student the mean target of each token as its word embedding.

    Before any training its vectors are then about what a token has in any text. A token that was
    never seen gets the mean of all.

    Args:
        student: Not trained yet.
        means_of: Returns the mean vector of each of so many tokens, (n_tokens, hidden), float32,
            and how often each was seen.
    """
    import torch

    embeddings: Any = student.backbone.get_input_embeddings()
    means, counts = means_of(embeddings.num_embeddings, markers_of(student.tokenizer))
    unseen = np.average(means, axis=0, weights=counts)
    rows = np.where(counts[:, np.newaxis] > 0, means, unseen).astype(np.float32)
    backbone: Any = student.backbone
    with torch.no_grad():
        embeddings.weight.copy_(torch.from_numpy(rows))
        backbone.embeddings.norm.weight.fill_(1.0)


def start_student(recipe: StudentRecipe, tokenizer: Any, *, seed: int) -> Student:
    """Return the student that a checkpoint holds, grown to the recipe's layers.

    A checkpoint with a projection of the right size keeps it; a bare encoder gets a random one.

    Raises:
        ConfigError: The checkpoint is missing, is not the one the recipe was written for, has other
            dimensions, or a tokenizer of another model.
        EncoderError: It cannot be read.
    """
    import torch

    folder = find_checkpoint(recipe.start)
    check_weights(folder, recipe.start_sha256)
    torch.manual_seed(seed)
    backbone, projection = _parts(folder)
    embeddings: Any = backbone.get_input_embeddings()
    refuse_too_small(tokenizer, embeddings.num_embeddings, where=folder)
    if projection is None:
        projection = torch.nn.Linear(backbone.config.hidden_size, recipe.dim, bias=False)
    elif projection.out_features != recipe.dim:
        raise ConfigError(
            f"The checkpoint in {folder} has vectors of {projection.out_features} dimensions, the "
            f"recipe wants {recipe.dim}; set dim to {projection.out_features}.",
            code="checkpoint_mismatch",
        )
    student = Student(grow(backbone, recipe.n_layers), projection, tokenizer)
    _add_prefixes(student, recipe)
    return student


def start_backbone(recipe: StudentRecipe) -> PreTrainedModel | None:
    """Return the transformer that a student starts from, to read with; None: it starts anew.

    Raises:
        ConfigError: The start is missing.
        EncoderError: It cannot be read.
    """
    if not recipe.start:
        return None
    backbone, _ = _parts(find_checkpoint(recipe.start))
    backbone.train(mode=False)
    return backbone


def grow(backbone: PreTrainedModel, n_layers: int) -> PreTrainedModel:
    """Return a ModernBERT with more layers that computes the same.

    The layers are pre-norm, so a layer whose two output matrices are zero adds nothing.

    Args:
        backbone: A model; it is returned as it is, if it has so many layers already.
        n_layers: How many there are to be.

    Raises:
        ConfigError: It is no ModernBERT.
    """
    import copy

    import torch

    has = backbone.config.num_hidden_layers
    if has >= n_layers:
        return backbone
    if backbone.config.model_type != "modernbert":
        raise ConfigError(
            f"A {backbone.config.model_type} of {has} layers cannot grow to {n_layers}: only a "
            f"ModernBERT can. Set n_layers to {has}.",
            code="checkpoint_mismatch",
        )
    config = copy.deepcopy(backbone.config)
    every = next((i for i, kind in enumerate(config.layer_types) if i and "full" in kind), 3)
    config.num_hidden_layers = n_layers
    config.layer_types = config.layer_types + _layer_types(n_layers, every)[has:]
    grown = type(backbone)(config)
    missing, unexpected = grown.load_state_dict(backbone.state_dict(), strict=False)
    if unexpected or any(not name.startswith("layers.") for name in missing):
        raise EncoderError(
            f"Cannot grow the model: weights {missing + unexpected} do not fit.",
            code="encoder_unsupported",
        )
    with torch.no_grad():
        layers: Any = grown.layers
        for layer in layers[has:]:
            layer.attn.Wo.weight.zero_()
            layer.mlp.Wo.weight.zero_()
    return grown


def _parts(folder: Path) -> tuple[PreTrainedModel, nn.Linear | None]:
    """Return the backbone and, if there is one, the projection of a checkpoint."""
    if not (folder / "modules.json").exists():
        return load_model(folder), None
    from sentence_transformers.base.modules import Dense

    model = load_student(folder)
    dense = [module for module in model if isinstance(module, Dense)]
    if len(dense) != 1:
        raise ConfigError(
            f"The checkpoint in {folder} has {len(dense)} projections; a student has one.",
            code="checkpoint_mismatch",
        )
    transformer: Any = model[0]
    return transformer.auto_model, dense[0].linear


def load_student(folder: Path, **model_options: Any) -> MultiVectorEncoder:
    """Return a checkpoint as a model of sentence-transformers, on the CPU unless told otherwise.

    Raises:
        EncoderError: It cannot be read.
    """
    from sentence_transformers import MultiVectorEncoder

    try:
        return MultiVectorEncoder(
            str(folder), local_files_only=True, model_kwargs=model_options or None
        )
    except Exception as err:  # sentence-transformers, safetensors and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise EncoderError(
            f"Cannot load the student in {folder}: {reason}.", code="encoder_unreadable"
        ) from err


def save_student(student: Student, recipe: StudentRecipe, folder: Path) -> Path:
    """Write a checkpoint of sentence-transformers' layout, which colmodern reads too."""
    import tempfile

    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    words = student.tokenizer
    words.model_max_length = recipe.max_positions
    with tempfile.TemporaryDirectory() as backbone:
        student.backbone.save_pretrained(backbone)
        words.save_pretrained(backbone)
        transformer = Transformer(
            backbone, query_length=recipe.query_length, document_length=recipe.document_length
        )
    dense = Dense(
        student.projection.in_features,
        student.projection.out_features,
        bias=False,
        activation_function=None,
        init_weight=student.projection.weight.detach().cpu().clone(),
        module_input_name="token_embeddings",
    )
    silent = [words.cls_token, words.sep_token] if recipe.markers == "neither" else []
    mask = MultiVectorMask(silent, skiplist_tasks=["query", "document"])
    normalize = Normalize(module_input_name="token_embeddings")
    model = MultiVectorEncoder(
        modules=[transformer, dense, mask, normalize],
        prompts={"query": recipe.query_prefix, "document": recipe.document_prefix},
    )
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def principal_projection(vectors: Tensor, dim: int) -> nn.Linear:
    """Return the linear map to the ``dim`` leading principal directions (uncentred) of vectors.

    Of all projections to ``dim`` dimensions this one changes the inner products least.

    Args:
        vectors: Shape (n, hidden), float32.
        dim: Directions to keep.
    """
    import torch

    _, directions = torch.linalg.eigh(vectors.T @ vectors)
    projection = torch.nn.Linear(vectors.shape[1], dim, bias=False)
    with torch.no_grad():
        projection.weight.copy_(directions.flip(1)[:, :dim].T)
    return projection


def _layer_types(n_layers: int, global_every: int) -> list[str]:
    return [
        "full_attention" if layer % global_every == 0 else "sliding_attention"
        for layer in range(n_layers)
    ]


def _add_prefixes(student: Student, recipe: StudentRecipe) -> None:
    """Make every prefix one token, as PyLate does."""
    prefixes = [p for p in (recipe.query_prefix, recipe.document_prefix) if p.strip()]
    known = student.tokenizer.get_vocab()
    new = [prefix for prefix in prefixes if prefix not in known]
    if new:
        student.tokenizer.add_tokens(new)
        student.backbone.resize_token_embeddings(len(student.tokenizer), mean_resizing=False)
