"""Where are the weights of a checkpoint? In one file, or in shards that an index lists.

Large checkpoints are saved as ``model-00001-of-00002.safetensors`` and so on, beside
``model.safetensors.index.json``, whose ``weight_map`` says which file holds which tensor.
"""

from __future__ import annotations

from pathlib import Path

from colmodern.encoder.checkpoint.specs import read_json
from colmodern.encoder.checkpoint.tensors import StoredTensor, open_tensors
from colmodern.errors import EncoderError

__all__ = ["has_weights", "open_weights"]

_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def open_weights(path: Path) -> dict[str, StoredTensor]:
    """Return the float tensors of a checkpoint by name, as ``open_tensors`` does for one file.

    Args:
        path: The file of all weights; where it is not there, the index beside it is taken.

    Raises:
        EncoderError: There are no weights, the index cannot be read or names a file outside the
            folder, or a shard is missing or broken.
    """
    index = _index_of(path)
    if not path.exists() and index.is_file():
        return _open_shards(index)
    _refuse_pickled(path)
    return open_tensors(path)


def has_weights(folder: Path) -> bool:
    """Say whether a folder has weights, all of their shards included."""
    if not any(folder.glob("*.safetensors")):
        return False
    return all(
        (folder / name).is_file()
        for index in folder.glob("*.safetensors.index.json")
        for name in set(_weight_map(index).values())
    )


def _index_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.index.json")


def _open_shards(index: Path) -> dict[str, StoredTensor]:
    weight_map = _weight_map(index)
    shards = {name: open_tensors(index.parent / name) for name in sorted(set(weight_map.values()))}
    # What a shard lacks is missed where it is wanted; tensors of whole numbers are no weights.
    return {name: shards[file][name] for name, file in weight_map.items() if name in shards[file]}


def _weight_map(index: Path) -> dict[str, str]:
    """Return the name of the file of each tensor: a file beside the index, and no other."""
    found = read_json(index).get("weight_map")
    if not isinstance(found, dict) or not found:
        raise EncoderError(
            f'{index} has no "weight_map" of tensors and files. Copy the checkpoint again.',
            code="encoder_unreadable",
        )
    for tensor, file in found.items():
        is_plain = isinstance(file, str) and file.endswith(".safetensors")
        if not is_plain or file != Path(file).name or "\\" in file or "\0" in file:
            raise EncoderError(
                f"{index} says that tensor {tensor!r} is in {file!r}, which is no safetensors file "
                "of its folder.",
                code="encoder_unreadable",
            )
    return found


def _refuse_pickled(path: Path) -> None:
    if path.exists():
        return
    for name in _PICKLED:
        if path.with_name(name).exists():
            raise EncoderError(
                f"{path.parent} has its weights in {name}, which can hold programs and is not "
                "read. Save them as safetensors: "
                "model.save_pretrained(FOLDER, safe_serialization=True).",
                code="encoder_unsupported",
            )
