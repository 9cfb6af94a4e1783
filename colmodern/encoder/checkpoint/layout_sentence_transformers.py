"""How is a MultiVectorEncoder of sentence-transformers 6 laid out?

Everything is a module with a folder: Transformer (lengths, expansion), Dense layers, the
MultiVectorMask (skip list) and Normalize. ``config_sentence_transformers.json`` has the prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from colmodern.encoder.checkpoint.modules_json import (
    Module,
    read_dense,
    read_expansion,
    read_modules,
    read_normalise,
    read_transformer,
)
from colmodern.encoder.checkpoint.specs import (
    Checkpoint,
    DenseSpec,
    NormaliseSpec,
    read_json,
    read_length,
    read_object,
    read_text,
    read_words,
)
from colmodern.errors import EncoderError

_TASKS = {"query", "document"}


def read(folder: Path, settings: Mapping[str, Any]) -> Checkpoint:
    """Return the checkpoint.

    Raises:
        EncoderError: It is no multi-vector model, or something is missing or not supported.
    """
    kind = settings.get("model_type")
    if kind != "MultiVectorEncoder":
        raise EncoderError(
            f"{folder} is a {kind or 'SentenceTransformer'}, which gives one vector a text. "
            "colmodern needs token vectors: load a MultiVectorEncoder or PyLate checkpoint.",
            code="encoder_unsupported",
        )
    modules = read_modules(folder)
    where = modules[0].folder / "sentence_bert_config.json"
    transformer = read_transformer(modules[0])
    expansion = read_expansion(transformer, where)
    query_length = read_length(transformer, "query_length", where)
    if expansion is not None and query_length is not None and query_length < expansion.length:
        raise EncoderError(
            f"{where}: query_length {query_length} is less than the expansion's "
            f"{expansion.length}.",
            code="encoder_unsupported",
        )
    place = folder / "config_sentence_transformers.json"
    prompts = read_object(settings, "prompts", place)
    skip_words, skip_tasks = _read_mask(modules, folder, needed=expansion is not None)
    return Checkpoint(
        folder=modules[0].folder,
        projection=_read_projection(modules, folder),
        query_prompt=read_text(prompts, "query", place),
        document_prompt=read_text(prompts, "document", place),
        query_length=query_length,
        document_length=read_length(transformer, "document_length", where),
        max_length=read_length(transformer, "max_seq_length", where),
        expansion=expansion,
        skip_words=skip_words,
        skip_tasks=skip_tasks,
        lower_case=bool(transformer.get("do_lower_case", False)),
    )


def _read_projection(
    modules: Sequence[Module], folder: Path
) -> tuple[DenseSpec | NormaliseSpec, ...]:
    steps: list[DenseSpec | NormaliseSpec] = []
    for module in modules[1:]:
        if module.kind == "Dense":
            steps.append(read_dense(module))
        elif module.kind == "Normalize":
            steps.append(read_normalise(module))
        elif module.kind != "MultiVectorMask":
            raise EncoderError(
                f"{folder / 'modules.json'} lists the module {module.kind}, which is not run here. "
                "Save the model without it.",
                code="encoder_unsupported",
            )
    if not steps or isinstance(steps[-1], DenseSpec):
        raise EncoderError(
            f"{folder / 'modules.json'} does not end with a Normalize: the index needs vectors of "
            "length 1. Add Normalize(module_input_name='token_embeddings') and save again.",
            code="encoder_unsupported",
        )
    return tuple(steps)


def _read_mask(
    modules: Sequence[Module], folder: Path, *, needed: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    masks = [module for module in modules if module.kind == "MultiVectorMask"]
    if len(masks) > 1 or (needed and not masks):
        raise EncoderError(
            f"{folder / 'modules.json'} lists {len(masks)} MultiVectorMask modules; a model with "
            "query expansion needs one, and no model more.",
            code="encoder_unsupported",
        )
    if not masks:
        return (), ("document",)
    path = masks[0].folder / "config.json"
    fields = read_json(path)
    if fields.get("keep_only_token_ids"):
        raise EncoderError(
            f"{path}: keep_only_token_ids is for image documents and not supported here.",
            code="encoder_unsupported",
        )
    tasks = fields.get("skiplist_tasks", ["document"])
    tasks = (tasks,) if isinstance(tasks, str) else tuple(tasks or ())
    if not set(tasks) <= _TASKS:
        raise EncoderError(
            f"{path}: skiplist_tasks may name {sorted(_TASKS)}, not {tasks!r}.",
            code="encoder_unsupported",
        )
    return read_words(fields, "skiplist_words", path), tasks
