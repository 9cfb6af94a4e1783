"""A build that is killed goes on where it was; nobody ever sees half of it."""

import random
import subprocess
import sys

import numpy as np
import pytest

from colmodern import Embeddings, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.errors import IndexNotFoundError, InputError
from colmodern.indexer import transaction
from colmodern.indexer.sources import encoding
from colmodern.storage import IndexReader, LocalDirectory, Segment, read_pending, verify

QUERIES = ["word7 word19", "word100 word3 word3", "word41 word55 word2"]
CONFIG = IndexConfig(sample_tokens=600, segment_tokens=4000)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(transaction, "PART_TOKENS", 700)
    monkeypatch.setattr(encoding, "_BATCH_DOCUMENTS", 6)


def documents(n=240, seed=3):
    rng = np.random.default_rng(seed)
    for number in range(n):
        words = rng.zipf(1.3, size=int(rng.integers(5, 60))) % 300
        yield f"d{number}", " ".join(f"word{w}" for w in words)


class Interrupted(HashEncoder):
    """Ends with a Ctrl-C after so many documents; remembers what it encoded."""

    def __init__(self, after=10**9, **more):
        super().__init__(dim=64, **more)
        self.left = after
        self.encoded = []

    def encode_documents(self, texts):
        if self.left < len(texts):
            raise KeyboardInterrupt
        self.left -= len(texts)
        self.encoded += texts
        return super().encode_documents(texts)


def hits_of(path):
    with Searcher.open(path, HashEncoder(dim=64)) as searcher:
        return [searcher.search(q, k=30, exact=True) for q in QUERIES]


def pending_texts(path):
    """The texts of the documents in finished parts."""
    pending = read_pending(path)
    segments = [Segment(LocalDirectory(path), record, pending.codec) for record in pending.segments]
    return {s.document(i).text for s in segments for i in range(s.n_documents)}


def interrupt(change, after):
    encoder = Interrupted(after)
    with pytest.raises(KeyboardInterrupt):
        change(encoder)
    return encoder


@pytest.fixture
def uninterrupted(tmp_path):
    path = tmp_path / "whole"
    Indexer(path, HashEncoder(dim=64), config=CONFIG).build(documents())
    return path


KILLED = """
import os, signal, sys, threading, time
from colmodern import HashEncoder
import colmodern.__main__, colmodern.cli.index, colmodern.indexer.indexer
import colmodern.encoder as room
from colmodern.indexer import transaction
from colmodern.indexer.sources import encoding

log = open(sys.argv.pop(), "a", buffering=1)
command = colmodern.cli.index
config = command.IndexConfig
command.IndexConfig = lambda **more: config(sample_tokens=600, segment_tokens=4000, **more)
transaction.PART_TOKENS, encoding._BATCH_DOCUMENTS = 700, 6

n_texts, seconds = (float(one) for one in os.environ["KILLED_AFTER"].split())

class Slow(HashEncoder):
    n_encoded = 0

    def encode_documents(self, texts):
        time.sleep(0.02)
        print(*texts, sep="\\n", file=log)
        before, Slow.n_encoded = Slow.n_encoded, Slow.n_encoded + len(texts)
        if before < n_texts <= Slow.n_encoded:
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return super().encode_documents(texts)

room.load_encoder = lambda name, **options: Slow(dim=64)
colmodern.__main__.main()
"""


