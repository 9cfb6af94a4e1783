"""How is a checkpoint of Stanford's ColBERT laid out?

One folder: the backbone's weights and, beside them in the same file, ``linear.weight``;
``artifact.metadata`` has lengths and marker tokens.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colmodern.encoder.checkpoint.specs import (
    WEIGHTS_FILE,
    Checkpoint,
    DenseSpec,
    Expansion,
    NormaliseSpec,
    read_json,
    read_length,
    read_text,
)

_METADATA = "artifact.metadata"


def is_stanford(config: Mapping[str, Any]) -> bool:
    """Say whether config.json is that of a Stanford ColBERT."""
    return "HF_ColBERT" in (config.get("architectures") or [])


def read(folder: Path) -> Checkpoint:
    """Return the checkpoint.

    Raises:
        EncoderError: Something is missing or malformed.
    """
    where = folder / _METADATA
    fields = read_json(where)
    query_prompt = (read_text(fields, "query_token_id", where) or "[unused0]") + " "
    document_prompt = (read_text(fields, "doc_token_id", where) or "[unused1]") + " "
    linear = DenseSpec(
        file=folder / WEIGHTS_FILE,
        inputs=None,
        outputs=None,
        bias=False,
        activation="torch.nn.modules.linear.Identity",
        residual=False,
    )
    return Checkpoint(
        folder=folder,
        projection=(linear, NormaliseSpec()),
        query_prompt=query_prompt,
        document_prompt=document_prompt,
        markers=(query_prompt, document_prompt),
        document_length=read_length(fields, "doc_maxlen", where),
        expansion=Expansion(
            strategy="fixed",
            length=read_length(fields, "query_maxlen", where) or 32,
            attend=bool(fields.get("attend_to_mask_tokens")),
        ),
        skip_words=tuple(string.punctuation) if fields.get("mask_punctuation", True) else (),
    )
