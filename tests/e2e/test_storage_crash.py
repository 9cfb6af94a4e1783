"""A writer is killed at random moments, and readers look in while it commits."""

import os
import random
import signal
import subprocess
import sys
import textwrap

import pytest

from colmodern.errors import IndexNotFoundError
from colmodern.storage import IndexReader, IndexWriter, verify

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL and fork")

IDS = ["a", "b", "c"]

# A process that writes and is killed (SIGKILL) after a given number of system calls, in the midst
# of a write if it is one. It forks for every round, because starting Python anew would take most of
# the time. A line in the log says that a commit has returned.
WRITER = textwrap.dedent(
    """
    import os, signal, sys
    import numpy as np
    from colmodern.codec import Codec, train_codec
    from colmodern.errors import IndexNotFoundError
    from colmodern.storage import EncoderInfo, IndexWriter, StoredDocument

    os.fsync = lambda descriptor: None  # a kill, unlike a power cut, loses nothing written
    path, log, ids = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
    vectors = np.random.default_rng(0).standard_normal((200, 16)).astype(np.float32)
    codec = train_codec(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), n_centroids=8)
    codes = codec.encode(vectors[:50])
    spans = np.zeros((50, 2), np.int32)

    def opened():
        try:
            return IndexWriter.open(path)
        except IndexNotFoundError:
            return IndexWriter.create(path, codec, encoder=EncoderInfo("e", "f", 16), config={})

    def die_after(n_calls):
        left = n_calls

        def deadly(name, call):
            def counted(*args, **kwargs):
                nonlocal left
                left -= 1
                if left < 0:
                    if name == "write":
                        call(args[0], args[1][: len(args[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*args, **kwargs)
            return counted

        for name in ("write", "open", "fsync", "replace", "unlink", "mkdir", "rmdir"):
            setattr(os, name, deadly(name, getattr(os, name)))

    def write(version, n_calls):
        die_after(n_calls)
        with opened() as writer, open(log, "a", buffering=1) as done:
            while True:
                version += 1
                writer.delete(ids)
                segment = writer.new_segment()
                for name in ids:
                    segment.add(StoredDocument(name, str(version)), codes, spans)
                segment.finish()
                writer.commit()
                done.write(f"{version}\\n")
                if version % 3 == 0:
                    writer.compact()

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            write(*map(int, line.split()))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    """
)


class KillableWriter:
    """Starts a writer for each round and kills it."""

    def __init__(self, folder):
        self.path = folder / "index"
        self.log = folder / "log"
        self.log.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(self.path), str(self.log), ",".join(IDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def start(self, version, *, n_calls):
        self.process.stdin.write(f"{version} {n_calls}\n")

    def wait(self):
        assert int(self.process.stdout.readline()) == -signal.SIGKILL

    def committed(self):
        lines = self.log.read_text().split()
        return int(lines[-1]) if lines else 0

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture
def writer(tmp_path):
    writer = KillableWriter(tmp_path)
    yield writer
    writer.close()


def version_in(path):
    """Return the one version that all documents of an index have."""
    with IndexReader.open(path) as reader:
        documents = list(reader.documents())
    assert [document.id for document in documents] == IDS
    (version,) = {document.text for document in documents}
    return int(version)


def unlisted(path):
    with IndexReader.open(path) as reader:
        listed = {file.name.split("/")[0] for file in reader.manifest.files()}
    return {entry.name for entry in path.iterdir()} - listed - {"manifest.json", "writer.lock"}


def test_sixty_kills_leave_the_old_or_the_new_index(writer):
    rng = random.Random(0)
    found = n_scraps = 0
    for _ in range(60):
        writer.start(found, n_calls=rng.randrange(250))
        writer.wait()
        committed = writer.committed()
        try:
            found = version_in(writer.path)
        except IndexNotFoundError:
            assert committed == 0
            continue
        assert committed <= found <= committed + 1
        assert verify(writer.path) == []
        n_scraps += bool(unlisted(writer.path))
    assert found > 10
    assert n_scraps > 10  # the kills did hit writers at work
    IndexWriter.open(writer.path).close()
    assert unlisted(writer.path) == set()


def test_readers_see_whole_states_while_a_writer_commits(writer):
    writer.start(0, n_calls=5000)
    versions = []
    while not versions or versions[-1] < 15:
        try:
            versions.append(version_in(writer.path))
        except IndexNotFoundError:
            assert not versions
    writer.wait()
    assert versions == sorted(versions)
    assert len(set(versions)) > 1
