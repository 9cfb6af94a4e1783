"""Weights in several files give the vectors of weights in one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from colmodern import Encoder
from colmodern.encoder.checkpoint.shards import has_weights
from colmodern.errors import EncoderError


def split(folder, n_shards=3):
    """Save the weights of a folder in shards, as transformers does; return the index."""
    whole = folder / "model.safetensors"
    tensors = load_file(whole)
    whole.unlink()
    names = [f"model-{n + 1:05}-of-{n_shards:05}.safetensors" for n in range(n_shards)]
    weight_map = {tensor: names[n % n_shards] for n, tensor in enumerate(sorted(tensors))}
    for name in names:
        own = {tensor: tensors[tensor] for tensor, file in weight_map.items() if file == name}
        save_file(own, folder / name, {"format": "pt"})
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


def change(index, **fields):
    index.write_text(json.dumps(json.loads(index.read_text()) | fields))


@pytest.mark.parametrize("layout", ["pylate", "sentence_transformers", "stanford"])
def test_shards_are_read_as_one_file(checkpoints, layout):
    folder = getattr(checkpoints, layout)()
    one = Encoder.load(folder)
    expected, fingerprint = one.encode_documents(["a b"])[0], one.fingerprint
    split(folder)
    several = Encoder.load(folder)
    np.testing.assert_array_equal(several.encode_documents(["a b"])[0].vectors, expected.vectors)
    assert several.fingerprint == fingerprint


def test_one_file_goes_before_an_index(checkpoints):
    folder = checkpoints.pylate()
    (folder / "model.safetensors.index.json").write_text("{}")
    Encoder.load(folder)


@pytest.mark.parametrize(
    "name",
    ["../model.safetensors", "/etc/model.safetensors", "a/b.safetensors", "..", "x.bin", 3, None,
     "a\\b.safetensors", "a\0.safetensors"],
)  # fmt: skip
def test_an_index_names_files_of_its_folder_alone(checkpoints, name):
    index = split(checkpoints.pylate())
    change(index, weight_map={"a": name})
    with pytest.raises(EncoderError, match="no safetensors file of its folder"):
        Encoder.load(index.parent)


@pytest.mark.parametrize("weight_map", [None, {}, [], "model.safetensors"])
def test_an_index_without_a_map_is_refused(checkpoints, weight_map):
    index = split(checkpoints.pylate())
    change(index, weight_map=weight_map)
    with pytest.raises(EncoderError, match='has no "weight_map"'):
        Encoder.load(index.parent)


def test_a_missing_shard_is_named(checkpoints):
    folder = split(checkpoints.pylate()).parent
    assert has_weights(folder)
    (folder / "model-00002-of-00003.safetensors").unlink()
    assert not has_weights(folder)
    with pytest.raises(EncoderError, match="model-00002-of-00003"):
        Encoder.load(folder)


def test_a_shard_without_its_tensor_is_refused(checkpoints):
    folder = split(checkpoints.pylate()).parent
    save_file({"other": np.zeros(1, np.float32)}, folder / "model-00002-of-00003.safetensors")
    with pytest.raises(EncoderError, match="lacks the tensor"):
        Encoder.load(folder)


def test_pickled_weights_are_refused_with_what_to_do(checkpoints):
    folder = checkpoints.pylate()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="safe_serialization") as caught:
        Encoder.load(folder)
    assert caught.value.code == "encoder_unsupported"
