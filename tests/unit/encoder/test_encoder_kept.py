"""Packed weights and checks in the user's cache."""

from __future__ import annotations

import hashlib
import os
import sys
import threading

import numpy as np
import pytest

from colmodern import kernels
from colmodern.encoder import Encoder
from colmodern.encoder.forward.native import NativeModel
from colmodern.encoder.kept.folder import cache_folder, keep, open_kept
from colmodern.encoder.kept.packed import PACKING, PackedWeights
from colmodern.kernels import use_isa

TEXTS = ["who may revoke a key that has leaked", "the quick brown fox jumps over a lazy dog"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("COLMODERN_CACHE", str(path))
    return path


@pytest.fixture
def model(checkpoints):
    return checkpoints.sentence_transformers()


def vectors(model, precision="int8"):
    found = Encoder.load(model, precision=precision).encode_documents(TEXTS)
    return np.concatenate([text.vectors for text in found])


def packed_file(cache):
    (path,) = cache.glob("*.packed")
    return path


def was_mapped(model, precision="int8"):
    """Say whether a model reads packed weights that were kept."""
    return Encoder.load(model, precision=precision)._runner._model.packed == []


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_kept_weights_give_the_same_bits(cache, model, precision):
    first = vectors(model, precision)

    assert was_mapped(model, precision)
    np.testing.assert_array_equal(vectors(model, precision), first)
    assert packed_file(cache).stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_copy_of_a_checkpoint_shares_them_and_other_weights_do_not(cache, model, checkpoints):
    vectors(model)
    copy = checkpoints.folder()
    for path in model.rglob("*"):
        target = copy / path.relative_to(model)
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())
    assert was_mapped(copy)

    checkpoints.backbone(model, seed=5)

    assert not was_mapped(model)
    assert len(list(cache.glob("*.packed"))) == 2


def test_windows_of_another_length_share_them(cache, model):
    vectors(model)

    encoder = Encoder.load(model, precision="int8", document_length=20)

    assert encoder._runner._model.packed == []


def cut(data):
    return data[:-64]


def emptied(data):
    return b""


def header_only(data):
    return data[:64]


def one_bit(data):
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    return bytes(changed)


def zeroed(data):
    return data[:64] + bytes(len(data) - 64)


def renamed(data):
    return data[:16] + bytes(32) + data[48:]


@pytest.mark.parametrize("harm", [cut, emptied, header_only, one_bit, zeroed, renamed])
def test_a_damaged_file_is_told_and_made_again(cache, model, harm, caplog):
    expected = vectors(model)
    path = packed_file(cache)
    sound = path.read_bytes()
    path.write_bytes(harm(sound))

    np.testing.assert_array_equal(vectors(model), expected)

    assert "is damaged; weights are packed again" in caplog.text
    assert packed_file(cache).read_bytes() == sound


def test_a_forged_file_of_another_size_is_refused(cache, model, caplog):
    expected = vectors(model)
    path = packed_file(cache)
    for change in (lambda body: body[:-64], lambda body: body + bytes(64)):
        data = path.read_bytes()
        body = change(data[64:])
        checksum = kernels.native().checksum(np.frombuffer(body, np.uint8), threads=1)
        sizes = len(body).to_bytes(8, "little") + checksum.to_bytes(8, "little")
        path.write_bytes(data[:48] + sizes + body)

        np.testing.assert_array_equal(vectors(model), expected)

        assert "is of other weights" in caplog.text
        caplog.clear()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
def test_a_file_that_others_may_write_is_not_used(cache, model, caplog):
    vectors(model)
    packed_file(cache).chmod(0o666)

    assert not was_mapped(model)
    assert "others may write it" in caplog.text


def test_a_folder_in_its_place_is_not_used(cache, model):
    vectors(model)
    path = packed_file(cache)
    path.unlink()
    path.mkdir()

    assert not was_mapped(model)


def test_off_keeps_nothing(tmp_path, model, monkeypatch):
    monkeypatch.setenv("COLMODERN_CACHE", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))

    vectors(model)

    assert cache_folder() is None
    assert not (tmp_path / "home").exists()


