"""Wrong arguments are refused in words, whatever the instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.errors import ConfigError, KernelUnavailableError
from colmodern.kernels import isa as isa_module

ISAS = kernels.available_isas()


class Columns:
    def __init__(self, n=3, row_bytes=8, id_dtype=np.uint16):
        self.centroid_ids = np.zeros(n, id_dtype)
        self.residuals = np.zeros((n, row_bytes), np.uint8)
        self.gains = np.ones(n, np.float16)
        self.norms = np.ones(n, np.float16)


def call(**changes):
    """Call maxsim_codes with two documents of three tokens, changed at will."""
    arguments = {
        "values": np.zeros((2, 16), np.int8),
        "scales": np.ones(2, np.float32),
        "levels": np.arange(16).astype(np.int8),
        "scores": np.zeros((4, 2), np.float32),
        "codes": Columns(),
        "offsets": np.array([0, 2, 3]),
        "documents": np.array([0, 1]),
        "threads": 1,
    } | changes
    query = kernels.QuantisedQuery(*(arguments.pop(k) for k in ("values", "scales", "levels")))
    threads = arguments.pop("threads")
    return kernels.maxsim_codes(query, *arguments.values(), threads=threads)


def test_the_unchanged_call_is_fine():
    assert call().tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"values": np.zeros((2, 16), np.int16)},
            TypeError,
            "query.values must be int8.*got int16",
        ),
        ({"values": np.zeros((2, 24), np.int8)}, ValueError, "multiple of 16.*got 24"),
        ({"values": np.full((2, 16), -128, np.int8)}, ValueError, "-127..127"),
        ({"scales": np.ones(3, np.float32)}, ValueError, r"query.scales.*\(2\), got shape \(3,\)"),
        ({"levels": np.zeros(8, np.int8)}, ValueError, "2, 4 or 16 elements, got 8"),
        ({"levels": np.array([-64, 64], np.int8)}, ValueError, r"-63..63, got -64..64"),
        ({"scores": np.zeros((4, 3), np.float32)}, ValueError, "scores"),
        ({"scores": np.zeros((2, 4), np.float32).T}, ValueError, "C-contiguous"),
        ({"scores": [[0.0, 0.0]]}, TypeError, "scores must be an array.*got list"),
        ({"codes": Columns(row_bytes=4)}, ValueError, r"codes.residuals.*\(3, 8\).*\(3, 4\)"),
        ({"codes": Columns(id_dtype=np.int64)}, TypeError, "uint16 or uint32.*got int64"),
        ({"offsets": np.array([0, 2])}, ValueError, "end with 3, the number of tokens"),
        ({"offsets": np.array([1, 2, 3])}, ValueError, "begin with 0"),
        ({"offsets": np.zeros(0, np.int64)}, ValueError, "got nothing"),
        ({"documents": np.array([0, 1], np.int32)}, TypeError, "documents must be int64"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
    ],
)
def test_a_wrong_argument_is_named(changes, error, words):
    with pytest.raises(error, match=words):
        call(**changes)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("documents", [[-1], [0, 2]])
def test_a_document_that_is_not_there_is_refused(isa, documents):
    with kernels.use_isa(isa), pytest.raises(ValueError, match="documents"):
        call(documents=np.array(documents))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("offsets", [[0, 4, 3], [0, -1, 3]])
def test_offsets_that_do_not_rise_are_refused(isa, offsets):
    with kernels.use_isa(isa), pytest.raises(ValueError, match="offsets of"):
        call(offsets=np.array(offsets), documents=np.array([0, 1]))


@pytest.mark.parametrize("isa", ISAS)
def test_a_centroid_that_is_not_there_is_refused(isa):
    codes = Columns()
    codes.centroid_ids[2] = 4
    with (
        kernels.use_isa(isa),
        pytest.raises(ValueError, match="centroid id is 4, expected below 4"),
    ):
        call(codes=codes)
    with (
        kernels.use_isa(isa),
        pytest.raises(ValueError, match="centroid id is 4, expected below 4"),
    ):
        kernels.centroid_maxsim(
            np.zeros((4, 2), np.float32), codes.centroid_ids, np.array([0, 3]), np.array([0])
        )


def test_centroids_are_needed_to_find_the_nearest():
    with pytest.raises(ValueError, match="at least one"):
        kernels.pack_centroids(np.zeros((0, 4), np.float32))


def test_the_environment_chooses_the_instruction_set(monkeypatch):
    monkeypatch.setenv("COLMODERN_ISA", "reference")
    assert kernels.active_isa() == "reference"
    monkeypatch.setenv("COLMODERN_ISA", "scalar")
    assert kernels.active_isa() == "scalar"
    for nothing in ("", "auto"):
        monkeypatch.setenv("COLMODERN_ISA", nothing)
        assert kernels.active_isa() == ISAS[-1]


def test_an_unknown_instruction_set_is_refused(monkeypatch):
    monkeypatch.setenv("COLMODERN_ISA", "sse9")
    with pytest.raises(ConfigError, match="'sse9', expected one of auto, reference, scalar"):
        kernels.active_isa()


def test_an_instruction_set_that_the_machine_lacks_is_refused(monkeypatch):
    monkeypatch.setattr(isa_module, "_supported", lambda: ("scalar",))
    isa_module._resolve.cache_clear()
    try:
        with (
            pytest.raises(
                KernelUnavailableError, match="'avx2', which this machine or build lacks"
            ),
            kernels.use_isa("avx2"),
        ):
            pass
    finally:
        isa_module._resolve.cache_clear()


def test_a_missing_extension_is_an_error_and_never_a_fallback(monkeypatch):
    def missing():
        raise KernelUnavailableError("The compiled kernels cannot be loaded")

    isa_module._resolve.cache_clear()
    isa_module._supported.cache_clear()
    monkeypatch.setattr(isa_module, "native", missing)
    try:
        monkeypatch.delenv("COLMODERN_ISA", raising=False)
        with pytest.raises(KernelUnavailableError, match="cannot be loaded"):
            kernels.centroid_scores(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
        assert kernels.available_isas() == ("reference",)
        monkeypatch.setenv("COLMODERN_ISA", "reference")
        scores = kernels.centroid_scores(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32))
        assert scores.tolist() == [[2]]
    finally:
        isa_module._resolve.cache_clear()
        isa_module._supported.cache_clear()
