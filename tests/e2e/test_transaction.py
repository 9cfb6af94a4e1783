"""One change is one transaction: what it reads, what it makes, and where segments may be made."""

import multiprocessing
import pickle
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from colmodern import Embeddings, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.codec import train_codec
from colmodern.errors import (
    ConfigError,
    IndexExistsError,
    IndexLockedError,
    IndexNotFoundError,
    InputError,
)
from colmodern.indexer import compact
from colmodern.indexer.segment_job import TextsToEncode, run_segment_job
from colmodern.indexer.sources.base import StoredBatch
from colmodern.indexer.sources.documents import stored_documents
from colmodern.indexer.sources.texts import TextDocumentSource
from colmodern.indexer.transaction import Transaction
from colmodern.storage import (
    EncoderInfo,
    IndexReader,
    IndexWriter,
    LocalDirectory,
    TrainingRecord,
    exists,
    read_pending,
    verify,
)
from colmodern.storage.format.names import MANIFEST

ENCODER = HashEncoder(dim=64)
INFO = EncoderInfo(ENCODER.name, ENCODER.fingerprint, ENCODER.dim)
CONFIG = IndexConfig(sample_tokens=600, segment_tokens=4000)


def documents(n=60, seed=3):
    rng = np.random.default_rng(seed)
    for number in range(n):
        words = rng.zipf(1.3, size=int(rng.integers(5, 60))) % 300
        yield f"d{number}", " ".join(f"word{w}" for w in words)


def matrices(n, dim=64, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        rows = rng.standard_normal((int(rng.integers(1, 40)), dim)).astype(np.float32)
        yield rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def codec():
    return train_codec(np.concatenate(list(matrices(60))), bits=4, n_centroids=32)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, text in documents():
        (folder / f"{name}.txt").write_text(text)
    return folder


@pytest.fixture
def reads(monkeypatch):
    """How often each file was read through the directory, mapped or not."""
    counts = Counter()

    def counted(method):
        def read(self, name, *more):
            counts[name] += 1
            return method(self, name, *more)

        return read

    for name in ("read", "map"):
        monkeypatch.setattr(LocalDirectory, name, counted(getattr(LocalDirectory, name)))
    return counts


def files_of(path):
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file()
    }


def scores_of(path, query, encoder=ENCODER):
    with Searcher.open(path, encoder) as searcher:
        hits = searcher.search(query, mode="late", k=1000, effort="exact", passages=False)
        return {hit.doc_id: hit.score for hit in hits}


# One transaction reads the manifest once.


def test_a_sync_with_nothing_to_do_reads_the_manifest_once(tmp_path, folder, reads):
    Indexer(tmp_path / "i", ENCODER, config=CONFIG).sync([folder])
    reads.clear()
    report = Indexer(tmp_path / "i", ENCODER).sync([folder])
    assert (report.unchanged, report.documents) == (60, 60)
    assert reads[MANIFEST] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda i, folder: i.update([("d1", "quagga"), ("new", "zebra")]),
        lambda i, folder: i.delete(["d1.txt", "nobody"]),
        lambda i, folder: i.retrain(),
        lambda i, folder: Indexer(i.path, HashEncoder(dim=64, seed=1)).sync([folder]),
        lambda i, folder: i.update_from_embeddings(
            Embeddings.from_matrices(matrices(3), ids="abc")
        ),
        lambda i, folder: compact(i.path),
    ],
    ids=["update", "delete", "retrain", "other encoder", "vectors", "compact"],
)
def test_every_change_reads_the_manifest_once_and_counts_what_there_is(
    tmp_path, folder, reads, change
):
    indexer = Indexer(tmp_path / "i", ENCODER, config=CONFIG)
    indexer.sync([folder])
    reads.clear()
    report = change(indexer, folder)
    assert reads[MANIFEST] == 1
    with IndexReader.open(tmp_path / "i") as reader:
        assert (report.documents, report.tokens) == (reader.n_documents, reader.n_tokens)
        assert report.documents == len(list(reader.documents()))


