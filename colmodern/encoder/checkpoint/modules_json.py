"""Which modules does a modules.json list, and what does each one's folder say?

PyLate and sentence-transformers share this list and the folders behind it; what differs between
them is in the ``layout_*`` modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from colmodern.encoder.checkpoint.specs import (
    EXPANSION_STRATEGIES,
    WEIGHTS_FILE,
    DenseSpec,
    Expansion,
    NormaliseSpec,
    read_json,
    read_json_value,
    read_length,
    read_object,
    read_text,
)
from colmodern.errors import EncoderError
from colmodern.frozen import frozen

_PACKAGES = ("sentence_transformers", "pylate")
_TOKEN_VECTORS = "token_embeddings"
# Options of the Transformer module that leave the vectors as they are, whatever their value.
_HARMLESS = {
    "transformer_task", "modality_config", "module_output_name", "query_length", "document_length",
    "query_expansion", "max_seq_length", "do_lower_case", "unpad_inputs", "model_args",
    "model_kwargs",
}  # fmt: skip
_EXPANSION_KEYS = {"strategy", "attend", "token", "length"}


@frozen
class Module:
    """One entry of modules.json: the class's name without its package, and its folder."""

    kind: str
    folder: Path


def read_modules(folder: Path) -> list[Module]:
    """Return the modules in order; the first is the Transformer.

    Raises:
        EncoderError: The list is malformed, names a class of an unknown package or a folder
            outside the checkpoint, or does not start with a Transformer.
    """
    path = folder / "modules.json"
    entries = read_json_value(path)
    if not isinstance(entries, list):
        raise EncoderError(f"{path} must hold a list of modules.", code="encoder_unreadable")
    modules = [_read_entry(folder, path, entry) for entry in entries]
    if not modules or modules[0].kind != "Transformer":
        raise EncoderError(
            f"{path}: the first module must be a Transformer.", code="encoder_unsupported"
        )
    return modules


def _read_entry(folder: Path, path: Path, entry: object) -> Module:
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        raise EncoderError(
            f"{path} has an entry without a type: {entry!r}.", code="encoder_unreadable"
        )
    package, *_, kind = entry["type"].split(".")
    if package not in _PACKAGES:
        raise EncoderError(
            f"{path} names the module {entry['type']!r}: code from other packages is not run. "
            "Load a checkpoint made of the modules of PyLate or sentence-transformers.",
            code="encoder_unsupported",
        )
    place = PurePosixPath(str(entry.get("path", "")))
    if place.is_absolute() or ".." in place.parts:
        raise EncoderError(
            f"{path}: the path {str(place)!r} leaves the checkpoint's folder.",
            code="encoder_unreadable",
        )
    return Module(kind, folder / place)


def read_dense(module: Module) -> DenseSpec:
    """Return what a Dense module's folder says.

    Raises:
        EncoderError: A file is missing, or the layer does not work on token vectors.
    """
    path = module.folder / "config.json"
    fields = read_json(path)
    source = fields.get("module_input_name", _TOKEN_VECTORS)
    if {source, fields.get("module_output_name") or source} != {_TOKEN_VECTORS}:
        raise EncoderError(
            f"{path}: the layer works on {source!r}, not on token vectors, so this is not a "
            "late-interaction checkpoint.",
            code="encoder_unsupported",
        )
    return DenseSpec(
        file=module.folder / WEIGHTS_FILE,
        inputs=read_length(fields, "in_features", path),
        outputs=read_length(fields, "out_features", path),
        bias=bool(fields.get("bias", True)),
        activation=str(fields.get("activation_function", "torch.nn.modules.activation.Tanh")),
        residual=bool(fields.get("use_residual", False)),
    )


def read_normalise(module: Module) -> NormaliseSpec:
    """Return a normalisation of token vectors.

    Raises:
        EncoderError: The module normalises something else.
    """
    path = module.folder / "config.json"
    fields = read_json(path)
    source = fields.get("module_input_name", "sentence_embedding")
    if {source, fields.get("module_output_name") or source} != {_TOKEN_VECTORS}:
        raise EncoderError(
            f"{path}: it normalises {source!r}, not token vectors.", code="encoder_unsupported"
        )
    return NormaliseSpec()


def read_transformer(module: Module) -> dict[str, Any]:
    """Return the options of the Transformer module; a folder without the file has none.

    Raises:
        EncoderError: An option is set that changes the vectors and is not understood.
    """
    path = module.folder / "sentence_bert_config.json"
    fields = read_json(path) if path.is_file() else {}
    if fields.get("transformer_task", "feature-extraction") != "feature-extraction":
        raise EncoderError(
            f"{path}: transformer_task {fields['transformer_task']!r} is not run.",
            code="encoder_unsupported",
        )
    if fields.get("module_output_name", _TOKEN_VECTORS) != _TOKEN_VECTORS:
        raise EncoderError(
            f"{path}: the model gives {fields['module_output_name']!r}, not tokens.",
            code="encoder_unsupported",
        )
    modalities = read_object(fields, "modality_config", path)
    text = read_object(modalities, "text", path)
    if text.get("method_output_name", "last_hidden_state") != "last_hidden_state":
        raise EncoderError(
            f"{path}: only the last hidden state can be used.", code="encoder_unsupported"
        )
    if "message" in modalities:
        raise EncoderError(f"{path}: chat templates are not supported.", code="encoder_unsupported")
    unknown = [key for key, value in fields.items() if key not in _HARMLESS and value]
    if unknown:
        raise EncoderError(
            f"{path} sets options that are not understood: {sorted(unknown)}.",
            code="encoder_unsupported",
        )
    return fields


def read_expansion(fields: Mapping[str, Any], where: Path) -> Expansion | None:
    """Return the query expansion of ``query_expansion``, or None where there is none.

    Raises:
        EncoderError: It has unknown keys or impossible values.
    """
    value = fields.get("query_expansion")
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() - _EXPANSION_KEYS:
        raise EncoderError(
            f"{where}: query_expansion must be an object with the keys {sorted(_EXPANSION_KEYS)}, "
            f"not {value!r}.",
            code="encoder_unsupported",
        )
    length = read_length(value, "length", where)
    if value.get("strategy") not in EXPANSION_STRATEGIES or length is None:
        raise EncoderError(
            f"{where}: query_expansion needs a strategy of {EXPANSION_STRATEGIES} and a length, "
            f"not {value!r}.",
            code="encoder_unsupported",
        )
    return Expansion(
        strategy=value["strategy"],
        length=length,
        attend=bool(value.get("attend", False)),
        token=read_text(value, "token", where) or None,
    )
