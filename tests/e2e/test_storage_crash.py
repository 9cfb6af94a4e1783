"""Writers are killed at any moment, and readers look in meanwhile.

This file is also the program that is killed: a process that forks for every kill, because starting
Python anew would take most of the time.
"""

import functools
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from colmodern import Searcher
from colmodern.codec import Codes, train_codec
from colmodern.errors import IndexNotFoundError
from colmodern.request import SearchRequest
from colmodern.storage import (
    EncoderInfo,
    IndexReader,
    IndexWriter,
    SourceRecord,
    StoredDocument,
    read_pending,
    verify,
)
from colmodern.storage.directory import scratch
from colmodern.types import TokenEmbeddings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL and fork")

DIM, N_TOKENS = 16, 20
KILLABLE = ("write", "open", "fsync", "replace", "unlink", "mkdir", "rmdir", "ftruncate")
# A build of eight documents in parts of two, which is interrupted and goes on.
CORPUS = {f"document {i}": 1 for i in range(8)}
KEPT = {"a": 1, "b": 1, "c": 1}

# For each of seven steps: kills at system calls all over it, and kills at moments all over it.
N_CALLS, N_TIMES = 28, 8


@functools.cache
def codec():
    vectors = np.random.default_rng(0).standard_normal((200, DIM)).astype(np.float32)
    return train_codec(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), n_centroids=8)