def test_a_new_index_is_made_without_reading_a_manifest(tmp_path, reads):
    Indexer(tmp_path / "i", ENCODER, config=CONFIG).build(documents())
    assert reads[MANIFEST] == 0


# Nothing is seen before the commit, and the lock is let go whatever happens.


def test_a_transaction_without_a_commit_leaves_parts_and_no_index(tmp_path):
    path = tmp_path / "i"

    def interrupted():
        with Transaction.open(path) as transaction:
            for document in stored_documents(documents()):
                transaction.spool.add(document)
            source = TextDocumentSource(transaction.spool, ENCODER, CONFIG)
            transaction.start_new(source, INFO, CONFIG)
            transaction.write(source)
            with pytest.raises(IndexLockedError):
                Indexer(path, ENCODER).build(documents())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not exists(path)
    assert read_pending(path).n_documents == 60
    report = Indexer(path, ENCODER, config=CONFIG).build(documents())
    assert report.continued == report.documents == 60


def test_a_transaction_says_what_must_be_there(tmp_path):
    with pytest.raises(IndexNotFoundError), Transaction.open(tmp_path / "i", exists=True):
        pass
    assert not (tmp_path / "i").exists()
    Indexer(tmp_path / "i", ENCODER).build(documents(3))
    with pytest.raises(IndexExistsError), Transaction.open(tmp_path / "i", exists=False):
        pass
    with Transaction.open(tmp_path / "i", exists=True) as transaction:
        assert transaction.content_hashes().keys() == {"d0", "d1", "d2"}
        with pytest.raises(ValueError, match="comes first"):
            transaction.commit()
    assert verify(tmp_path / "i") == []


# A segment is made by a pure step, wherever it runs.


def in_another_process(job):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_segment_job, job).result()


def built_by_jobs(path, contents, codec, run):
    """An index whose segments are made by jobs."""
    with Transaction.open(path, exists=False) as transaction:
        source = TextDocumentSource(transaction.spool, ENCODER, CONFIG)  # of no documents
        transaction.start_new(source, INFO, CONFIG, codec)
        jobs = [transaction.new_job(content) for content in contents]
        for record in [run(job) for job in jobs]:
            transaction.add_segment(record)
        transaction.remember(sources=[])
        transaction.commit()
    return transaction.report


def halves(codec):
    """The same documents twice: as texts, and with their vectors."""
    texts = list(stored_documents(documents()))
    rows = ENCODER.encode_documents([document.text for document in texts[30:]])
    batch = StoredBatch(
        texts[30:],
        np.concatenate([tokens.vectors for tokens in rows]),
        np.cumsum([0, *map(len, rows)]),
        np.concatenate([tokens.spans for tokens in rows]),
    )
    return [TextsToEncode(texts[:30], partial(HashEncoder, dim=64), CONFIG), [batch]]


def test_a_job_makes_the_same_bytes_in_another_process(tmp_path, codec):
    report = built_by_jobs(tmp_path / "here", halves(codec), codec, run_segment_job)
    built_by_jobs(tmp_path / "there", halves(codec), codec, in_another_process)
    assert (report.documents, report.tokens > 0) == (60, True)
    here, there = files_of(tmp_path / "here"), files_of(tmp_path / "there")
    assert here.keys() == there.keys()
    assert len([name for name in here if name.endswith("tokens.arrow")]) == 1, "they were merged"
    assert here == there
    assert verify(tmp_path / "there") == []
    whole = tmp_path / "whole"
    Indexer(whole, ENCODER, config=CONFIG, codec=codec).build(documents())
    assert scores_of(tmp_path / "there", "word3 word19") == scores_of(whole, "word3 word19")


def test_a_job_makes_the_segment_that_an_indexer_makes(tmp_path, codec):
    content = TextsToEncode(list(stored_documents(documents())), lambda: ENCODER, CONFIG)
    built_by_jobs(tmp_path / "job", [content], codec, run_segment_job)
    Indexer(tmp_path / "i", ENCODER, config=CONFIG, codec=codec).build(documents())
    job, whole = files_of(tmp_path / "job"), files_of(tmp_path / "i")
    for name in ("documents", "tokens", "contexts", "postings"):
        assert job[f"segment-000001/{name}.arrow"] == whole[f"segment-000001/{name}.arrow"]