def test_without_the_variable_the_user_s_cache_is_taken(tmp_path, monkeypatch):
    monkeypatch.delenv("COLMODERN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert cache_folder() == tmp_path / "colmodern"


@pytest.mark.parametrize("named", ["~nobody-here/cache", None])
def test_without_a_home_nothing_is_kept(named, monkeypatch):
    monkeypatch.delenv("COLMODERN_CACHE")
    if named is None:
        monkeypatch.setattr(sys, "platform", "another")
        monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: "~/.cache/colmodern")
    else:
        monkeypatch.setenv("COLMODERN_CACHE", named)
    assert cache_folder() is None


def test_a_cache_that_cannot_be_made_changes_nothing(tmp_path, model, monkeypatch):
    expected = vectors(model)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COLMODERN_CACHE", str(tmp_path / "file" / "cache"))

    np.testing.assert_array_equal(vectors(model), expected)


def test_a_full_disk_leaves_nothing_behind(cache):
    def write(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    assert not keep("name.packed", write)
    assert list(cache.iterdir()) == []


def test_writers_at_the_same_time_leave_one_whole_file(cache):
    def write_all(value):
        for _ in range(20):
            assert keep("name.packed", lambda file: file.write(bytes([value]) * 100_000))

    threads = [threading.Thread(target=write_all, args=(value,)) for value in (1, 2, 3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        file = open_kept("name.packed")
        if file is not None:
            with file:
                data = file.read()
            assert (len(data), len(set(data))) == (100_000, 1)
    for thread in threads:
        thread.join()
    assert [path.name for path in cache.glob("*.packed")] == ["name.packed"]
    assert not list(cache.glob("*.part"))


def test_what_nobody_reads_is_removed_and_nothing_else(cache):
    cache.mkdir()
    for name in ("old.packed", "old.check", "new.packed", "old.txt", ".old.part"):
        (cache / name).write_text("x")
        if "old" in name:
            os.utime(cache / name, (0, 0))

    keep("another.check", lambda file: file.write(b"x"))

    assert sorted(path.name for path in cache.iterdir()) == [
        "another.check",
        "new.packed",
        "old.txt",
    ]


def test_a_file_that_is_read_counts_as_used(cache):
    keep("a.packed", lambda file: file.write(b"x"))
    os.utime(cache / "a.packed", (0, 0))

    open_kept("a.packed").close()
    keep("b.packed", lambda file: file.write(b"x"))

    assert (cache / "a.packed").exists()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_checksum_sees_every_bit_and_no_thread(threads):
    checksum = kernels.native().checksum
    data = np.random.default_rng(0).integers(0, 256, 600_000 // 64 * 64, np.uint8)
    found = checksum(data, threads=1)
    assert checksum(data, threads=threads) == found
    for place in (0, 7, 63, 64, 300_000, len(data) - 1):
        for bit in (1, 128):
            changed = data.copy()
            changed[place] ^= bit
            assert checksum(changed, threads=threads) != found
    assert checksum(data[64:], threads=threads) != found
    assert checksum(np.roll(data, 64), threads=threads) != found


def test_a_checksum_of_half_a_line_is_refused():
    with pytest.raises(ValueError, match="whole lines of 64 bytes"):
        kernels.native().checksum(np.zeros(65, np.uint8), threads=1)


PACKED = {
    ("scalar", "fp32"): "afc4a2643718d966",
    ("scalar", "int8"): "c8c000d7ba0c4e73",
    ("avx2", "int8"): "e746aafebf3ba5a0",
}


@pytest.mark.parametrize(("isa", "precision"), PACKED)
def test_what_is_packed_changes_with_its_number_only(checkpoints, isa, precision):
    if isa not in kernels.available_isas():
        pytest.skip("this machine lacks it")
    with use_isa(isa):
        encoder = Encoder.load(checkpoints.sentence_transformers(), precision=precision)
    assert isinstance(encoder._runner, NativeModel)
    digest = hashlib.sha256(b"".join(piece.tobytes() for piece in encoder._runner._model.packed))

    # If this fails, weights are packed in another way than before: raise PACKING, and files that
    # were kept are no longer read.
    assert (PACKING, digest.hexdigest()[:16]) == (2, PACKED[isa, precision])


def test_the_number_is_part_of_the_name():
    weights = PackedWeights("ab" * 32, "avx2-int8", threads=1)
    assert weights.name == f"{'ab' * 16}-avx2-int8-{PACKING}.packed"
