"""The encoder as its callers see it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from colmodern import kernels
from colmodern.encoder import Encoder
from colmodern.encoder.forward import workers
from colmodern.encoder.forward.workers import Workers
from colmodern.types import DocumentEncoder

TEXTS = ["a lazy dog", "", "the quick brown fox jumps over the lazy dog", "fox", "a lazy dog"]


@pytest.fixture
def encoder(checkpoints):
    return Encoder.load(checkpoints.sentence_transformers(), n_threads=2)


def test_it_satisfies_the_protocol(encoder):
    assert isinstance(encoder, DocumentEncoder)


def test_vectors_are_float32_contiguous_and_of_length_one(encoder):
    for result in encoder.encode_documents(TEXTS) + encoder.encode_queries(TEXTS):
        assert result.vectors.dtype == np.float32
        assert result.vectors.flags.c_contiguous
        assert result.vectors.shape == (len(result.spans), encoder.dim)
        assert (result.spans.dtype, result.spans.shape[1]) == (np.int32, 2)
        np.testing.assert_allclose(np.linalg.norm(result.vectors, axis=1), 1.0, atol=1e-5)


def test_results_come_in_the_order_of_the_texts(encoder):
    together = encoder.encode_documents(TEXTS)

    for text, result in zip(TEXTS, together, strict=True):
        (alone,) = encoder.encode_documents([text])
        np.testing.assert_allclose(result.vectors, alone.vectors, atol=1e-5)
        np.testing.assert_array_equal(result.spans, alone.spans)


def test_many_texts_go_through_in_several_packs_and_batches(encoder, monkeypatch):
    texts = [" ".join(["fox"] * (1 + i % 17)) for i in range(60)]
    expected = encoder.encode_documents(texts)
    monkeypatch.setattr(encoder._runner, "pack_tokens", 30)
    monkeypatch.setattr("colmodern.encoder.encoder._BATCH_CHARACTERS", 200)

    found = encoder.encode_documents(texts)

    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)


@pytest.mark.parametrize("text", ["", "   \n\t", "\u200b\x00"])
def test_a_text_without_tokens_has_no_vectors(encoder, text):
    for encode in (encoder.encode_documents, encoder.encode_queries):
        (result,) = encode([text])
        assert result.vectors.shape == (0, encoder.dim)
        assert result.spans.shape == (0, 2)


def test_a_text_of_skipped_tokens_only_has_no_vectors(checkpoints):
    encoder = Encoder.load(checkpoints.pylate())

    (document,), (query,) = encoder.encode_documents(["...!"]), encoder.encode_queries(["...!"])

    assert len(document) == 0
    assert len(query) == 32  # punctuation is skipped in documents only


def test_an_empty_query_is_not_filled_up(checkpoints):
    (query,) = Encoder.load(checkpoints.pylate()).encode_queries([" "])

    assert len(query) == 0


def test_no_texts_give_no_results(encoder):
    assert encoder.encode_documents([]) == []
    assert encoder.encode_queries([]) == []


def test_a_query_that_is_too_long_is_cut_and_logged(checkpoints, caplog):
    encoder = Encoder.load(checkpoints.sentence_transformers(transformer={"query_length": 6}))

    with caplog.at_level(logging.WARNING):
        short, long = encoder.encode_queries(["a lazy dog", "a lazy dog who jumps"])

    assert [record.getMessage() for record in caplog.records] == [
        (
            "1 of 2 queries are longer than the 6 tokens this model takes and were cut; "
            "the first has 8: 'a lazy dog who jumps'"
        )
    ]
    np.testing.assert_allclose(long.vectors, short.vectors, atol=1e-5)
    assert long.spans.tolist() == [[0, 0], [0, 0], [0, 1], [2, 6], [7, 10], [0, 0]]


@pytest.mark.parametrize("texts", ["one string", [b"bytes"], ["text", None]])
def test_texts_of_the_wrong_kind_are_refused(encoder, texts):
    with pytest.raises(TypeError, match="string"):
        encoder.encode_documents(texts)


@pytest.mark.parametrize("options", [{"n_threads": 0}, {"document_length": 0}])
def test_impossible_options_are_refused(checkpoints, options):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Encoder.load(checkpoints.sentence_transformers(), **options)


def test_its_repr_says_what_it_is(encoder):
    assert repr(encoder) == (
        f"<Encoder {encoder.name}: ModernBERT, 4 layers, hidden 32, dim 16, queries 512, "
        f"windows 512, {encoder.precision} on {kernels.active_isa()}>"
    )


def test_threads_may_share_an_encoder(encoder):
    expected = encoder.encode_documents(TEXTS * 20)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: encoder.encode_documents(TEXTS * 20), range(8)):
            for ours, theirs in zip(found, expected, strict=True):
                np.testing.assert_array_equal(ours.vectors, theirs.vectors)


def test_an_error_in_a_job_reaches_the_caller():
    def fail():
        raise ZeroDivisionError

    done = []
    with Workers(2).running() as run_jobs:
        run_jobs([lambda: done.append(1)] * 5)
        with pytest.raises(ZeroDivisionError):
            run_jobs([fail] * 5)
        run_jobs([lambda: done.append(1)] * 5)

    assert len(done) == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_threads_it_does_not_have(encoder):
    texts = [" ".join(TEXTS) * 20] * 10
    encoder.encode_documents(texts)
    child = os.fork()
    if child == 0:
        try:
            encoder.encode_documents(texts)
        finally:
            os._exit(0)
    deadline = time.monotonic() + 600
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            pytest.fail("the forked process hangs")
        time.sleep(0.05)


def test_a_matrix_library_that_cannot_be_told_gets_jobs_in_turn(encoder, monkeypatch):
    expected = encoder.encode_documents(TEXTS)
    monkeypatch.setattr(workers, "_openblas_threads", lambda: None)

    for ours, theirs in zip(encoder.encode_documents(TEXTS), expected, strict=True):
        np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)


def test_the_matrix_library_gets_its_threads_back(monkeypatch):
    threads = [4]
    monkeypatch.setattr(
        workers,
        "_openblas_threads",
        lambda: (lambda: threads[-1], threads.append),
    )
    crew = Workers(2)
    with crew.running():
        with crew.running():
            assert threads == [4, 1]
        assert threads == [4, 1]

    assert threads == [4, 1, 4]


def test_the_fingerprint_is_that_of_the_content_not_of_the_folder(checkpoints):
    first, second = (Encoder.load(checkpoints.sentence_transformers()) for _ in range(2))

    assert first.name != second.name
    assert first.fingerprint == second.fingerprint
    assert len(first.fingerprint) == 64


@pytest.mark.parametrize(
    "options",
    [
        {"num_hidden_layers": 3},
        {"local_attention": 18},
        {"norm_eps": 1e-6},
        {"prompts": {"query": "[D] "}},
        {"mask": {"skiplist_words": ["fox"]}},
        {"mask": {"skiplist_words": ["fox"], "skiplist_tasks": ["query"]}},
        {"transformer": {"query_length": 30}},
        {"transformer": {"document_length": 30}},
        {"transformer": {"do_lower_case": True}},
        {"transformer": {"query_expansion": {"strategy": "min", "length": 9}}},
        {"transformer": {"query_expansion": {"strategy": "min", "length": 9, "attend": True}}},
        {"dense": [{"outputs": 8}]},
        {"dense": [{"activation_function": "torch.nn.modules.activation.Tanh"}]},
    ],
)
def test_the_fingerprint_changes_with_every_setting(checkpoints, options):
    plain = Encoder.load(checkpoints.sentence_transformers()).fingerprint

    assert Encoder.load(checkpoints.sentence_transformers(**options)).fingerprint != plain


def test_the_fingerprint_changes_with_weights_and_tokenizer(checkpoints, set_fields):
    plain = Encoder.load(checkpoints.sentence_transformers()).fingerprint
    trained = checkpoints.sentence_transformers()
    checkpoints.backbone(trained, seed=1)
    projected = checkpoints.sentence_transformers()
    checkpoints.dense(projected / "1_Dense", seed=5)
    spoken = checkpoints.sentence_transformers()
    set_fields(spoken / "tokenizer.json", version="1.1 ")
    (spoken / "tokenizer.json").write_text(
        (spoken / "tokenizer.json").read_text().replace("1.1 ", "1.0") + "\n"
    )

    found = {Encoder.load(folder).fingerprint for folder in (trained, projected, spoken)}

    assert len(found | {plain}) == 4


def test_importing_and_encoding_need_neither_torch_nor_the_network(checkpoints):
    folder = checkpoints.sentence_transformers()
    program = (
        "import sys\n"
        "from colmodern.encoder import Encoder\n"
        "assert 'tokenizers' not in sys.modules\n"
        f"encoder = Encoder.load({str(folder)!r})\n"
        "assert len(encoder.encode_queries(['fox'])[0]) == 4\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'huggingface_hub', 'pyarrow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)