def test_jobs_and_what_they_return_are_values(tmp_path, codec, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("i")
    Indexer(path, ENCODER, config=CONFIG, codec=codec).build(documents(5))
    with Transaction.open(path) as transaction:
        transaction.start_change(TextDocumentSource(transaction.spool, ENCODER, CONFIG))
        job = transaction.new_job(halves(codec)[1])
        again = pickle.loads(pickle.dumps(job))
        assert again.codec.fingerprint == codec.fingerprint
        assert again.path == tmp_path / "i", "whatever the folder of the process that runs it"
        record = run_segment_job(job)
        before = files_of(path / job.name)
        assert run_segment_job(again) == record, "a job may be run again"
        assert files_of(path / job.name) == before
        assert pickle.loads(pickle.dumps(record)) == record
        empty = transaction.new_job([])
        assert run_segment_job(empty) is None
        assert not (path / empty.name).exists()
        transaction.add_segment(record)
        transaction.commit()
    assert verify(path) == []


def test_the_documents_of_a_job_replace_those_of_their_ids(tmp_path, codec):
    path = tmp_path / "i"
    Indexer(path, ENCODER, config=CONFIG, codec=codec).build(documents(40, seed=8))
    with Transaction.open(path) as transaction:
        transaction.start_change(TextDocumentSource(transaction.spool, ENCODER, CONFIG))
        transaction.add_segment(run_segment_job(transaction.new_job(halves(codec)[1])))
        transaction.commit()
    expected = {**dict(documents(40, seed=8)), **dict(list(documents())[30:])}
    with IndexReader.open(path) as reader:
        assert {d.id: d.text for d in reader.documents()} == expected
    assert verify(path) == []


def test_a_segment_that_does_not_belong_is_refused(tmp_path, codec):
    path = tmp_path / "i"
    Indexer(path, ENCODER, config=CONFIG, codec=codec).build(documents(40))
    before = files_of(path)
    with IndexWriter.open(path) as writer:
        name = writer.reserve_segment()
        texts = list(stored_documents(documents(50)))
        with Transaction.open(tmp_path / "other") as transaction:
            transaction.start_new(
                TextDocumentSource(transaction.spool, ENCODER, CONFIG), INFO, CONFIG, codec
            )
            content = TextsToEncode(texts, lambda: ENCODER, CONFIG)
            job = transaction.new_job(content)
            record = run_segment_job(type(job)(path, name, codec, content))
            twice = type(job)(
                path,
                writer.reserve_segment(),
                codec,
                TextsToEncode(texts[:1] * 2, lambda: ENCODER, CONFIG),
            )
        with pytest.raises(InputError, match="d0"):
            writer.add_segment(record)
        with pytest.raises(InputError, match="d0"):
            writer.add_segment(run_segment_job(twice), replace=True)
        with pytest.raises(ValueError, match="reserve_segment"):
            writer.add_segment(writer.manifest.segments[0])
    assert files_of(path) == before, "nothing is left of it"


# An index can be given a codec.


def test_shards_with_one_codec_score_as_the_whole_index(tmp_path):
    whole = tmp_path / "whole"
    Indexer(whole, ENCODER, config=CONFIG).build(documents())
    with IndexReader.open(whole) as reader:
        codec = reader.codec
        found = {}
        for number in range(3):
            shard = tmp_path / f"shard{number}"
            part = list(documents())[number::3]
            report = Indexer(shard, ENCODER, config=CONFIG, codec=codec).build(part)
            assert report.documents == 20
            with IndexReader.open(shard) as opened:
                assert opened.codec.fingerprint == codec.fingerprint
            found |= scores_of(shard, "word3 word19 word7")
        assert found == scores_of(whole, "word3 word19 word7")
        assert len(found) == 60


def test_a_codec_can_be_had_for_ready_vectors_too(tmp_path, codec):
    rows = list(matrices(20, seed=5))
    Indexer(tmp_path / "v", codec=codec).build_from_embeddings(Embeddings.from_matrices(rows))
    with IndexReader.open(tmp_path / "v") as reader:
        assert reader.codec.fingerprint == codec.fingerprint
        assert reader.n_documents == 20
    assert verify(tmp_path / "v") == []


def test_a_shared_codec_stays_whatever_comes(tmp_path, folder, codec):
    path = tmp_path / "i"
    Indexer(path, ENCODER, config=CONFIG, codec=codec).build([("one", "word1")])
    report = Indexer(path, ENCODER).sync([folder])  # sixteen times as much, and more
    assert (report.added, report.documents) == (60, 61)
    with IndexReader.open(path) as reader:
        assert reader.codec.fingerprint == codec.fingerprint
        assert TrainingRecord.of(reader.manifest.config).is_shared
    Indexer(path, ENCODER).retrain()
    with IndexReader.open(path) as reader:
        assert reader.codec.fingerprint != codec.fingerprint, "who asks for it gets a new one"
        assert not TrainingRecord.of(reader.manifest.config).is_shared


def test_a_sync_with_another_codec_encodes_everything_again(tmp_path, folder, codec):
    path = tmp_path / "i"
    Indexer(path, ENCODER, config=IndexConfig(bits=2)).sync([folder])
    with pytest.raises(ConfigError, match="another codec"):
        Indexer(path, ENCODER, codec=codec).update([("a", "zebra")])
    report = Indexer(path, ENCODER, codec=codec).sync([folder])
    assert (report.documents, report.unchanged) == (60, 60)
    with IndexReader.open(path) as reader:
        assert reader.codec.fingerprint == codec.fingerprint
        assert reader.manifest.config["bits"] == 4
    assert Indexer(path, ENCODER, codec=codec).update([("a", "zebra")]).added == 1


def test_a_build_with_a_codec_goes_on_with_the_same_one_only(tmp_path, codec, monkeypatch):
    monkeypatch.setattr("colmodern.indexer.transaction.PART_TOKENS", 300)
    monkeypatch.setattr("colmodern.indexer.sources.encoding._BATCH_DOCUMENTS", 6)
    path, other = tmp_path / "i", train_codec(np.eye(64, dtype=np.float32), bits=4, n_centroids=8)

    class Interrupted(HashEncoder):
        left = 30

        def encode_documents(self, texts):
            self.left -= len(texts)
            if self.left < 0:
                raise KeyboardInterrupt
            return super().encode_documents(texts)

    for with_codec, is_continued in ((other, False), (None, False), (codec, True)):
        with pytest.raises(KeyboardInterrupt):
            Indexer(path, Interrupted(dim=64), config=CONFIG, codec=codec).build(documents())
        n_done = read_pending(path).n_documents
        assert n_done > 10
        report = Indexer(path, ENCODER, config=CONFIG, codec=with_codec).build(documents())
        assert (report.continued, report.documents) == (n_done if is_continued else 0, 60)
        with IndexReader.open(path) as reader:
            is_codec = reader.codec.fingerprint == codec.fingerprint
        assert is_codec is is_continued
        assert verify(path) == []
        for name in sorted(path.rglob("*"), reverse=True):
            name.rmdir() if name.is_dir() else name.unlink()


def test_a_codec_that_does_not_fit_is_refused(tmp_path, codec):
    with pytest.raises(ConfigError, match=r"64 dimensions.* 32") as caught:
        Indexer(tmp_path / "i", HashEncoder(dim=32), codec=codec)
    assert caught.value.option == "codec"
    with pytest.raises(ConfigError, match="bits 4") as caught:
        Indexer(tmp_path / "i", ENCODER, config=IndexConfig(bits=2), codec=codec)
    assert caught.value.option == "bits"
    with pytest.raises(ConfigError, match="n_centroids 32"):
        Indexer(tmp_path / "i", ENCODER, config=IndexConfig(n_centroids=8), codec=codec)
    vectors = Embeddings.from_matrices(matrices(3, dim=32))
    with pytest.raises(ConfigError, match=r"64 dimensions.* 32"):
        Indexer(tmp_path / "i", codec=codec).build_from_embeddings(vectors)
    assert not exists(tmp_path / "i")
