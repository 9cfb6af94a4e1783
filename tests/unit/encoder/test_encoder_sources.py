"""Names of models, without a network."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from colmodern.encoder import Encoder, load_encoder
from colmodern.encoder.checkpoint import sources
from colmodern.errors import EncoderError


def fake_hub(monkeypatch, *, cached=None, downloaded=None):
    """Put a hub in place that has these folders, and return the calls made to it."""
    calls = []

    def snapshot_download(name, *, local_files_only=False, allow_patterns=None):
        calls.append((name, local_files_only))
        folder = cached if local_files_only else downloaded
        if folder is None:
            raise FileNotFoundError("no copy") if local_files_only else ConnectionError("offline")
        return str(folder)

    hub = SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    return calls


def test_a_folder_is_named_by_its_absolute_path(checkpoints, monkeypatch):
    folder = checkpoints.pylate()
    monkeypatch.chdir(folder.parent)

    found = Encoder.load(folder.name)

    assert found.name == str(folder.resolve())


def test_the_default_model_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "DEFAULT_FOLDER", tmp_path / "default")

    with pytest.raises(EncoderError, match="comes without the default model"):
        Encoder.load()


def test_the_default_model_is_loaded_by_its_name(checkpoints, monkeypatch):
    monkeypatch.setattr(sources, "DEFAULT_FOLDER", checkpoints.sentence_transformers())

    assert Encoder.load().name == "default"


NO_MODELS = ["no-such-folder", "/no/such/folder", "./no/such", "a/b/c", "", "~nobody-here/model"]


@pytest.mark.parametrize("name", NO_MODELS)
def test_a_name_that_is_nothing_is_refused(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EncoderError, match="neither a folder"):
        Encoder.load(name)


def test_a_file_in_place_of_a_folder_is_refused(checkpoints):
    with pytest.raises(EncoderError, match="is a file"):
        Encoder.load(checkpoints.pylate() / "model.safetensors")


@pytest.mark.parametrize("name", ["x" * 5000, f"hash:{'9' * 5000}:0", f"o/{'x' * 300}"])
def test_a_name_that_no_file_can_have_is_refused_and_lies_nowhere(name):
    with pytest.raises(EncoderError):
        load_encoder(name)
    assert sources.find_local_model(name) is None


@pytest.mark.parametrize("length", ["0", "-1", "many", ""])
def test_a_window_option_that_is_no_length_is_refused(length):
    with pytest.raises(EncoderError, match="document_length must be a whole number"):
        Encoder.load(f"default?document_length={length}")


def test_a_model_in_the_cache_needs_no_network(checkpoints, monkeypatch):
    calls = fake_hub(monkeypatch, cached=checkpoints.pylate())

    assert Encoder.load("some/model").name == "some/model"
    assert calls == [("some/model", True)]


def test_a_model_that_is_not_in_the_cache_is_fetched(checkpoints, monkeypatch, tmp_path):
    partial = tmp_path / "partial"
    partial.mkdir()
    for cached in (None, partial):
        calls = fake_hub(monkeypatch, cached=cached, downloaded=checkpoints.pylate())
        Encoder.load("some/model")
        assert calls == [("some/model", True), ("some/model", False)]


def test_a_model_that_cannot_be_fetched_says_what_to_do(monkeypatch):
    fake_hub(monkeypatch)

    with pytest.raises(EncoderError, match=r"not in the local cache .* offline.* --local-dir"):
        Encoder.load("some/model")


def test_a_missing_hub_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)

    with pytest.raises(EncoderError, match="pip install huggingface_hub"):
        Encoder.load("some/model")
