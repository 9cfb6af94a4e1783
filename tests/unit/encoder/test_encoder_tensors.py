"""Weights files, sound and damaged."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from colmodern.encoder.checkpoint.tensors import open_tensors
from colmodern.errors import EncoderError


def write_raw(path, header, data=b""):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)
    return path


def entry(shape, n_bytes, dtype="F32", begin=0):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, begin + n_bytes]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_tensors_come_back_as_the_library_wrote_them(path):
    rng = np.random.default_rng(0)
    full = rng.normal(size=(5, 3)).astype(np.float32)
    half = rng.normal(size=(4, 2)).astype(np.float16)
    save_file({"full": full, "half": half, "counts": np.arange(3)}, path)

    tensors = open_tensors(path)

    assert sorted(tensors) == ["full", "half"]
    np.testing.assert_array_equal(tensors["full"].to_float32(), full)
    np.testing.assert_array_equal(tensors["half"].to_float32(), half.astype(np.float32))
    np.testing.assert_array_equal(tensors["half"].rows(np.array([3, 0])), half[[3, 0]])
    np.testing.assert_array_equal(tensors["full"].transposed(), full.T)
    order = np.array([4, 0, 1, 2, 3])
    np.testing.assert_array_equal(tensors["full"].transposed(order), full[order].T)
    assert tensors["full"].transposed().flags.c_contiguous


def test_bfloat16_is_widened(path):
    # 1.0, -2.0, 3.140625 and the smallest step above 1 in bfloat16
    bits = np.array([[0x3F80, 0xC000], [0x4049, 0x3F81]], np.uint16)
    write_raw(path, {"w": entry([2, 2], 8, "BF16")}, bits.tobytes())

    tensor = open_tensors(path)["w"]

    np.testing.assert_array_equal(tensor.to_float32(), [[1.0, -2.0], [3.140625, 1.0078125]])
    np.testing.assert_array_equal(tensor.transposed(), [[1.0, 3.140625], [-2.0, 1.0078125]])
    np.testing.assert_array_equal(tensor.rows(np.array([1])), [[3.140625, 1.0078125]])


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        (b"not json", b"", "not JSON"),
        ([], b"", "not a JSON object"),
        ({"w": {"dtype": "F32"}}, b"", "broken entry for tensor 'w'"),
        ({"w": entry(["x"], 8)}, b"", "broken entry"),
        ({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4]}}, b"", "broken entry"),
        ({"w": entry([2], 8)}, b"1234", "cut short: tensor 'w' ends at byte 8 .* holds 4"),
        ({"w": entry([3], 8)}, b"12345678", r"shape \[3\] .* cannot take 8 bytes"),
        ({"w": entry([-1], -4)}, b"12345678", "broken entry"),
        ({"w": entry([1], 4, begin=-4)}, b"12345678", "broken entry"),
        ({"w": entry([1], 4, dtype=["F32"])}, b"1234", "broken entry"),
        ({"w": entry([float("inf")], 4)}, b"1234", "broken entry"),
        ({"w": entry([1.5], 4)}, b"1234", "broken entry"),
        ({"w": entry([True], 4)}, b"1234", "broken entry"),
        ({"w": entry({"1": 1}, 4)}, b"1234", "broken entry"),
        ({"w": entry([1 << 61, 16], 4)}, b"1234", "cannot take"),
        ({"w": entry([1], 4), "v": entry([1], 4)}, b"1234", "'v' and 'w' overlap"),
        ({"w": entry([2], 8), "v": entry([1], 4, begin=4)}, b"12345678", "'w' and 'v' overlap"),
        ({"w": entry([1], 4, begin=1)}, b"12345", "no multiple of 4"),
        (b'{"w":' * 100_000, b"", "is not JSON"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(path, header, data, message):
    with pytest.raises(EncoderError, match=message):
        open_tensors(write_raw(path, header, data))


@pytest.mark.parametrize("content", [b"", b"1234567"])
def test_a_file_without_a_header_is_refused(path, content):
    path.write_bytes(content)

    with pytest.raises(EncoderError, match="too few for a header"):
        open_tensors(path)


def test_a_text_file_is_refused(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")

    with pytest.raises(EncoderError, match="Git LFS"):
        open_tensors(path)


def test_a_missing_file_is_refused(path):
    with pytest.raises(EncoderError, match="cannot be read"):
        open_tensors(path)


def test_every_truncation_is_refused(path):
    save_file({"w": np.ones((4, 4), np.float32), "v": np.ones(3, np.float16)}, path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(EncoderError):
            open_tensors(path)
