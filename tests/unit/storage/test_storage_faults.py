import contextlib
import errno
import os
import shutil
import subprocess
import sys

import pytest

from colmodern.errors import IndexWriteError
from colmodern.storage import IndexReader, IndexWriter, verify

CALLS = ("write", "fsync", "open", "mkdir", "replace", "ftruncate")
OPEN = os.open
WRITING = os.O_WRONLY | os.O_RDWR
STRIDE = 3

pytestmark = pytest.mark.usefixtures("unsynced")


class Fault(BaseException):
    """Not an error that the code may catch."""


class FailingSystem:
    """Lets a number of system calls that write pass and fails the next one."""

    def __init__(self, monkeypatch, error):
        self.left = None
        self.error = error
        for name in CALLS:
            monkeypatch.setattr(os, name, self.counted(getattr(os, name)))

    def counted(self, call):
        def counting(*args, **kwargs):
            reads = call is OPEN and not args[1] & WRITING  # no full disk keeps anybody from that
            if self.left is not None and not reads:
                self.left -= 1
                if self.left < 0:
                    self.left = None  # what cleans up afterwards works again
                    raise self.error
            return call(*args, **kwargs)

        return counting


def contents(path):
    with IndexReader.open(path) as reader:
        return [document.id for document in reader.documents()]


def change(kit, path):
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        kit.add(writer, ["c"])
        writer.set_sources([])
        writer.commit()


def every_moment(kit, tmp_path, system, error):
    """Yield an index for every third system call of a change, with the change failed there."""
    original = kit.build(tmp_path / "original", ["a", "b"])
    for n_calls in range(0, 300, STRIDE):
        path = shutil.copytree(original, tmp_path / str(n_calls))
        system.left = n_calls
        with contextlib.suppress(error):
            change(kit, path)
        if system.left:  # the change made fewer calls
            assert n_calls > 50
            assert contents(path) == ["b", "c"]
            return
        system.left = None
        assert contents(path) in (["a", "b"], ["b", "c"])
        assert verify(path) == []
        yield path


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EROFS, "may not be written"),
        (errno.EACCES, "may not be written"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_an_error_of_the_disk_says_what_to_do(code, words, kit, tmp_path, monkeypatch):
    path = kit.build(tmp_path / "i", ["a", "b"])
    system = FailingSystem(monkeypatch, OSError(code, os.strerror(code)))
    system.left = 20
    with pytest.raises(IndexWriteError, match=words) as caught:
        change(kit, path)
    assert caught.value.errno == code
    assert caught.value.path == path
    assert contents(path) == ["a", "b"]


def test_a_full_disk_at_any_system_call_leaves_the_old_or_the_new_index(kit, tmp_path, monkeypatch):
    system = FailingSystem(monkeypatch, OSError(errno.ENOSPC, "full"))
    for path in every_moment(kit, tmp_path, system, IndexWriteError):
        if contents(path) == ["a", "b"]:
            change(kit, path)
            assert contents(path) == ["b", "c"]


def test_an_interrupt_at_any_system_call_leaves_the_old_or_the_new_index(
    kit, tmp_path, monkeypatch
):
    system = FailingSystem(monkeypatch, Fault())
    for path in every_moment(kit, tmp_path, system, Fault):
        IndexWriter.open(path).close()


def test_a_commit_that_failed_can_be_tried_again(kit, tmp_path, monkeypatch):
    system = FailingSystem(monkeypatch, OSError(errno.ENOSPC, "full"))
    path = kit.build(tmp_path / "i", ["a", "b"])
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        kit.add(writer, ["c"])
        for n_calls in range(8):
            system.left = n_calls
            with pytest.raises(IndexWriteError):
                writer.commit()
        system.left = None
        writer.commit()
    assert contents(path) == ["b", "c"]
    assert verify(path) == []


def test_a_compaction_that_failed_leaves_the_writer_usable(kit, tmp_path, monkeypatch):
    system = FailingSystem(monkeypatch, OSError(errno.ENOSPC, "full"))
    path = kit.build(tmp_path / "i", ["a", "b"], ["c"])
    with IndexWriter.open(path) as writer:
        system.left = 5
        with pytest.raises(IndexWriteError, match="no room left"):
            writer.compact()
        system.left = None
        assert writer.commit().generation == 1
        writer.delete(["a"])
        writer.commit()
        writer.compact()
    assert contents(path) == ["b", "c"]
    assert verify(path) == []


def test_creating_on_a_full_disk_leaves_nothing(kit, tmp_path, monkeypatch):
    system = FailingSystem(monkeypatch, OSError(errno.ENOSPC, "full"))
    for n_calls in range(1, 8):
        system.left = n_calls
        with pytest.raises(IndexWriteError, match="no room left"):
            kit.create(tmp_path / "i")
        assert not (tmp_path / "i").exists() or not any((tmp_path / "i").iterdir())


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_named(kit, tmp_path):
    path = kit.build(tmp_path / "i", ["a"])
    path.chmod(0o555)
    try:
        with pytest.raises(IndexWriteError, match="may not be written"):
            IndexWriter.open(path)
        assert contents(path) == ["a"]
    finally:
        path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes")
@pytest.mark.parametrize("limit", [0, 1, 100, 1000, 2000])
def test_a_file_that_cannot_grow_is_a_full_disk(limit, kit, tmp_path):
    import resource

    path = kit.build(tmp_path / "i", ["a", "b"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(IndexWriteError, match="no room left"):
            change(kit, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(path) == ["a", "b"]
    assert verify(path) == []
    change(kit, path)
    assert contents(path) == ["b", "c"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of half a megabyte; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux")
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this process may not mount")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def add_until_full(kit, writer):
    for i in range(100):
        kit.add(writer, [f"new {i}"], n_tokens=2000)


def test_a_disk_runs_full_and_has_room_again(kit, small_disk):
    path = kit.build(small_disk / "i", ["a", "b"])
    with IndexWriter.open(path, resumable=True) as writer:
        with pytest.raises(IndexWriteError, match="no room left") as caught:
            add_until_full(kit, writer)
        assert caught.value.errno == errno.ENOSPC
    assert contents(path) == ["a", "b"]
    assert verify(path) == []
    subprocess.run(["mount", "-o", "remount,size=640k", str(small_disk)], check=True)
    with IndexWriter.resume(path) as writer:
        n_kept = len(writer.pending_documents())
        assert n_kept > 3
        writer.delete([f"new {i}" for i in range(2, 100)])
        writer.commit()
    assert contents(path) == ["a", "b", "new 0", "new 1"]
    change(kit, path)
    assert contents(path) == ["b", "new 0", "new 1", "c"]
    assert verify(path) == []


def test_a_disk_for_reading_only_is_named_and_can_be_read(kit, small_disk):
    path = kit.build(small_disk / "i", ["a", "b"])
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for write in (lambda: change(kit, path), lambda: kit.create(small_disk / "other")):
        with pytest.raises(IndexWriteError, match="may not be written") as caught:
            write()
        assert caught.value.errno == errno.EROFS
    assert contents(path) == ["a", "b"]
    assert verify(path) == []
