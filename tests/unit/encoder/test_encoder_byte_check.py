"""Any checkpoint may run in bytes, once they have been compared with fp32."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from colmodern import kernels
from colmodern.encoder import Encoder
from colmodern.encoder.byte_check import ByteCheck, compare_bytes
from colmodern.encoder.checkpoint.sources import DEFAULT_FOLDER
from colmodern.encoder.kept.verdicts import keep_check, kept_check
from colmodern.encoder.opening import OwnRunners
from colmodern.kernels import use_isa

FAST = sorted({"avx2", "avxvnni", "avx512vnni", "amx"} & set(kernels.available_isas()))

needs_bytes = pytest.mark.skipif(not FAST, reason="bytes are not the fastest here")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("COLMODERN_CACHE", str(path))
    return path


@pytest.fixture
def student(tmp_path):
    """A checkpoint like the default one that nobody has measured."""
    folder = tmp_path / "student"
    shutil.copytree(DEFAULT_FOLDER, folder)
    change(folder, lambda name, values: values * np.float32(1.25) if "final_norm" in name else None)
    return folder


def change(folder, new):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    for name, values in tensors.items():
        changed = new(name, values)
        if changed is not None:
            tensors[name] = np.asarray(changed, values.dtype)
    save_file(tensors, file, {"format": "pt"})


def stick_out(folder, factor):
    """Make one channel greater before each linear layer, whose weights take it back."""

    def new(name, values):
        if name.startswith("layers") and name.endswith("norm.weight"):
            return np.where(np.arange(len(values)) == 3, values * factor, values)
        if name.endswith(("Wqkv.weight", "Wi.weight")) and "layers.0.attn" not in name:
            return np.where(np.arange(values.shape[1]) == 3, values / factor, values)
        return None

    change(folder, new)


def forbid_checks(monkeypatch):
    def fail(*_):
        raise AssertionError("a check was made")

    monkeypatch.setattr(OwnRunners, "_check_bytes", fail)


@needs_bytes
@pytest.mark.parametrize("isa", FAST)
def test_a_checkpoint_that_passes_runs_in_bytes_wherever_it_lies(cache, student, isa, monkeypatch):
    with use_isa(isa):
        assert Encoder.load(student).precision == "int8"
        (file,) = cache.glob("*.check")
        found = json.loads(file.read_text())
        assert 0 < found["error"] < 0.0004
        forbid_checks(monkeypatch)
        moved = student.rename(student.with_name("moved"))
        assert Encoder.load(moved).precision == "int8"


@needs_bytes
@pytest.mark.parametrize("isa", FAST)
def test_channels_that_stick_out_are_not_run_in_bytes(cache, checkpoints, isa, monkeypatch):
    folder = checkpoints.sentence_transformers()
    stick_out(folder, 1000)
    with use_isa(isa):
        assert Encoder.load(folder).precision != "int8"
        assert len(list(cache.glob("*.check"))) == 1
        forbid_checks(monkeypatch)
        assert Encoder.load(folder).precision != "int8"
        assert Encoder.load(folder, precision="int8").precision == "int8"


@needs_bytes
def test_weights_that_are_no_numbers_are_not_run_in_bytes(cache, checkpoints):
    folder = checkpoints.sentence_transformers()
    change(folder, lambda name, values: values * np.nan if "final_norm" in name else None)

    with use_isa(FAST[-1]):
        assert Encoder.load(folder).precision != "int8"


@needs_bytes
@pytest.mark.parametrize("isa", FAST)
def test_the_default_student_has_been_measured(isa, monkeypatch):
    forbid_checks(monkeypatch)
    with use_isa(isa):
        assert Encoder.load().precision == "int8"


@needs_bytes
def test_a_copy_of_the_default_student_has_been_measured(tmp_path, monkeypatch):
    forbid_checks(monkeypatch)
    folder = shutil.copytree(DEFAULT_FOLDER, tmp_path / "copy")
    with use_isa(FAST[-1]):
        assert Encoder.load(folder).precision == "int8"


@needs_bytes
@pytest.mark.parametrize("place", ["off", "file/cache"])
def test_without_a_cache_no_check_is_made_at_each_load(tmp_path, student, monkeypatch, place):
    forbid_checks(monkeypatch)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COLMODERN_CACHE", place if place == "off" else str(tmp_path / place))
    with use_isa(FAST[-1]):
        assert Encoder.load(student).precision != "int8"


def test_no_check_is_made_where_bytes_are_slow_or_a_precision_is_named(student, cache, monkeypatch):
    forbid_checks(monkeypatch)
    with use_isa("scalar"):
        assert Encoder.load(student).precision == "fp32"
    assert Encoder.load(student, precision="fp32").precision == "fp32"


CHECK = ByteCheck(error=0.1, far=0.2, misplaced=0.3)


def test_what_is_kept_comes_back(cache):
    assert kept_check("ab" * 32, "avx2") is None
    assert keep_check("ab" * 32, "avx2", CHECK)

    assert kept_check("ab" * 32, "avx2") == CHECK
    assert kept_check("ab" * 32, "amx") is None
    assert kept_check("ab" * 16 + "cd" * 16, "avx2") is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", "{", '{"digest": "DIGEST"}', '{"digest": "DIGEST", "error": "x"}'],
)
def test_a_damaged_check_is_made_again(cache, text, caplog):
    digest = "ab" * 32
    keep_check(digest, "avx2", CHECK)
    (file,) = cache.glob("*.check")
    file.write_text(text.replace("DIGEST", digest))

    assert kept_check(digest, "avx2") is None
    assert "the check is made again" in caplog.text
    assert not file.exists()


def unit(rows):
    return np.asarray(rows, np.float32) / np.linalg.norm(rows, axis=1, keepdims=True)


def some_vectors(seed, n):
    rng = np.random.default_rng(seed)
    return [unit(rng.normal(size=(5, 16))) for _ in range(n)]


def test_equal_vectors_pass():
    both = some_vectors(0, 3), some_vectors(1, 6)

    check = compare_bytes(both, both)

    assert check == ByteCheck(0, 0, 0)
    assert check.passes


def test_documents_that_change_places_do_not_pass():
    queries, documents = some_vectors(0, 3), some_vectors(1, 6)

    check = compare_bytes((queries, documents), (queries, documents[::-1]))

    assert check.misplaced > 0.3
    assert not check.passes


def test_a_few_vectors_that_are_far_do_not_pass():
    queries, documents = some_vectors(0, 3), some_vectors(1, 60)
    harmed = [rows.copy() for rows in documents]
    for rows in harmed[::10]:
        rows[0] = unit(rows[:1] + 0.05)

    check = compare_bytes((queries, documents), (queries, harmed))

    assert check.error <= 0.002
    assert not check.passes


def test_nothing_to_compare_does_not_pass():
    assert not compare_bytes(([], []), ([], [])).passes
    nan = [np.full((2, 4), np.nan, np.float32)]
    assert not compare_bytes((nan, nan), (nan, nan)).passes
