"""Which of the known layouts has a checkpoint folder?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from colmodern.encoder.checkpoint import (
    layout_pylate,
    layout_sentence_transformers,
    layout_stanford,
)
from colmodern.encoder.checkpoint.specs import Checkpoint, read_json, read_scoring
from colmodern.errors import EncoderError
from colmodern.request import Scoring

_SETTINGS = "config_sentence_transformers.json"
# Tokens of every query; published models have 32 to 256. A pass takes the square of it.
_MOST_EXPANDED = 4_096


def read_checkpoint(folder: Path) -> Checkpoint:
    """Return what the folder says, in whichever of the known layouts it is.

    Raises:
        EncoderError: The folder is no checkpoint that can be run here; the message says why and
            what to do.
    """
    try:
        checkpoint = _read(folder)
    except (AttributeError, TypeError, ValueError) as err:
        message = f"{folder} has a setting of the wrong kind: {err}."
        raise EncoderError(message, code="encoder_unreadable") from err
    expansion = checkpoint.expansion
    if expansion is not None and expansion.length > _MOST_EXPANDED:
        raise EncoderError(
            f"{folder} fills every query up to {expansion.length} tokens; more than "
            f"{_MOST_EXPANDED} are not encoded. Set the length of its query expansion to what the "
            "model was trained with.",
            code="encoder_unsupported",
        )
    return checkpoint


def _read(folder: Path) -> Checkpoint:
    if (folder / "modules.json").is_file():
        settings = read_json(folder / _SETTINGS)
        scoring = read_scoring(settings, folder / _SETTINGS)
        if layout_pylate.is_pylate(settings):
            return replace(layout_pylate.read(folder, settings), scoring=scoring)
        return replace(layout_sentence_transformers.read(folder, settings), scoring=scoring)
    if not (folder / "config.json").is_file():
        raise EncoderError(
            f"{folder} holds no model: there is neither a modules.json (PyLate, "
            "sentence-transformers) nor a config.json (Stanford ColBERT).",
            code="encoder_not_found",
        )
    config = read_json(folder / "config.json")
    if layout_stanford.is_stanford(config):
        return layout_stanford.read(folder)
    raise EncoderError(
        f"{folder} is a bare {config.get('model_type', 'language')} model: it has no projection to "
        "token vectors, so it was never trained for late interaction. Load a ColBERT checkpoint "
        "built on it, or train one with `colmodern distill`.",
        code="encoder_unsupported",
    )


def scoring_in(folder: Path) -> Scoring:
    """Return how matches make a score by what the folder says, without reading the rest of it.

    Raises:
        EncoderError: What it says cannot be read.
    """
    if not (folder / "modules.json").is_file():
        return Scoring.MAXSIM
    return read_scoring(read_json(folder / _SETTINGS), folder / _SETTINGS)
