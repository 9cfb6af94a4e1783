"""What does a checkpoint folder say about how texts become vectors?

Every layout is read into one ``Checkpoint`` (``layouts`` decides which one a folder has). Reading
is strict: a module, option or file that would change the vectors and is not understood is an
``EncoderError``, never skipped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from colmodern.errors import EncoderError
from colmodern.frozen import frozen
from colmodern.request import Scoring

WEIGHTS_FILE = "model.safetensors"
EXPANSION_STRATEGIES = ("fixed", "min")


@frozen(kw_only=True)
class Expansion:
    """How queries are filled up with tokens that soak up meaning (ColBERT's [MASK] augmentation).

    Attributes:
        strategy: ``fixed`` makes every query ``length`` tokens, ``min`` at least that many.
        length: The number of tokens after expansion.
        attend: Whether other tokens may look at the added ones.
        token: What is added; None is the tokenizer's mask token, or else its end token.
    """

    strategy: Literal["fixed", "min"]
    length: int
    attend: bool = False
    token: str | None = None


@frozen(kw_only=True)
class DenseSpec:
    """One linear layer of the projection: where its weights are and what goes around them.

    ``inputs`` and ``outputs`` are None where the layout does not say; then the tensor does.
    """

    file: Path
    inputs: int | None
    outputs: int | None
    bias: bool
    activation: str
    residual: bool


@frozen
class NormaliseSpec:
    """Token vectors are scaled to length 1 at this place."""


@frozen(kw_only=True)
class Checkpoint:
    """A checkpoint, whatever its layout.

    Attributes:
        folder: Holds config.json, the weights and the tokenizer.
        projection: What happens to the backbone's vectors, in order; ends with a normalisation.
        query_prompt: Put before a query's text, as text.
        document_prompt: The same before a document's.
        markers: Prefixes that were tokens when the model was trained; the tokenizer is made to
            see each as one token.
        query_length: Tokens of a query, special ones included; None is the tokenizer's limit.
        document_length: The same for documents.
        max_length: Replaces the tokenizer's limit, if not None.
        expansion: How queries are filled up, if they are.
        skip_words: Tokens that are encoded but get no vector.
        skip_tasks: Where they are skipped: ``document``, ``query`` or both.
        lower_case: Whether texts are lower-cased first, whatever the tokenizer does.
        scoring: How matches make a score, by the measurements of whoever made the checkpoint.
    """

    folder: Path
    projection: tuple[DenseSpec | NormaliseSpec, ...]
    query_prompt: str = ""
    document_prompt: str = ""
    markers: tuple[str, ...] = ()
    query_length: int | None = None
    document_length: int | None = None
    max_length: int | None = None
    expansion: Expansion | None = None
    skip_words: tuple[str, ...] = ()
    skip_tasks: tuple[str, ...] = ("document",)
    lower_case: bool = False
    scoring: Scoring = Scoring.MAXSIM


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        EncoderError: The file is missing, is not JSON, or holds something else than an object.
    """
    fields = read_json_value(path)
    if not isinstance(fields, dict):
        raise EncoderError(
            f"{path} must hold a JSON object, not a {type(fields).__name__}.",
            code="encoder_unreadable",
        )
    return fields


def read_json_value(path: Path) -> Any:
    """Return whatever value a JSON file holds.

    Raises:
        EncoderError: The file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise EncoderError(
            f"The checkpoint lacks {path}. Copy or download all of its files.",
            code="encoder_unreadable",
        ) from err
    except OSError as err:
        raise EncoderError(
            f"{path} cannot be read: {err.strerror or err}.", code="encoder_unreadable"
        ) from err
    except (ValueError, RecursionError) as err:
        raise EncoderError(f"{path} is not valid JSON: {err}.", code="encoder_unreadable") from err


def read_length(fields: Mapping[str, Any], key: str, where: Path) -> int | None:
    """Return a number of tokens, or None where it is left out or null.

    Raises:
        EncoderError: It is not a whole number of at least 1.
    """
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise EncoderError(
            f"{where}: {key} must be a whole number of at least 1, not {value!r}.",
            code="encoder_unsupported",
        )
    return value


def read_text(fields: Mapping[str, Any], key: str, where: Path) -> str:
    """Return a text, empty where it is left out or null.

    Raises:
        EncoderError: It is something else, or no Unicode.
    """
    value = fields.get(key) or ""
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise EncoderError(
            f"{where}: {key} must be a text, not {value!r:.80}.", code="encoder_unsupported"
        )
    return value


def read_object(fields: Mapping[str, Any], key: str, where: Path) -> Mapping[str, Any]:
    """Return an object, an empty one where it is left out or null.

    Raises:
        EncoderError: It is something else.
    """
    value = fields.get(key) or {}
    if not isinstance(value, dict):
        raise EncoderError(
            f"{where}: {key} must be an object, not {value!r:.80}.", code="encoder_unsupported"
        )
    return value


def read_scoring(settings: Mapping[str, Any], where: Path) -> Scoring:
    """Return what ``{"colmodern": {"scoring": ...}}`` says; MaxSim where nothing is said.

    Raises:
        EncoderError: It is no scoring.
    """
    own = settings.get("colmodern") or {}
    value = own.get("scoring", Scoring.MAXSIM) if isinstance(own, dict) else None
    if value not in (Scoring.MAXSIM, Scoring.CORRECTED):
        raise EncoderError(
            f"{where}: the scoring under colmodern must be maxsim or corrected, not {own!r}.",
            code="encoder_unsupported",
        )
    return Scoring(value)


def read_words(fields: Mapping[str, Any], key: str, where: Path) -> tuple[str, ...]:
    """Return a list of words, or none where it is left out or null.

    Raises:
        EncoderError: It is not a list of strings.
    """
    value = fields.get(key) or []
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise EncoderError(
            f"{where}: {key} must be a list of strings, not {value!r}.", code="encoder_unsupported"
        )
    return tuple(value)
