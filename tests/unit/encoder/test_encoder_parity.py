"""Whole checkpoints against sentence-transformers' MultiVectorEncoder."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from colmodern.encoder import Encoder

sentence_transformers = pytest.importorskip("sentence_transformers")

TOLERANCE = 1e-4
TEXTS = [
    "The quick, brown fox!",
    "  lazy dogs. who jumped over the lazy dog, quickly?  ",
    "who may revoke a key that has leaked?",
    "key",
    "unheard words: zebra, \u00dcber \u2713 [MASK] [Q] x",
    "a fox, a dog; " * 3,
]


def load_theirs(folder):
    return sentence_transformers.MultiVectorEncoder(str(folder), device="cpu")


def assert_same(folder, *, texts=TEXTS):
    ours, theirs = Encoder.load(folder, precision="fp32"), load_theirs(folder)
    for encode, expected in (
        (ours.encode_documents, theirs.encode_document(texts, convert_to_numpy=True)),
        (ours.encode_queries, theirs.encode_query(texts, convert_to_numpy=True)),
    ):
        for found, vectors in zip(encode(texts), expected, strict=True):
            assert found.vectors.shape == vectors.shape
            np.testing.assert_allclose(found.vectors, vectors, atol=TOLERANCE)


def skip(words=(".", ",", "!", "fox"), tasks=("document",)):
    return {"skiplist_words": list(words), "skiplist_tasks": list(tasks)}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="plain"),
        pytest.param({"mask": skip()}, id="skip list for documents"),
        pytest.param({"mask": skip(tasks=("query", "document"))}, id="skip list for both"),
        pytest.param(
            {"mask": skip(["[CLS]", "[SEP]", "[Q] "], ["query"])}, id="special tokens skipped"
        ),
        pytest.param({"prompts": {}}, id="no prompts"),
        pytest.param(
            {"prompts": {"query": "who may: ", "document": "the "}}, id="prompts of many tokens"
        ),
        pytest.param(
            {"transformer": {"query_length": 9, "document_length": 60}}, id="short queries"
        ),
        pytest.param(
            {"transformer": {"query_expansion": {"strategy": "fixed", "length": 12}}},
            id="fixed expansion that is not looked at",
        ),
        pytest.param(
            {
                "transformer": {
                    "query_expansion": {"strategy": "fixed", "length": 40, "attend": True}
                }
            },
            id="fixed expansion that is looked at",
        ),
        pytest.param(
            {
                "transformer": {
                    "query_expansion": {"strategy": "min", "length": 12, "token": "fox"},
                    "query_length": 14,
                },
                "mask": skip(tasks=("query",)),
            },
            id="at least so many tokens",
        ),
        pytest.param(
            {"transformer": {"query_expansion": {"strategy": "min", "length": 12}}},
            id="at least so many tokens without a limit",
        ),
        pytest.param(
            {"dense": [{"outputs": 24, "bias": True}, {"inputs": 24, "outputs": 8}]},
            id="two projections",
        ),
        pytest.param(
            {
                "dense": [
                    {
                        "outputs": 32,
                        "use_residual": True,
                        "activation_function": "torch.nn.modules.activation.GELU",
                    },
                    {
                        "outputs": 8,
                        "use_residual": True,
                        "activation_function": "torch.nn.modules.activation.SiLU",
                    },
                ]
            },
            id="residual projections",
        ),
        pytest.param({"dense": []}, id="no projection but a normalisation"),
        pytest.param({"transformer": {"do_lower_case": True}}, id="lower-cased"),
    ],
)
def test_sentence_transformers_checkpoints_agree(checkpoints, options):
    assert_same(checkpoints.sentence_transformers(**options))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="as PyLate saves it"),
        pytest.param({"attend_to_expansion_tokens": True}, id="expansion is looked at"),
        pytest.param({"do_query_expansion": False, "query_length": 9}, id="no expansion"),
        pytest.param({"skiplist_words": ...}, id="punctuation is skipped if nothing is said"),
        pytest.param(
            {"prompts": {"query": "[Q] who ", "document": "the fox: "}}, id="prefix and prompt"
        ),
        pytest.param({"query_prefix": "", "document_prefix": ""}, id="no prefixes"),
    ],
)
def test_pylate_checkpoints_agree(checkpoints, settings):
    assert_same(checkpoints.pylate(settings=settings))


def test_pylate_checkpoints_with_two_projections_agree(checkpoints):
    dense = [
        {"outputs": 32, "use_residual": True},
        {
            "outputs": 8,
            "use_residual": True,
            "activation_function": "torch.nn.modules.activation.ReLU",
        },
    ]

    assert_same(checkpoints.pylate(dense=dense))


def test_a_prefix_that_text_would_shatter_is_one_token_again(checkpoints, caplog):
    folder = checkpoints.pylate(settings={"query_prefix": "fox ", "document_prefix": "[MASK] "})
    with caplog.at_level(logging.ERROR):
        assert_same(folder)


def test_stanford_checkpoints_on_a_modernbert_agree(checkpoints):
    assert_same(checkpoints.stanford())


def test_half_precision_weights_agree(checkpoints):
    from safetensors.numpy import load_file, save_file

    folder = checkpoints.sentence_transformers()
    path = folder / "model.safetensors"
    half = {name: values.astype(np.float16) for name, values in load_file(path).items()}
    save_file({name: values.astype(np.float32) for name, values in half.items()}, path)
    expected = load_theirs(folder).encode_document(TEXTS, convert_to_numpy=True)
    save_file(half, path)

    found = Encoder.load(folder, precision="fp32").encode_documents(TEXTS)

    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.vectors, theirs, atol=TOLERANCE)
