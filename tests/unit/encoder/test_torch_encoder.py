"""torch behind the encoder's protocol: equal vectors, other backbones, clear refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from colmodern.encoder import Encoder
from colmodern.errors import ConfigError, EncoderError, MissingExtraError
from colmodern.torch_encoder import _batches, load_torch_encoder

torch = pytest.importorskip("torch")
sentence_transformers = pytest.importorskip("sentence_transformers")
transformers = pytest.importorskip("transformers")

TEXTS = [
    "The quick, brown fox!",
    "",
    "who may revoke a key that has leaked? " * 12,
    "key",
    "a fox, a dog; " * 3,
]


def assert_equal_vectors(ours, theirs, tolerance=1e-4):
    for one, two in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.spans, two.spans)
        np.testing.assert_allclose(one.vectors, two.vectors, atol=tolerance)


@pytest.fixture
def bert(checkpoints):
    """A Stanford ColBERT on a BERT, with random weights."""
    folder = checkpoints.stanford()
    config = transformers.BertConfig(
        vocab_size=checkpoints.config()["vocab_size"],
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=64,
        architectures=["HF_ColBERT"],
    )
    torch.manual_seed(0)
    model = transformers.BertModel(config, add_pooling_layer=False)
    tensors = {f"bert.{name}": values.numpy() for name, values in model.state_dict().items()}
    linear = load_file(folder / "model.safetensors")["linear.weight"]
    save_file(tensors | {"linear.weight": linear}, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    return folder


@pytest.mark.parametrize("batch_tokens", [None, 16])
@pytest.mark.parametrize("layout", ["sentence_transformers", "pylate", "stanford"])
def test_a_modernbert_gives_the_same_vectors_under_the_same_name(checkpoints, layout, batch_tokens):
    folder = getattr(checkpoints, layout)()
    ours = Encoder.load(folder, precision="fp32")
    theirs = load_torch_encoder(folder, batch_tokens=batch_tokens)
    assert (theirs.name, theirs.fingerprint, theirs.dim) == (ours.name, ours.fingerprint, ours.dim)
    assert (theirs.precision, "torch on" in repr(theirs)) == ("fp32", True)
    assert_equal_vectors(ours.encode_documents(TEXTS), theirs.encode_documents(TEXTS))
    assert_equal_vectors(ours.encode_queries(TEXTS), theirs.encode_queries(TEXTS))


def test_windows_and_their_spans_are_the_same(checkpoints):
    folder = checkpoints.sentence_transformers()
    texts = ["who may revoke a key that has leaked? " * 40, "fox " * 70]
    ours = Encoder.load(folder, document_length=24, precision="fp32")
    theirs = load_torch_encoder(folder, document_length=24)
    assert theirs.name == ours.name
    assert_equal_vectors(ours.encode_documents(texts), theirs.encode_documents(texts))


def test_the_default_student_agrees_and_bf16_stays_near():
    ours = Encoder.load(precision="fp32").encode_documents(TEXTS)
    assert_equal_vectors(ours, load_torch_encoder().encode_documents(TEXTS))
    half = load_torch_encoder(precision="bf16").encode_documents(TEXTS)
    for one, two in zip(ours, half, strict=True):
        if len(one):
            assert (one.vectors * two.vectors).sum(axis=1).min() > 0.97


def test_a_compiled_backbone_agrees(checkpoints, monkeypatch):
    # The compiler itself needs minutes: that it is asked for, and that the pass goes through what
    # it returns, is seen with its cheapest backend.
    compile_module = torch.nn.Module.compile
    asked = []

    def eager(module, **options):
        asked.append(options)
        compile_module(module, backend="eager", **options)

    monkeypatch.setattr(torch.nn.Module, "compile", eager)
    folder = checkpoints.sentence_transformers()
    compiled = load_torch_encoder(folder, compiled=True)
    assert asked == [{"dynamic": True}]
    plain = load_torch_encoder(folder)
    assert_equal_vectors(compiled.encode_documents(TEXTS), plain.encode_documents(TEXTS))


def test_a_bert_works_with_torch_and_is_refused_without(bert):
    with pytest.raises(EncoderError, match=r"'bert' backbone.*colmodern\[torch\].*--backend torch"):
        Encoder.load(bert)
    ours = load_torch_encoder(bert)
    theirs = sentence_transformers.MultiVectorEncoder(str(bert), device="cpu")
    found = [tokens.vectors for tokens in ours.encode_documents(TEXTS[3:])]
    expected = theirs.encode_document(TEXTS[3:], convert_to_numpy=True)
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)
    queries = ours.encode_queries(TEXTS[:1])
    (expected,) = theirs.encode_query(TEXTS[:1], convert_to_numpy=True)
    np.testing.assert_allclose(queries[0].vectors, expected, atol=1e-4)


def test_other_weights_of_a_bert_have_another_fingerprint(bert):
    first = load_torch_encoder(bert).fingerprint
    tensors = load_file(bert / "model.safetensors")
    tensors["linear.weight"] = tensors["linear.weight"] * 2
    save_file(tensors, bert / "model.safetensors", {"format": "pt"})
    assert load_torch_encoder(bert).fingerprint != first


def test_a_device_without_room_gets_a_sentence(checkpoints, monkeypatch):
    encoder = load_torch_encoder(checkpoints.sentence_transformers(), batch_tokens=32)

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(encoder._runner, "_model", full)
    with pytest.raises(EncoderError, match=r"too little memory for batches of 32 tokens"):
        encoder.encode_documents(["fox"])


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"device": "cuda:9"}, "cannot use the device 'cuda:9'"),
        ({"device": "abacus"}, "cannot use the device 'abacus'"),
        ({"precision": "int8"}, "auto, fp32 or bf16, not 'int8'"),
        ({"batch_tokens": 0}, "batch_tokens must be at least 1"),
    ],
)
def test_what_torch_cannot_do_gets_a_sentence(options, word):
    with pytest.raises(ConfigError, match=word):
        load_torch_encoder(**options)


def test_a_checkpoint_that_is_broken_gets_a_sentence(checkpoints):
    folder = checkpoints.sentence_transformers()
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(EncoderError):
        load_torch_encoder(folder)


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"colmodern\[torch\]"):
        load_torch_encoder()


def test_batches_keep_to_the_budget_and_to_like_lengths():
    lengths = [1, 2, 3, 60, 70, 70, 300, 301]
    assert list(_batches(lengths, 200)) == [(0, 3), (3, 5), (5, 6), (6, 7), (7, 8)]
    assert list(_batches(lengths, 10_000)) == [(0, 4), (4, 6), (6, 8)]
