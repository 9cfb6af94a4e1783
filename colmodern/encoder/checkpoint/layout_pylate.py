"""How is a PyLate checkpoint laid out?

The layout of PyLate up to 1.6, which sentence-transformers 6 reads too.
``modules.json`` lists a Transformer and one or more Dense layers; the rest of ColBERT is in
``config_sentence_transformers.json``: prefixes, lengths, expansion, skip list. Masking and
normalisation are not modules but always done.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colmodern.encoder.checkpoint.modules_json import (
    read_dense,
    read_expansion,
    read_modules,
    read_transformer,
)
from colmodern.encoder.checkpoint.specs import (
    Checkpoint,
    Expansion,
    NormaliseSpec,
    read_length,
    read_object,
    read_text,
    read_words,
)
from colmodern.errors import EncoderError

_MARKS = (
    "query_prefix", "document_prefix", "query_length", "document_length", "skiplist_words",
    "do_query_expansion", "attend_to_expansion_tokens",
)  # fmt: skip
_DEFAULT_QUERY_LENGTH = 32


def is_pylate(settings: Mapping[str, Any]) -> bool:
    """Say whether config_sentence_transformers.json is PyLate's; early versions name no type."""
    kind = settings.get("model_type")
    return kind == "ColBERT" or (kind is None and any(mark in settings for mark in _MARKS))


def read(folder: Path, settings: Mapping[str, Any]) -> Checkpoint:
    """Return the checkpoint.

    Raises:
        EncoderError: Something is missing, malformed or not supported.
    """
    where = folder / "config_sentence_transformers.json"
    modules = read_modules(folder)
    unknown = [module.kind for module in modules[1:] if module.kind != "Dense"]
    if unknown:
        raise EncoderError(
            f"{folder / 'modules.json'} lists modules that are not run: {unknown}.",
            code="encoder_unsupported",
        )
    if len(modules) < 2:
        raise EncoderError(
            f"{folder / 'modules.json'} lists no Dense layer: a PyLate checkpoint has "
            "a projection.",
            code="encoder_unsupported",
        )
    transformer = read_transformer(modules[0])
    expansion = _expansion(transformer, settings, where)
    options = {**settings, **{k: v for k, v in transformer.items() if v is not None}}
    skip_words = settings.get("skiplist_words")
    prefixes = {
        task: read_text(settings, f"{task}_prefix", where) for task in ("query", "document")
    }
    prompts = read_object(settings, "prompts", where)
    return Checkpoint(
        folder=modules[0].folder,
        projection=(*(read_dense(module) for module in modules[1:]), NormaliseSpec()),
        query_prompt=_prompt(prefixes["query"], read_text(prompts, "query", where)),
        document_prompt=_prompt(prefixes["document"], read_text(prompts, "document", where)),
        markers=tuple(prefix for prefix in prefixes.values() if prefix.strip()),
        query_length=None if expansion else read_length(options, "query_length", where),
        document_length=read_length(options, "document_length", where),
        max_length=read_length(transformer, "max_seq_length", where),
        expansion=expansion,
        skip_words=(
            tuple(string.punctuation)
            if skip_words is None
            else read_words(settings, "skiplist_words", where)
        ),
        lower_case=bool(transformer.get("do_lower_case", False)),
    )


def _prompt(prefix: str, prompt: str) -> str:
    """Return the prefix before the prompt, once: a prompt may have been saved with it."""
    return prefix + prompt.removeprefix(prefix)


def _expansion(
    transformer: Mapping[str, Any], settings: Mapping[str, Any], where: Path
) -> Expansion | None:
    for fields in (transformer, settings):
        if "query_expansion" in fields:
            return read_expansion(fields, where)
    if settings.get("do_query_expansion") is False or not any(mark in settings for mark in _MARKS):
        return None
    return Expansion(
        strategy="fixed",
        length=read_length(settings, "query_length", where) or _DEFAULT_QUERY_LENGTH,
        attend=bool(settings.get("attend_to_expansion_tokens")),
    )
