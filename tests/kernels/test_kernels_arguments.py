"""Wrong arguments are refused in words, whatever the instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from colmodern import kernels
from colmodern.errors import ConfigError, KernelUnavailableError
from colmodern.kernels import isa as isa_module

from .one_segment import code_maxima, maxsim_codes, smooth_maxsim
from .one_segment import gather as gather_in_segment

ISAS = kernels.available_isas()


class Columns:
    def __init__(self, n=3, row_bytes=8, id_dtype=np.uint16):
        self.centroid_ids = np.zeros(n, id_dtype)
        self.residuals = np.zeros((n, row_bytes), np.uint8)
        self.gains = np.ones(n, np.float16)
        self.norms = np.ones(n, np.float16)


def a_table(n_centroids=4, n_query=2, steps=1.0):
    table = kernels.CentroidTable.empty(n_centroids, np.full(n_query, steps, np.float32))
    table.rows[:] = 0
    return table


def odd_table(rows):
    return kernels.CentroidTable(rows, np.ones(np.shape(rows)[-1], np.float32), 2)


def off_a_cache_line():
    return odd_table(a_table(5).rows.reshape(-1)[16 : 16 + 4 * 32].reshape(4, 32))


def call(**changes):
    """Call maxsim_codes with two documents of three tokens, changed at will."""
    arguments = {
        "values": np.zeros((2, 16), np.int8),
        "steps": np.ones(2, np.float32),
        "levels": np.arange(16).astype(np.int8),
        "bits": 4,
        "table": a_table(),
        "codes": Columns(),
        "offsets": np.array([0, 2, 3]),
        "documents": np.array([0, 1]),
        "threads": 1,
    } | {name: value() if callable(value) else value for name, value in changes.items()}
    parts = [arguments.pop(name) for name in ("values", "steps", "levels")]
    query = kernels.QuantisedQuery(*parts, np.float32(1), arguments.pop("bits"))
    return maxsim_codes(query, **arguments)


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
        ({"steps": np.ones(3, np.float32)}, ValueError, r"query.steps.*\(2\), got shape \(3,\)"),
        ({"levels": np.zeros(8, np.int8)}, ValueError, r"levels.*\(16\), got shape \(8,\)"),
        ({"levels": np.repeat([-64, 64], 8).astype(np.int8)}, ValueError, r"got -64..64"),
        ({"bits": 3}, ValueError, "query.bits must be 1, 2 or 4, got 3"),
        ({"table": a_table(n_query=3)}, ValueError, "of 2 query tokens, got 3"),
        ({"table": lambda: a_table(steps=np.inf)}, ValueError, "steps must be finite"),
        ({"table": lambda: odd_table(np.zeros((32, 64), np.int16).T)}, ValueError, "C-contiguous"),
        (
            {"table": lambda: odd_table(np.zeros((4, 32), np.float32))},
            TypeError,
            "int16.*got float32",
        ),
        (
            {"table": lambda: odd_table(np.zeros((4, 16), np.int16))},
            ValueError,
            "has 16 lanes for 2",
        ),
        (
            {"table": lambda: odd_table([[0, 0]])},
            TypeError,
            "table.rows must be an array.*got list",
        ),
        ({"table": off_a_cache_line}, ValueError, "cache line"),
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
        smooth_maxsim(a_table(), codes.centroid_ids, np.array([0, 3]), np.array([0]))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("sharpness", [-0.1, 64.5, float("nan"), float("inf")])
def test_a_sharpness_that_would_overflow_is_refused(isa, sharpness):
    vectors = np.ones((1, 16), np.float32)
    with kernels.use_isa(isa), pytest.raises(ValueError, match="sharpness must lie within 0 to 64"):
        call(sharpness=sharpness)
    with kernels.use_isa(isa), pytest.raises(ValueError, match="sharpness must lie within 0 to 64"):
        kernels.maxsim(vectors, vectors, np.array([0, 1]), sharpness=sharpness)
    with pytest.raises(ValueError, match="sharpness must lie within 0 to 64"):
        kernels.total(vectors[0], sharpness)


@pytest.mark.parametrize("isa", ISAS)
def test_what_is_expected_of_other_query_tokens_is_refused(isa):
    vectors = np.ones((1, 16), np.float32)
    with kernels.use_isa(isa):
        for expected in (np.zeros(3, np.float32), np.zeros((1, 1), np.float32)):
            with pytest.raises(ValueError, match="expected must be float32 of shape"):
                call(expected=expected)
            with pytest.raises(ValueError, match="expected must be float32 of shape"):
                kernels.maxsim(vectors, vectors, np.array([0, 1]), expected=expected)
        with pytest.raises(TypeError, match="expected must be float32"):
            call(expected=np.zeros(1))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("ids", "offsets", "words"),
    [
        ([0, 4], [0, 2], "centroid id is 4, expected below 4"),
        ([0, 1], [0, 1], "end with 2"),
        ([0, 1], [1, 2], "begin with 0"),
        ([0, 1], [0, 3, 2], "offsets of"),
        ([0, 1], [0, -1, 2], "offsets of"),
    ],
)
def test_documents_that_do_not_fit_a_table_are_refused(isa, ids, offsets, words):
    with kernels.use_isa(isa), pytest.raises(ValueError, match=words):
        kernels.expected_maxima(a_table(), np.array(ids, np.uint32), np.array(offsets))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("n", [-1, 0, 5])
def test_no_more_centroids_are_probed_than_there_are(isa, n):
    with kernels.use_isa(isa), pytest.raises(ValueError, match=f"1 to 4, got {n}"):
        kernels.probe(a_table(), n)


def gather(**changes):
    """Call gather with four centroids and six documents, changed at will."""
    arguments = {
        "probed": np.array([[1, 0], [3, 2]], np.uint32),
        "posting_offsets": np.array([0, 2, 4, 4, 5]),
        "postings": np.array([0, 1, 2, 3, 5], np.uint16),
        "allowed": np.ones(6, np.bool_),
        "limit": 10,
    } | changes
    return gather_in_segment(a_table(), *arguments.values())


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"probed": np.zeros((2, 2), np.int64)}, TypeError, "probed must be uint32.*got int64"),
        ({"probed": np.zeros((3, 2), np.uint32)}, ValueError, "probed"),
        ({"probed": np.full((2, 2), 4, np.uint32)}, ValueError, "centroid is 4, expected below 4"),
        ({"posting_offsets": np.array([0, 2, 4, 5])}, ValueError, "posting_offsets"),
        ({"postings": np.zeros(5, np.int32)}, TypeError, "uint16 or uint32.*got int32"),
        ({"allowed": np.ones(6, np.uint8)}, TypeError, "allowed must be bool"),
        ({"limit": -1}, ValueError, "at least 0, got -1"),
        ({"posting_offsets": np.array([0, 2, 4, 4, 6])}, ValueError, "from 4 to 6.*within 5"),
        ({"posting_offsets": np.array([-1, 2, 4, 4, 5])}, ValueError, "from -1 to 2"),
        ({"posting_offsets": np.array([0, 2, 1, 1, 5])}, ValueError, "from 2 to 1"),
        ({"posting_offsets": np.array([0, 2, 4, 4, 2**63 - 1])}, ValueError, "expected a range"),
        ({"posting_offsets": np.array([-(2**63), 2, 4, 4, 5])}, ValueError, "expected a range"),
        ({"allowed": np.ones(5, np.bool_)}, ValueError, "document 5, expected below 5"),
        ({"allowed": np.zeros(0, np.bool_)}, ValueError, "expected below 0"),
        ({"postings": np.full(5, 2**32 - 1, np.uint32)}, ValueError, "document 4294967295"),
        ({"postings": np.full(5, 2**16 - 1, np.uint16)}, ValueError, "document 65535"),
    ],
)
def test_gather_refuses_what_does_not_fit(isa, changes, error, words):
    with kernels.use_isa(isa):
        assert gather()[2] == 5
        with pytest.raises(error, match=words):
            gather(**changes)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("limit", [0, 3])
def test_lists_of_centroids_that_are_not_probed_are_not_read(isa, limit):
    with kernels.use_isa(isa):
        documents, _, n_found = gather(
            probed=np.array([[0], [0]], np.uint32),
            posting_offsets=np.array([0, 2, 99, -7, 5]),
            limit=limit,
        )
    assert documents.tolist() == [0, 1][:limit]
    assert n_found == 2


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"centroids": np.zeros((4, 16), np.float32)}, TypeError, "centroids must be int8"),
        ({"centroids": np.zeros((4, 32), np.int8)}, ValueError, r"n_centroids, 16\)"),
        ({"steps": np.zeros(3, np.float32)}, ValueError, r"steps.*\(4\), got shape \(3,\)"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
    ],
)
def test_a_wrong_argument_of_a_centroid_table_is_named(changes, error, words):
    arguments = {
        "centroids": np.zeros((4, 16), np.int8),
        "steps": np.zeros(4, np.float32),
        "threads": 1,
    } | changes
    threads = arguments.pop("threads")
    query = kernels.QuantisedQuery(
        np.zeros((2, 16), np.int8), np.ones(2, np.float32), np.zeros(16, np.int8), np.float32(1), 4
    )
    with pytest.raises(error, match=words):
        kernels.centroid_table(query, *arguments.values(), 1.0, threads=threads)


@pytest.mark.parametrize("isa", ISAS)
def test_spans_of_coded_tokens_must_rise(isa):
    query = kernels.QuantisedQuery(
        np.zeros((2, 16), np.int8),
        np.ones(2, np.float32),
        np.arange(16).astype(np.int8),
        np.float32(1),
        4,
    )
    with kernels.use_isa(isa):
        assert code_maxima(query, a_table(), Columns(), np.array([0, 3])).shape == (1, 2)
        for offsets in ([0, 4, 3], [0, -1, 3], [0, 2, 1, 3]):
            with pytest.raises(ValueError, match="offsets of"):
                code_maxima(query, a_table(), Columns(), np.array(offsets))


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


@pytest.mark.parametrize(
    ("has_sources", "remedy"), [(True, "run it from another folder"), (False, "from a wheel")]
)
def test_what_to_do_about_a_missing_extension_is_said(monkeypatch, tmp_path, has_sources, remedy):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    if has_sources:
        (tmp_path / "csrc").mkdir()
    monkeypatch.setattr(isa_module, "__file__", str(tmp_path / "colmodern" / "kernels" / "isa.py"))
    monkeypatch.setattr(isa_module.importlib, "import_module", missing)
    with pytest.raises(KernelUnavailableError, match=remedy):
        isa_module.native.__wrapped__()
