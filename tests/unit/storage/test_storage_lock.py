import os
import signal
import subprocess
import sys
import textwrap

import pytest

from colmodern.errors import IndexLockedError, IndexWriteError
from colmodern.storage import IndexReader, IndexWriter
from colmodern.storage.directory import lock as lock_module

HOLDER = textwrap.dedent(
    """
    import sys, time
    from colmodern.storage import IndexWriter
    with IndexWriter.open(sys.argv[1]):
        print("locked", flush=True)
        time.sleep(600)
    """
)

pytestmark = pytest.mark.usefixtures("unsynced")


@pytest.fixture
def holder(kit, tmp_path):
    """A process that holds the lock of an index."""
    path = kit.build(tmp_path / "i", ["a"])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "locked\n"
    yield path, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_and_told_who_writes(holder):
    path, process = holder
    with pytest.raises(IndexLockedError, match=f"process {process.pid} on ") as caught:
        IndexWriter.open(path)
    assert caught.value.path == path
    assert IndexReader.open(path).n_documents == 1


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_the_lock_of_a_killed_process_holds_nobody_up(holder):
    path, process = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (path / "writer.lock").exists()
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        writer.commit()
    assert not (path / "writer.lock").exists()


def test_a_second_writer_in_the_same_process_is_refused(kit, home):
    path = kit.build(home("i"), ["a"])
    with IndexWriter.open(path):
        with pytest.raises(IndexLockedError, match=f"process {os.getpid()} on "):
            IndexWriter.open(path)
        with pytest.raises(IndexLockedError):
            kit.create(path, replace=True)
    IndexWriter.open(path).close()


@pytest.mark.parametrize("content", ["", "[1]", '{"pid": 1e400, "host": "h"}', "[" * 100_000])
def test_a_lock_file_without_a_name_in_it_is_still_a_lock(kit, tmp_path, content):
    path = kit.build(tmp_path / "i", ["a"])
    with IndexWriter.open(path):
        (path / "writer.lock").write_text(content)
        with pytest.raises(IndexLockedError, match="by another process"):
            IndexWriter.open(path)


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_taken_anew(kit, tmp_path, monkeypatch):
    path = kit.build(tmp_path / "i", ["a"])
    real = lock_module._try_lock
    locked = []

    def lose_the_first(descriptor):
        real(descriptor)
        if not locked:
            (path / "writer.lock").unlink()
        locked.append(descriptor)

    monkeypatch.setattr(lock_module, "_try_lock", lose_the_first)
    with IndexWriter.open(path):
        assert len(locked) == 2
        monkeypatch.undo()
        with pytest.raises(IndexLockedError):
            IndexWriter.open(path)


def test_a_file_system_without_locks_is_named_as_the_cause(kit, tmp_path, monkeypatch):
    path = kit.build(tmp_path / "i", ["a"])

    def refuse(descriptor):
        raise OSError(lock_module.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock_module, "_try_lock", refuse)
    with pytest.raises(IndexWriteError, match="has no locks"):
        IndexWriter.open(path)
