"""An index that has changed much: compacting it, and a codec that no longer fits."""

import numpy as np
import pytest

from colmodern import Embeddings, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.errors import EncoderMismatchError, IndexNotFoundError, InputError
from colmodern.indexer import compact, sampling, transaction
from colmodern.indexer.sources import encoding
from colmodern.storage import DRIFT_LIMIT, IndexReader, read_pending, verify

CONFIG = IndexConfig(segment_tokens=20_000, merge=False)


def documents(kind, n, seed=0):
    """Documents of a vocabulary of their own."""
    rng = np.random.default_rng(seed)
    for i in range(n):
        words = rng.integers(0, 3000, 40)
        yield f"{kind}{i}", " ".join(f"{kind}{w}" for w in words)


@pytest.fixture
def encoder():
    return HashEncoder(dim=64)


@pytest.fixture
def path(tmp_path, encoder):
    Indexer(tmp_path / "i", encoder, config=CONFIG).build(documents("old", 600))
    return tmp_path / "i"


def drift_of(path, encoder):
    with Searcher.open(path, encoder) as searcher:
        return searcher.describe()["drift"]


def hits_of(path, encoder, query):
    with Searcher.open(path, encoder) as searcher:
        return searcher.search(query, k=15, exact=True)


def test_compacting_keeps_the_hits_and_drops_what_was_deleted(path, encoder):
    indexer = Indexer(path, encoder)
    for i in range(4):
        indexer.update(documents(f"more{i}x", 20))
    indexer.delete([f"old{i}" for i in range(0, 600, 2)])
    query = "old7 old19 more2x5"
    before = hits_of(path, encoder, query)
    size = sum(f.stat().st_size for f in path.rglob("*.arrow"))
    report = compact(path)
    assert (report.documents, report.unchanged) == (380, 380)
    assert hits_of(path, encoder, query) == before
    with IndexReader.open(path) as reader:
        assert len(reader.segments) == 1
        assert reader.manifest.segments[0].n_deleted_documents == 0
    assert sum(f.stat().st_size for f in path.rglob("*.arrow")) < size
    assert verify(path) == []


def test_documents_of_another_kind_drift_and_a_new_codec_mends_it(path, encoder):
    indexer = Indexer(path, encoder)
    assert drift_of(path, encoder) < DRIFT_LIMIT
    indexer.update(documents("old", 30, seed=1))
    assert drift_of(path, encoder) < DRIFT_LIMIT
    indexer.update(documents("new", 600))
    assert drift_of(path, encoder) > 2 * DRIFT_LIMIT
    compact(path)
    assert drift_of(path, encoder) > 1.2, "moving codes does not mend it"
    with IndexReader.open(path) as reader:
        kept = dict(reader.content_hashes())
    report = indexer.retrain()
    assert (report.documents, report.unchanged, report.added) == (1200, 1200, 0)
    assert drift_of(path, encoder) < DRIFT_LIMIT
    with IndexReader.open(path) as reader:
        assert reader.content_hashes() == kept
        assert reader.manifest.config["segment_tokens"] == 20_000, "the index keeps its options"
    assert verify(path) == []
    assert hits_of(path, encoder, "new7 new19")[0].doc_id.startswith("new")


def test_retraining_keeps_the_sources_so_that_a_sync_finds_nothing_to_do(tmp_path, encoder):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for i, text in documents("old", 40):
        (folder / f"{i}.txt").write_text(text)
    indexer = Indexer(tmp_path / "i", encoder)
    indexer.sync([folder])
    Indexer(tmp_path / "i").retrain()  # the encoder that the index names
    report = indexer.sync([folder])
    assert (report.unchanged, report.added, report.updated, report.deleted) == (40, 0, 0, 0)


def test_an_interrupted_retraining_goes_on_and_the_old_index_answers(path, encoder, monkeypatch):
    monkeypatch.setattr(transaction, "PART_TOKENS", 700)
    monkeypatch.setattr(sampling, "MAX_SAMPLE_BYTES", 4 * 64 * 2000)
    monkeypatch.setattr(encoding, "_BATCH_DOCUMENTS", 10)
    Indexer(path, encoder).update(documents("new", 100))
    before = hits_of(path, encoder, "old7 new3")

    class Interrupted(HashEncoder):
        left = 180

        def encode_documents(self, texts):
            self.left -= len(texts)
            if self.left < 0:
                raise KeyboardInterrupt
            return super().encode_documents(texts)

    with pytest.raises(KeyboardInterrupt):
        Indexer(path, Interrupted(dim=64)).retrain()
    n_done = read_pending(path).n_documents
    assert n_done > 100
    assert hits_of(path, encoder, "old7 new3") == before
    report = Indexer(path, encoder).retrain()
    assert (report.continued, report.documents) == (n_done, 700)
    assert verify(path) == []


def test_what_is_named_so_now_makes_an_index_again(tmp_path, monkeypatch):
    path = tmp_path / "named"
    Indexer(path, HashEncoder(dim=64)).build([("a", "bread"), ("b", "purple bicycles")])
    newer = HashEncoder(dim=64, seed=5)
    monkeypatch.setattr("colmodern.encoder.load_encoder", lambda *_, **__: newer)
    Indexer(path).retrain()
    with Searcher.open(path, newer) as searcher:
        assert searcher.search("purple bicycles", mode="late").doc_ids[0] == "b"


def test_what_cannot_be_retrained_says_so(tmp_path, path, encoder):
    with pytest.raises(EncoderMismatchError):
        Indexer(path, HashEncoder(dim=64, seed=1)).retrain()
    with pytest.raises(IndexNotFoundError):
        Indexer(tmp_path / "nowhere").retrain()
    with pytest.raises(IndexNotFoundError):
        compact(tmp_path / "nowhere")
    ready = [np.eye(32, dtype=np.float32)] * 3
    Indexer(tmp_path / "v").build_from_embeddings(Embeddings.from_matrices(ready))
    with pytest.raises(InputError, match=r"3 documents .* build_from_embeddings"):
        Indexer(tmp_path / "v").retrain()
    assert compact(tmp_path / "v").documents == 3
