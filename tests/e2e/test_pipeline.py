"""Reading, tokenising, encoding and compressing overlap; the index is the same to the byte."""

import threading

import numpy as np
import pytest

from colmodern import Document, Encoder, HashEncoder, IndexConfig, Indexer
from colmodern.types import PreparingEncoder

TEXT = "the signing key of harbour office leaked and was revoked by night duty officer"
WORDS = TEXT.split()


def documents(n=150):
    rng = np.random.default_rng(3)
    for number in range(n):
        words = rng.choice(WORDS, rng.integers(0, 90))
        yield Document(f"d{number}", " ".join(words), title=f"number {number}")


def content(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


class InTurn:
    """Hides that an encoder can prepare documents apart."""

    def __init__(self, encoder):
        self._encoder = encoder
        self.name, self.dim, self.fingerprint = encoder.name, encoder.dim, encoder.fingerprint
        self.encode_documents = encoder.encode_documents
        self.encode_queries = encoder.encode_queries


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("colmodern.indexer.sources.encoding._BATCH_DOCUMENTS", 8)


def test_the_index_is_the_same_on_any_number_of_threads_and_stages(tmp_path, small_batches):
    config = IndexConfig(sample_tokens=900, n_centroids=16)
    found = []
    for number, encoder in enumerate(
        [InTurn(Encoder.load(n_threads=1)), Encoder.load(n_threads=1), Encoder.load(n_threads=3)]
    ):
        path = tmp_path / str(number)
        report = Indexer(path, encoder, config=config).build(documents())
        assert report.documents == 150
        found.append(content(path))
    assert found[0] == found[1] == found[2]


def test_an_encoder_of_ours_tokenises_apart_and_one_of_words_need_not():
    encoder = Encoder.load()
    assert isinstance(encoder, PreparingEncoder)
    assert not isinstance(HashEncoder(), PreparingEncoder)
    texts = ["", "A key that has leaked.", "..."]
    together = encoder.encode_documents(texts)
    apart = encoder.encode_prepared(encoder.prepare_documents(texts))
    for ours, theirs in zip(together, apart, strict=True):
        np.testing.assert_array_equal(ours.vectors, theirs.vectors)
        np.testing.assert_array_equal(ours.spans, theirs.spans)


def test_stages_run_in_threads_of_their_own(tmp_path, small_batches):
    seen = {}

    class Watched(InTurn):
        def prepare_documents(self, texts):
            seen.setdefault("prepare", set()).add(threading.current_thread())
            return self._encoder.prepare_documents(texts)

        def encode_prepared(self, prepared):
            seen.setdefault("encode", set()).add(threading.current_thread())
            return self._encoder.encode_prepared(prepared)

    Indexer(tmp_path / "i", Watched(Encoder.load()), config=IndexConfig(sample_tokens=100)).build(
        documents()
    )
    assert not seen["prepare"] & seen["encode"]
    assert threading.current_thread() not in seen["prepare"]


def test_an_error_while_encoding_ahead_is_the_error_of_the_build(tmp_path, small_batches):
    class Broken(HashEncoder):
        def encode_documents(self, texts):
            if any("number 99 " in text for text in texts):
                raise MemoryError("no room for number 99")
            return super().encode_documents(texts)

    before = threading.active_count()
    with pytest.raises(MemoryError, match="number 99"):
        Indexer(tmp_path / "i", Broken(dim=32), config=IndexConfig(sample_tokens=100)).build(
            documents()
        )
    assert threading.active_count() == before
