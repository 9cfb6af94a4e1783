"""How does a trained student become a checkpoint that others can load?

The stage ``export``.

Written by sentence-transformers itself, in its own layout, since that is the one which can say that
[CLS] and [SEP] score on neither side. Weights are kept in half precision, half the size; the model
card holds what was done.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.distill.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn
    from transformers import ModernBertModel

_MARKERS = ["[CLS]", "[SEP]"]

_CARD = """---
license: apache-2.0
library_name: colmodern
tags: [ColBERT, late-interaction, ModernBERT]
---
# {recipe.name}

A small ModernBERT ({shape.n_layers} layers, hidden size {shape.hidden_size}) that turns text into
one {shape.dim}-dimensional vector a token, for late-interaction search (MaxSim).

It starts from the word embeddings of its teacher, `{training.teacher}`
({training.teacher_licence}), and was trained to reproduce the teacher's contextual token vectors:
cosine of every token, similarities between tokens, best match in every other text of a step. It
has seen no judged queries and no cross-encoder scores.

## Data
{sources}

{recipe.licence_note}

## Training
Seed {recipe.seed}, {training.tokens:,} tokens, {training.tokens_a_step} a step, AdamW, peak
learning rate {training.learning_rate} ({training.embedding_learning_rate} for embeddings), decay
over the last {training.decay:.0%}. The whole recipe is in `recipe.json`.

| what | value |
|---|---|
{figures}

[CLS] and [SEP] score on neither side. English text, lower-cased. Windows of
{shape.document_length} tokens.
"""


def export_student(
    student: ModernBertModel,
    projection: nn.Linear,
    *,
    recipe: Recipe,
    tokenizer: Path,
    folder: Path,
    facts: dict[str, Any],
) -> Path:
    """Write a checkpoint folder that sentence-transformers 6 and colmodern load alike.

    Args:
        student: The trained model.
        projection: Its projection to the dimensions of a token vector.
        recipe: What it was trained by; written beside it.
        tokenizer: The folder of the tokenizer (the teacher's).
        folder: Where the checkpoint goes.
        facts: What the model card tells beside the recipe.
    """
    import tempfile

    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
    from transformers import AutoTokenizer

    shape = recipe.student
    words = AutoTokenizer.from_pretrained(tokenizer, local_files_only=True)
    words.model_max_length = shape.max_positions
    with tempfile.TemporaryDirectory() as backbone:
        student.save_pretrained(backbone)
        words.save_pretrained(backbone)
        transformer = Transformer(
            backbone, query_length=shape.query_length, document_length=shape.document_length
        )
    dense = Dense(
        shape.hidden_size,
        shape.dim,
        bias=False,
        activation_function=None,
        init_weight=projection.weight.detach().clone(),
        module_input_name="token_embeddings",
    )
    mask = MultiVectorMask(_MARKERS, skiplist_tasks=["query", "document"])
    normalize = Normalize(module_input_name="token_embeddings")
    model = MultiVectorEncoder(
        modules=[transformer, dense, mask, normalize], prompts={"query": "", "document": ""}
    )
    model.save_pretrained(str(folder), create_model_card=False)
    for weights in sorted(folder.rglob("*.safetensors")):
        _halve(weights)
    (folder / "recipe.json").write_text(
        json.dumps(recipe.to_dict(), indent=2) + "\n", encoding="utf-8"
    )
    (folder / "README.md").write_text(model_card(recipe, facts), encoding="utf-8")
    return folder


def model_card(recipe: Recipe, facts: dict[str, Any]) -> str:
    """Return the model card: what it is, made from what, by which recipe, with which figures."""
    shape, training = recipe.student, recipe.warm_start
    sources = "\n".join(
        f"- `{s.files}`: {', '.join(s.fields)}"
        + (f", only ids in `{s.only_ids_in}`" if s.only_ids_in else "")
        + (f", without ids in `{s.except_ids_in}`" if s.except_ids_in else "")
        for s in recipe.prepare.sources
    )
    figures = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return _CARD.format(
        recipe=recipe, shape=shape, training=training, sources=sources, figures=figures
    )


def _halve(path: Path) -> None:
    """Store 32-bit weights as 16-bit floats."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {name: t.to(torch.float16).contiguous() for name, t in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})
    path.chmod(0o644)
