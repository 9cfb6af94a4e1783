"""The compiled forward against the NumPy one, on every instruction set of this machine."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from colmodern import kernels
from colmodern.encoder import Encoder
from colmodern.encoder.checkpoint.model_config import ModernBertConfig
from colmodern.encoder.checkpoint.tensors import open_tensors
from colmodern.encoder.forward.modernbert import ModernBert
from colmodern.encoder.forward.native import PRECISIONS, NativeModel, choose_precision
from colmodern.encoder.forward.weights import read_weights
from colmodern.errors import ConfigError, EncoderError
from colmodern.kernels import use_isa
from colmodern.request import Scoring

ISAS = [isa for isa in kernels.available_isas() if isa != "reference"]
LENGTHS = [1, 2, 3, 15, 16, 17, 63, 64, 65, 66, 1, 127, 128, 129, 300]
SINGLE = 1e-4
LEAST_COSINE = {"fp32": 0.999999, "bf16": 0.999, "int8": 0.99}


def runs(isa):
    with use_isa(isa):
        return [p for p in PRECISIONS if kernels.native().can_encode(ISAS_OF[isa], p_index(p))]


def p_index(precision):
    return PRECISIONS.index(precision)


ISAS_OF = {isa: kernels.NATIVE_ISAS.index(isa) for isa in ISAS}
CASES = [(isa, precision) for isa in ISAS for precision in runs(isa)]


def open_parts(folder):
    path = folder / "config.json"
    config = ModernBertConfig.from_json(json.loads(path.read_text()), where=str(path))
    file = folder / "model.safetensors"
    return file, open_tensors(file), config


def native_hidden(folder, ids, lengths, *, isa, precision="fp32", seen=None, threads=1):
    with use_isa(isa):
        model = NativeModel(*open_parts(folder), (), precision=precision, threads=threads)
        rows = np.arange(len(ids))
        return model.forward(ids, lengths, seen or lengths, rows, threads=threads)


def reference_hidden(folder, ids, lengths, seen=None):
    file, tensors, config = open_parts(folder)
    return ModernBert(config, read_weights(file, tensors, config)).encode(ids, lengths, seen=seen)


def random_ids(n, seed=0):
    return np.random.default_rng(seed).integers(0, 40, n)


SHAPES = [
    pytest.param({"local_attention": 128}, id="head dim 16"),
    pytest.param({"hidden_size": 64, "num_attention_heads": 2}, id="head dim 32"),
    pytest.param({"hidden_size": 96, "num_attention_heads": 2}, id="head dim 48"),
    pytest.param({"hidden_size": 128, "local_attention": 128}, id="head dim 64"),
    pytest.param({"hidden_size": 192, "local_attention": 30}, id="head dim 96, odd radius"),
    pytest.param({"hidden_size": 128, "num_attention_heads": 1}, id="head dim 128"),
    pytest.param(
        {"hidden_size": 40, "num_attention_heads": 2, "intermediate_size": 37}, id="odd widths"
    ),
    pytest.param({"norm_bias": True, "attention_bias": True, "mlp_bias": True}, id="biases"),
    pytest.param({"num_hidden_layers": 1}, id="one layer"),
    pytest.param({"layer_types": ["full_attention"] * 4}, id="all global"),
    pytest.param({"layer_types": ["sliding_attention"] * 4}, id="all local"),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("isa", ISAS)
def test_single_precision_agrees_with_numpy(checkpoints, isa, shape):
    folder = checkpoints.backbone(checkpoints.folder(), **shape)
    ids = random_ids(sum(LENGTHS))

    found = native_hidden(folder, ids, LENGTHS, isa=isa)

    np.testing.assert_allclose(found, reference_hidden(folder, ids, LENGTHS), atol=SINGLE)


@pytest.mark.parametrize(("length", "seen"), [(5, 1), (32, 9), (130, 20), (400, 351), (300, 64)])
@pytest.mark.parametrize(("isa", "precision"), CASES)
def test_tokens_that_are_not_seen_look_but_are_not_looked_at(
    checkpoints, isa, precision, length, seen
):
    folder = checkpoints.backbone(checkpoints.folder())
    ids = random_ids(length)
    changed = np.where(np.arange(length) < seen, ids, 3)

    first = native_hidden(folder, ids, [length], isa=isa, precision=precision, seen=[seen])
    second = native_hidden(folder, changed, [length], isa=isa, precision=precision, seen=[seen])

    np.testing.assert_array_equal(first[:seen], second[:seen])
    if precision == "fp32":
        expected = reference_hidden(folder, ids, [length], [seen])
        np.testing.assert_allclose(first, expected, atol=SINGLE)


@pytest.mark.parametrize(("isa", "precision"), CASES)
def test_threads_do_not_change_a_bit(checkpoints, isa, precision):
    folder = checkpoints.backbone(checkpoints.folder())
    ids = random_ids(sum(LENGTHS))

    one, two, three = (
        native_hidden(folder, ids, LENGTHS, isa=isa, precision=precision, threads=threads)
        for threads in (1, 2, 3)
    )

    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize(("isa", "precision"), CASES)
def test_a_text_has_the_same_vectors_whatever_it_is_packed_with(checkpoints, isa, precision):
    folder = checkpoints.backbone(checkpoints.folder())
    ids = random_ids(sum(LENGTHS))

    together = native_hidden(folder, ids, LENGTHS, isa=isa, precision=precision)
    alone = native_hidden(folder, ids[-300:], [300], isa=isa, precision=precision)

    np.testing.assert_array_equal(together[-300:], alone)


@pytest.mark.parametrize(("isa", "precision"), CASES)
def test_the_default_student_keeps_its_vectors(isa, precision):
    texts = ["Who may revoke a key that has leaked?", "A key that has leaked is revoked. " * 30]
    with use_isa("reference"):
        expected = Encoder.load().encode_documents(texts)
    with use_isa(isa):
        found = Encoder.load(precision=precision).encode_documents(texts)

    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.vectors * theirs.vectors).sum(axis=1).min() > LEAST_COSINE[precision]


def test_the_default_student_is_made_for_the_corrected_score():
    assert Encoder.load().scoring is Scoring.CORRECTED


@pytest.mark.parametrize(("isa", "precision"), CASES)
def test_huge_embeddings_make_no_nan(checkpoints, isa, precision):
    folder = checkpoints.backbone(checkpoints.folder())
    file, tensors, config = open_parts(folder)
    table = tensors["embeddings.tok_embeddings.weight"]
    tensors["embeddings.tok_embeddings.weight"] = type(table)("F32", table.values * np.float32(1e9))
    with use_isa(isa):
        model = NativeModel(file, tensors, config, (), precision=precision, threads=1)

        found = model.forward(random_ids(70), [70], [70], np.arange(70), threads=1)

    assert np.isfinite(found).all()


@pytest.mark.parametrize("isa", ISAS)
def test_bytes_of_the_default_student_err_little(isa):
    texts = [
        "Who may revoke a key that has leaked, and when? (See the notes, below.)",
        "A key that has leaked is revoked: the owner, or the board, signs a note. " * 20,
    ]

    def vectors(precision):
        encoder = Encoder.load(precision=precision)
        return np.concatenate([found.vectors for found in encoder.encode_documents(texts)])

    with use_isa(isa):
        error = np.square(vectors("int8") - vectors("fp32")).sum(axis=1).mean()

    # .00020 to .00029; if rows became bytes as they are, .00036 to .00042.
    assert error < 0.00033


@pytest.mark.parametrize("last", ["full_attention", "sliding_attention"])
@pytest.mark.parametrize(("isa", "precision"), CASES)
def test_rows_that_are_not_kept_change_nothing(checkpoints, isa, precision, last):
    types = ["full_attention", "sliding_attention", last]
    folder = checkpoints.backbone(
        checkpoints.folder(), num_hidden_layers=len(types), layer_types=types
    )
    lengths = [70, 3, 300, 1, 200]
    ids = random_ids(sum(lengths))
    # The end of the first text, nothing of the second, some of the third, all of the rest.
    kept = np.r_[40:70, 100:150, 151:260:3, 373 : len(ids)]

    with use_isa(isa):
        model = NativeModel(*open_parts(folder), (), precision=precision, threads=2)
        every = model.forward(ids, lengths, lengths, np.arange(len(ids)), threads=2)
        some = model.forward(ids, lengths, lengths, kept, threads=2)
        none = model.forward(ids, lengths, lengths, kept[:0], threads=2)

    assert none.shape == (0, model.dim)
    if last == "full_attention":
        np.testing.assert_array_equal(some, every[kept])
        return
    # Local layers take keys in blocks that depend on the first query.
    cosines = (some * every[kept]).sum(axis=1) / np.linalg.norm(some, axis=1)
    cosines /= np.linalg.norm(every[kept], axis=1)
    assert cosines.min() > LEAST_COSINE[precision]


@pytest.mark.parametrize("bad", [-1, 10_000])
def test_ids_outside_the_vocabulary_are_refused(checkpoints, bad):
    folder = checkpoints.backbone(checkpoints.folder())

    with pytest.raises(ValueError, match=f"token id {bad} is outside the vocabulary"):
        native_hidden(folder, np.array([1, bad, 2]), [3], isa=ISAS[-1])


def test_lengths_that_do_not_add_up_are_refused(checkpoints):
    folder = checkpoints.backbone(checkpoints.folder())

    with pytest.raises(ValueError, match="add up to 5, but there are 4"):
        native_hidden(folder, np.arange(4), [2, 3], isa=ISAS[-1])


def test_an_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match="expected one of auto, fp32, bf16, int8"):
        choose_precision("fp8")


def test_a_precision_that_the_machine_lacks_is_refused():
    with use_isa("scalar"), pytest.raises(EncoderError, match="no such products"):
        choose_precision("bf16")


@pytest.mark.parametrize("isa", sorted({"avx2", "avxvnni", "avx512vnni", "amx"} & set(ISAS)))
def test_auto_takes_bytes_for_a_checkpoint_that_bears_them(isa):
    with use_isa(isa):
        assert choose_precision("auto", bytes_pass=lambda: True) == "int8"
        assert choose_precision("auto") != "int8"


def test_auto_takes_no_bytes_where_they_are_slow():
    with use_isa("scalar"):
        assert choose_precision("auto", bytes_pass=lambda: True) == "fp32"


def test_the_precision_does_not_change_the_fingerprint():
    assert Encoder.load(precision="fp32").fingerprint == Encoder.load(precision="int8").fingerprint


def cosines(found, expected):
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return (found * expected).sum(axis=1) / lengths


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("isa", ISAS)
def test_bytes_stay_near_numpy(checkpoints, isa, shape):
    folder = checkpoints.backbone(checkpoints.folder(), **shape)
    ids = random_ids(sum(LENGTHS))

    found = native_hidden(folder, ids, LENGTHS, isa=isa, precision="int8")

    near = cosines(found, reference_hidden(folder, ids, LENGTHS))
    assert near.mean() > 0.998
    assert np.quantile(near, 0.01) > 0.99


@pytest.mark.parametrize("factor", [10, 40, 1000])
@pytest.mark.parametrize("isa", ISAS)
def test_bytes_bear_scores_of_thousands_of_octaves(checkpoints, isa, factor):
    folder = checkpoints.backbone(checkpoints.folder(), hidden_size=128)
    look_at_the_like(folder / "model.safetensors", factor)
    ids = np.arange(40)

    found = native_hidden(folder, ids, [40], isa=isa, precision="int8")

    near = cosines(found, reference_hidden(folder, ids, [40]))
    assert near.min() > 0.98


def look_at_the_like(file, factor):
    """Make keys of queries, so that a token scores highest with itself; and both greater."""
    tensors = load_file(file)
    for name in tensors:
        if name.endswith("Wqkv.weight"):
            queries, keys, _ = np.split(tensors[name], 3)
            queries *= factor
            keys[:] = queries
    save_file(tensors, file, {"format": "pt"})


@pytest.mark.skipif("avx512vnni" not in ISAS, reason="attention in bytes has no other twin here")
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_agree_with_their_portable_twin(checkpoints, shape):
    folder = checkpoints.backbone(checkpoints.folder(), **shape)
    ids = random_ids(sum(LENGTHS))

    found, expected = (
        native_hidden(folder, ids, LENGTHS, isa=isa, precision="int8")
        for isa in ("avx512vnni", "scalar")
    )

    # A rounding that falls the other way moves a byte, and what it moves goes through the layers.
    near = cosines(found, expected)
    assert near.mean() > 0.999
    assert np.quantile(near, 0.01) > 0.99


@pytest.mark.skipif("amx" not in ISAS, reason="this machine has no tiles")
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_in_tiles_are_those_of_vnni(checkpoints, shape):
    folder = checkpoints.backbone(checkpoints.folder(), **shape)
    ids = random_ids(sum(LENGTHS))

    found, expected = (
        native_hidden(folder, ids, LENGTHS, isa=isa, precision="int8")
        for isa in ("amx", "avx512vnni")
    )

    np.testing.assert_array_equal(found, expected)


BIAS = np.zeros(4, np.float32)
NORM = {"weight": BIAS, "bias": None}


@pytest.mark.parametrize("missing", NORM)
def test_a_struct_asks_for_each_of_its_fields(missing):
    fields = {name: value for name, value in NORM.items() if name != missing}

    with pytest.raises(TypeError, match=rf"\b{missing}: ndarray"):
        kernels.native().NormArrays(**fields)


def test_a_struct_refuses_a_name_it_does_not_know():
    with pytest.raises(TypeError, match=r"kwargs = { weigth: ndarray, bias: NoneType }"):
        kernels.native().NormArrays(weigth=BIAS, bias=None)


def test_a_struct_takes_nothing_by_position():
    with pytest.raises(TypeError, match="incompatible function arguments"):
        kernels.native().NormArrays(BIAS, None)


def test_a_tensor_of_another_type_is_refused():
    compiled = kernels.native()
    wrong = compiled.NormArrays(weight=BIAS.astype(np.float64), bias=None)
    with pytest.raises(ValueError, match="must be float32, float16, or bfloat16"):
        compiled.EncoderModel(
            isa=0,
            precision=0,
            shape=compiled.EncoderShape(
                vocabulary=1, hidden=4, inner=4, heads=1, radius=1, norm_eps=0.0
            ),
            embeddings=BIAS.reshape(1, 4),
            embedding_norm=wrong,
            final_norm=wrong,
            global_frequencies=[0.0, 0.0],
            local_frequencies=[0.0, 0.0],
        )