def add(writer, documents):
    """Add a segment; texts, codes and spans follow from the ids and their versions."""
    segment = writer.new_segment()
    for name, version in documents.items():
        text = f"{name}, version {version}"
        rng = np.random.default_rng(zlib.crc32(text.encode()))
        codes = Codes(
            rng.integers(0, 8, N_TOKENS).astype(np.uint16),
            rng.integers(0, 256, (N_TOKENS, DIM * codec().bits // 8)).astype(np.uint8),
            rng.random(N_TOKENS).astype(np.float16),
            rng.random(N_TOKENS).astype(np.float16),
        )
        starts = np.sort(rng.integers(0, 1000, N_TOKENS)).astype(np.int32)
        spans = np.stack([starts, starts + 3], axis=1)
        segment.add(StoredDocument(name, text, content_hash=str(version)), codes, spans)
    segment.finish()


def create(path, **options):
    return IndexWriter.create(
        path, codec(), encoder=EncoderInfo("e", "f", DIM), config={}, **options
    )


def build(path, *, replace=False):
    with create(path, replace=replace) as writer:
        add(writer, {"a": 1, "b": 1, "x": 1})
        add(writer, {"c": 1})
        writer.set_sources([SourceRecord("a.md", "/docs", 1, 2, "ff", "md", ["a"])])
        writer.delete(["x"])
        writer.commit()


def rebuild(path):
    build(path, replace=True)


def add_documents(path):
    with IndexWriter.open(path) as writer:
        add(writer, {"d": 1, "e": 1})
        writer.commit()


def delete_documents(path):
    with IndexWriter.open(path) as writer:
        writer.delete(["a", "c"])
        writer.commit()


def update_documents(path):
    with IndexWriter.open(path) as writer:
        writer.delete(["a", "c"])
        add(writer, {"a": 2, "c": 2})
        writer.set_sources([])
        writer.commit()


def compact(path):
    with IndexWriter.open(path) as writer:
        writer.compact()


def merge(path):
    with IndexWriter.open(path, resumable=True) as writer:
        writer.delete(["b"])
        for name in "def":
            add(writer, {name: 1})
        writer.delete(["e"])
        writer.merge_parts()
        writer.commit()


def build_in_parts(path):
    """Build the corpus, or go on with what an interrupted build has finished of it."""
    kept = set()
    if read_pending(path) is not None:
        writer = IndexWriter.resume(path)
        kept = writer.keep_pending({name: str(version) for name, version in CORPUS.items()})
    else:
        writer = create(path, replace=True, resumable=True)
    with writer:
        names = list(CORPUS)
        for pair in zip(names[::2], names[1::2], strict=True):
            if not kept.issuperset(pair):
                add(writer, {name: CORPUS[name] for name in pair})
        writer.merge_parts(max_tokens=4 * N_TOKENS)
        writer.commit()


STEPS = {
    "build": build,
    "rebuild": rebuild,
    "add": add_documents,
    "delete": delete_documents,
    "update": update_documents,
    "compact": compact,
    "merge": merge,
    "build_in_parts": build_in_parts,
}


def die_after(n_calls):
    """Be killed (SIGKILL) after a number of system calls, in the midst of a write if it is one.

    Returns a list whose length is the number of calls so far.
    """
    calls = []

    def deadly(name, call):
        def counted(*args, **kwargs):
            calls.append(name)
            if len(calls) > n_calls:
                if name == "write":
                    call(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted

    for name in KILLABLE:
        setattr(os, name, deadly(name, getattr(os, name)))
    return calls


def serve():
    """Do each step that is asked for in a child, which is killed after so many calls or seconds."""
    os.fsync = lambda descriptor: None  # a kill, unlike a power cut, loses nothing written
    scratch._IN_MEMORY = 200  # so that there are temporary files
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "index")  # what is imported late is imported now
    for line in sys.stdin:
        step, how, amount, path = line.rstrip("\n").split(" ", 3)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            calls = die_after(int(amount)) if how == "calls" else []
            STEPS[step](Path(path))
            os.write(writing, f"{len(calls)} calls".encode())
            os._exit(0)
        if how == "seconds":
            time.sleep(float(amount))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(writing)
        result = os.read(reading, 100).decode()
        os.close(reading)
        if not result and os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
            result = "cut short"
        sys.stdout.write(f"{result or 'failed'}\n")
        sys.stdout.flush()


class Victim:
    """Does steps in another process, and is killed while it does them."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def do(self, step, path, *, calls=None, seconds=None):
        """Do a step, up to a system call or moment; return whether it was cut short."""
        how, amount = ("seconds", seconds) if calls is None else ("calls", calls)
        self.process.stdin.write(f"{step} {how} {amount} {path}\n")
        return self._line() == "cut short"

    def count_calls(self, step, path):
        """Do a step and return how many of the system calls that may kill it makes."""
        self.process.stdin.write(f"{step} calls 1000000 {path}\n")
        return int(self._line().removesuffix(" calls"))

    def duration(self, step, original, folder):
        """Return how long a step takes, in seconds."""
        times = []
        for i in range(3):
            path = copied(original, folder / f"timed {i}")
            started = time.perf_counter()
            self.count_calls(step, path)
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    def _line(self):
        line = self.process.stdout.readline().strip()
        assert line not in {"", "failed"}, "the step ended by something else than the kill"
        return line

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def victim():
    victim = Victim()
    yield victim
    victim.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """An index with several segments, deletions and sources."""
    path = tmp_path_factory.mktemp("original") / "index"
    build(path)
    assert [name for name, _ in answers(path)["documents"]] == list(KEPT)
    return path


def copied(original, path):
    return path if original is None else shutil.copytree(original, path)


def answers(path):
    """Return what an index holds and what it finds; None if there is no index."""
    try:
        reader = IndexReader.open(path)
    except IndexNotFoundError:
        return None
    query = np.random.default_rng(1).standard_normal((4, DIM)).astype(np.float32)
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    tokens = TokenEmbeddings(query, np.zeros((4, 2), np.int32))
    with reader:
        found = {
            effort: [
                (hit.doc_id, hit.score)
                for hit in Searcher(reader).search_embeddings(
                    tokens, SearchRequest(k=10, effort=effort)
                )
            ]
            for effort in ("medium", "exact")
        }
        documents = [(document.id, document.text) for document in reader.documents()]
        return {"documents": documents, "sources": reader.sources(), **found}


def unlisted(path):
    with IndexReader.open(path) as reader:
        listed = {file.name.split("/")[0] for file in reader.manifest.files()}
    return {entry.name for entry in path.iterdir()} - listed - {"manifest.json"}


def check_killed(path, step, before, after):
    """Check that a step was done or not, and that it can be done after all."""
    found = answers(path)
    assert found in (before, after)
    if found is not None:
        assert verify(path) == []
    if found == before:
        STEPS[step](path)
        assert answers(path) == after
        assert verify(path) == []
        assert unlisted(path) == set()


@pytest.mark.parametrize("step", [step for step in STEPS if step != "build_in_parts"])
def test_a_kill_at_any_moment_leaves_the_index_before_or_after(step, victim, original, tmp_path):
    start = None if step == "build" else original
    before = None if step == "build" else answers(original)
    done = copied(start, tmp_path / "done")
    n_calls = victim.count_calls(step, done)
    assert n_calls > 40
    after = answers(done)
    if step not in {"rebuild", "compact"}:
        assert after != before
    rng = random.Random(step)
    for i in range(N_CALLS):
        path = copied(start, tmp_path / f"call {i}")
        assert victim.do(step, path, calls=int(n_calls * (i + rng.random()) / N_CALLS))
        check_killed(path, step, before, after)
    duration = victim.duration(step, start, tmp_path)
    n_kills = 0
    for i in range(5 * N_TIMES):  # a step that is over soon may be done before the kill
        if i >= N_TIMES and n_kills > 2:
            break
        path = copied(start, tmp_path / f"time {i}")
        seconds = duration * (i % N_TIMES + rng.random()) / N_TIMES
        n_kills += victim.do(step, path, seconds=seconds)
        check_killed(path, step, before, after)
    assert n_kills > 2


@pytest.mark.parametrize("on_top", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_build_killed_again_and_again_ends_as_one_that_was_not(
    seed, on_top, victim, original, tmp_path
):
    whole = copied(original if on_top else None, tmp_path / "whole")
    path = copied(original if on_top else None, tmp_path / "killed")
    before = answers(path)
    build_in_parts(whole)
    after = answers(whole)
    assert [name for name, _ in after["documents"]] == list(CORPUS)
    rng = random.Random(seed)
    n_kills = n_resumed = 0
    while victim.do("build_in_parts", path, calls=rng.randrange(60 if n_kills < 40 else 300)):
        n_kills += 1
        pending = read_pending(path)
        n_resumed += pending is not None and pending.n_documents > 0
        found = answers(path)
        if found == after:
            break
        assert found == before
    assert n_kills > 5
    assert n_resumed > 2
    assert answers(path) == after
    assert verify(path) == []
    for file in whole.rglob("*.*"):
        assert (path / file.relative_to(whole)).read_bytes() == file.read_bytes()


READER = """
import sys
from pathlib import Path
from colmodern.storage import IndexReader

reader = IndexReader.open(Path(sys.argv[1]))
for line in sys.stdin:
    if line == "refresh\\n":
        reader = reader.refresh()
    total = sum(int(segment.codes.residuals.astype(int).sum()) for segment in reader.segments)
    print(*(document.text for document in reader.documents()), total, sep="|", flush=True)
"""


def test_a_reader_in_another_process_keeps_its_snapshot_until_it_refreshes(original, tmp_path):
    path = copied(original, tmp_path / "index")
    process = subprocess.Popen(
        [sys.executable, "-c", READER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def ask(what):
        process.stdin.write(f"{what}\n")
        return process.stdout.readline().split("|")[:-1]

    old = ["a, version 1", "b, version 1", "c, version 1"]
    new = ["b, version 1", "a, version 2", "c, version 2"]
    with process:
        assert ask("look") == old
        update_documents(path)
        assert ask("look") == old
        compact(path)
        assert not (path / "segment-000001").exists()
        assert ask("look") == old
        assert ask("refresh") == new
        rebuild(path)
        assert ask("look") == new
        assert ask("refresh") == old
        process.stdin.close()


def test_readers_see_whole_states_while_a_writer_commits(victim, original, tmp_path):
    path = copied(original, tmp_path / "index")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_storage_crash as crash\n"
        "from pathlib import Path\n"
        "for version in range(2, 30):\n"
        "    with crash.IndexWriter.open(Path(sys.argv[2])) as writer:\n"
        "        writer.delete(crash.KEPT)\n"
        "        crash.add(writer, dict.fromkeys(crash.KEPT, version))\n"
        "        writer.commit()\n"
        "        if version % 3 == 0: writer.compact()\n"
    )
    folder = str(Path(__file__).parent)
    process = subprocess.Popen([sys.executable, "-c", script, folder, str(path)])
    versions = []
    while process.poll() is None or not versions:
        with IndexReader.open(path) as reader:
            documents = [document.text.split(", version ") for document in reader.documents()]
        assert [name for name, _ in documents] == list(KEPT)
        (version,) = {int(version) for _, version in documents}
        versions.append(version)
    assert process.returncode == 0
    assert versions == sorted(versions)
    assert len(set(versions)) > 3


if __name__ == "__main__":
    serve()