def test_a_killed_index_command_goes_on_until_it_is_done(tmp_path, monkeypatch):
    corpus, path, log = tmp_path / "corpus.jsonl", tmp_path / "i", tmp_path / "log"
    rows = [f'{{"_id": "{i}", "text": "{text}"}}\n' for i, text in documents()]
    corpus.write_text("".join(rows))
    log.touch()
    command = [sys.executable, "-c", KILLED, "index", str(corpus), "--index", str(path)]
    command += ["--format", "json", str(log)]
    environment = {"XDG_STATE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    draw, done, n_kills = random.Random(1), set(), 0
    while True:
        start = log.stat().st_size
        after = f"{draw.randint(1, 80)} {draw.uniform(0, 0.05)}" if n_kills < 6 else "inf 0"
        environment["KILLED_AFTER"] = after
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        out, err = process.communicate(timeout=600)
        again = set(log.read_text()[start:].splitlines()) & done
        assert again == set(), "finished documents are not encoded again"
        if process.returncode == 0:
            break
        assert process.returncode == -9, err
        n_kills += 1
        with pytest.raises(IndexNotFoundError):
            IndexReader.open(path)
        if read_pending(path) is not None:
            now = pending_texts(path)
            assert done <= now, "nothing that was finished is lost"
            done = now
    assert n_kills >= 4
    assert 0 < len(done) < 240
    assert f"continued: {len(done)} documents were done" in err
    assert f'"continued": {len(done)}' in out
    assert verify(path) == []
    assert read_pending(path) is None
    Indexer(tmp_path / "whole", HashEncoder(dim=64), config=CONFIG).sync([corpus])
    assert hits_of(path) == hits_of(tmp_path / "whole")
    assert len(list(path.glob("*/tokens.arrow"))) < 8, "parts were merged"


def test_a_build_goes_on_after_any_number_of_documents(tmp_path, uninterrupted):
    path = tmp_path / "i"
    done = set()
    for after in (5, 60, 60, 17, 60):
        encoder = interrupt(lambda e: Indexer(path, e, config=CONFIG).build(documents()), after)
        assert not done & set(encoder.encoded)
        with pytest.raises(IndexNotFoundError):
            IndexReader.open(path)
        if read_pending(path) is not None:
            done = pending_texts(path)
    calls = []
    last = Interrupted()
    report = Indexer(path, last, config=CONFIG).build(
        documents(), progress=lambda *call: calls.append(call)
    )
    assert not done & set(last.encoded)
    assert report.continued == len(done) == 240 - len(last.encoded)
    assert (report.added, report.documents) == (240, 240)
    assert hits_of(path) == hits_of(uninterrupted)
    assert verify(path) == []
    shares = [(n, total) for stage, n, total in calls if stage.startswith("encoding")]
    n_chars = sum(len(text) for _, text in documents())
    assert {total for _, total in shares} == {n_chars}
    assert shares[0][0] == sum(map(len, done)), "what was done counts as done"
    assert [n for n, _ in shares] == sorted(n for n, _ in shares)
    assert shares[-1][0] == n_chars


def test_what_changed_in_between_is_encoded_and_the_rest_is_not(tmp_path):
    path = tmp_path / "i"
    interrupt(lambda e: Indexer(path, e, config=CONFIG).build(documents()), 200)
    done = pending_texts(path)
    now = dict(documents())
    gone, changed = [i for i, text in now.items() if text in done][:2]
    del now[gone]
    now[changed] = "a quagga"
    now["new"] = "a zebra"
    encoder = Interrupted()
    report = Indexer(path, encoder, config=CONFIG).build(now.items())
    assert (report.documents, report.continued) == (240, len(done) - 2)
    assert {"a quagga", "a zebra"} <= set(encoder.encoded)
    assert not (done & set(encoder.encoded))
    Indexer(tmp_path / "fresh", HashEncoder(dim=64), config=CONFIG).build(now.items())
    with Searcher.open(path, HashEncoder(dim=64)) as searcher:
        assert searcher.search("quagga", k=1)[0].doc_id == changed
        assert gone not in searcher.search("word1", k=240, exact=True).doc_ids
    assert verify(path) == []


@pytest.mark.parametrize("what", ["documents", "bits", "encoder"])
def test_parts_of_another_index_are_not_taken_over(tmp_path, what):
    path = tmp_path / "i"
    interrupt(lambda e: Indexer(path, e, config=CONFIG).build(documents()), 200)
    docs = list(documents(seed=9) if what == "documents" else documents())
    bits = 2 if what == "bits" else 4
    encoder = HashEncoder(dim=64, seed=1 if what == "encoder" else 0)
    config = IndexConfig(bits=bits, sample_tokens=600, segment_tokens=4000)
    report = Indexer(path, encoder, config=config).build(docs)
    assert (report.continued, report.documents) == (0, 240)
    assert verify(path) == []
    with Searcher.open(path, encoder) as searcher:
        assert searcher.describe()["bits"] == bits
        assert searcher.search(docs[8][1], k=1, mode="late", exact=True)[0].score > 1


def test_an_update_goes_on_and_old_versions_stay_until_it_is_done(tmp_path):
    path = tmp_path / "i"
    Indexer(path, HashEncoder(dim=64), config=CONFIG).build(documents())
    before = hits_of(path)
    changes = [(f"d{i}", f"quagga{i} " * 40) for i in range(100, 140)]
    changes += [(f"new{i}", f"zebra{i} " * 40) for i in range(80)]
    update = lambda e: Indexer(path, e).update(changes)  # noqa: E731
    interrupt(update, 62)
    assert hits_of(path) == before
    done = pending_texts(path)
    assert len(done) > 40
    interrupt(update, 30)
    assert done < pending_texts(path)
    done = pending_texts(path)
    encoder = Interrupted()
    report = update(encoder)
    assert not done & set(encoder.encoded)
    assert (report.added, report.updated, report.documents) == (80, 40, 320)
    assert report.continued == len(done)
    assert verify(path) == []
    with Searcher.open(path, encoder) as searcher:
        assert searcher.search("quagga101", k=1)[0].doc_id == "d101"
        assert searcher.search("zebra79", k=1)[0].doc_id == "new79"
        ids = searcher.search("word1", k=1000, exact=True).doc_ids
    assert len(ids) == len(set(ids)) == 320


def test_a_sync_goes_on_with_deletions_and_changes(tmp_path):
    folder, path = tmp_path / "corpus", tmp_path / "i"
    folder.mkdir()
    for i, text in documents(60):
        (folder / f"{i}.txt").write_text(text)
    Indexer(path, HashEncoder(dim=64), config=CONFIG).sync([folder])
    for i in range(10):
        (folder / f"d{i}.txt").unlink()
    for i in range(10, 50):
        (folder / f"d{i}.txt").write_text(f"quagga{i} " * 50)
    interrupt(lambda e: Indexer(path, e).sync([folder]), 30)
    n_done = len(pending_texts(path))
    assert n_done > 10
    (folder / "d10.txt").unlink()
    report = Indexer(path, HashEncoder(dim=64)).sync([folder])
    assert report.continued in (n_done, n_done - 1)
    assert (report.updated, report.deleted, report.unchanged) == (39, 11, 10)
    assert report.documents == 49
    assert verify(path) == []
    report = Indexer(path, HashEncoder(dim=64)).sync([folder])
    assert (report.unchanged, report.continued) == (49, 0)


def test_a_change_of_encoder_goes_on_while_the_old_index_answers(tmp_path):
    folder, path = tmp_path / "corpus", tmp_path / "i"
    folder.mkdir()
    for i, text in documents(120):
        (folder / f"{i}.txt").write_text(text)
    Indexer(path, HashEncoder(dim=64), config=CONFIG).sync([folder])
    before = hits_of(path)
    sync = lambda e: Indexer(path, e, config=CONFIG).sync([folder])  # noqa: E731
    with pytest.raises(KeyboardInterrupt):
        sync(Interrupted(80, seed=4))
    assert hits_of(path) == before
    n_done = len(pending_texts(path))
    report = sync(Interrupted(seed=4))
    assert report.continued == n_done > 0
    assert report.documents == 120
    assert verify(path) == []
    with Searcher.open(path, HashEncoder(dim=64, seed=4)) as searcher:
        assert searcher.search(dict(documents())["d7"], k=1)[0].doc_id == "d7.txt"


def test_a_build_of_ready_vectors_goes_on(tmp_path, monkeypatch):
    from colmodern.codec import document_sample
    from colmodern.indexer.sources import embedded

    monkeypatch.setattr(embedded, "BATCH_TOKENS", 300)
    monkeypatch.setattr(document_sample, "MOST_DOCUMENTS", 5)  # the broken one is not among them
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal((int(n), 64)).astype("f4") for n in rng.integers(1, 60, 200)]
    matrices = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in matrices]
    broken = [*matrices]
    broken[151] = matrices[151] * np.nan
    path = tmp_path / "i"
    config = IndexConfig(sample_tokens=50, segment_tokens=4000)
    with pytest.raises(InputError, match="document '151'"):
        Indexer(path, config=config).build_from_embeddings(Embeddings.from_matrices(broken))
    with pytest.raises(IndexNotFoundError):
        IndexReader.open(path)
    n_done = read_pending(path).n_documents
    assert n_done > 100
    report = Indexer(path, config=config).build_from_embeddings(Embeddings.from_matrices(matrices))
    assert (report.continued, report.added, report.documents) == (n_done, 200, 200)
    assert verify(path) == []
    with IndexReader.open(path) as reader:
        assert [d.id for d in reader.documents()] == [str(i) for i in range(200)]


def test_a_change_that_is_no_continuation_forgets_what_was_pending(tmp_path):
    path = tmp_path / "i"
    Indexer(path, HashEncoder(dim=64), config=CONFIG).build(documents(30))
    interrupt(lambda e: Indexer(path, e).update((f"n{i}", "zebra " * 60) for i in range(60)), 40)
    assert read_pending(path) is not None
    Indexer(path, HashEncoder(dim=64)).delete(["d3"])
    assert read_pending(path) is None
    assert verify(path) == []
    with IndexReader.open(path) as reader:
        assert reader.n_documents == 29
