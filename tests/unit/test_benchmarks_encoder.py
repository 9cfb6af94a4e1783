"""The encoder beside others: what runs, and whether it is the same model."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.encoder import __main__ as bench
from benchmarks.encoder.loads import Load
from benchmarks.encoder.own import open_own, own_vectors, projected
from benchmarks.encoder.peers import PEERS, run_filled
from colmodern.encoder.checkpoint.sources import DEFAULT_FOLDER


@pytest.fixture(scope="module")
def encoders():
    return {"fp32": open_own("fp32", 1, DEFAULT_FOLDER)}


def test_short_texts_of_a_batch_are_filled_up():
    seen = []
    load = Load("two", [[np.array([5, 6, 7]), np.array([8])]])

    run_filled(lambda ids, mask: seen.append((ids.tolist(), mask.tolist())))(load)

    assert seen == [([[5, 6, 7], [8, 0, 0]], [[1, 1, 1], [1, 0, 0]])]


def test_another_model_is_not_measured(encoders, capsys):
    hidden = encoders["fp32"]._config.hidden_size

    def other(ids, mask):
        rng = np.random.default_rng(0)
        return rng.standard_normal((*ids.shape, hidden), np.float32)

    bench.print_agreement(encoders, {"Other int8": other}, 1)
    assert "Other int8: cosine " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="Other fp32 makes other vectors"):
        bench.print_agreement(encoders, {"Other fp32": other}, 1)


def test_hidden_states_of_others_are_projected_as_ours_are(encoders):
    hidden = np.ones((2, encoders["fp32"]._config.hidden_size), np.float32)

    found = projected(encoders["fp32"], hidden)

    assert found.shape == own_vectors(encoders["fp32"], [np.array([5, 6])], 1).shape
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert hidden.min() == 1  # they are left as they are


def test_what_to_compare_with_is_named_or_all(monkeypatch, capsys):
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: name != "openvino" or None)

    assert bench.read_options([]).compare == []
    assert bench.read_options(["--compare", "transformers"]).compare == ["transformers"]
    with pytest.raises(SystemExit):
        bench.read_options(["--compare"])
    assert "openvino is not installed" in capsys.readouterr().err

    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: name)
    assert bench.read_options(["--compare"]).compare == list(PEERS)
