"""What every place of an index must do, and that nothing else in storage touches a disk."""

import ast
import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import colmodern.storage
from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import IndexLockedError, IndexNotFoundError, IndexStoreError
from colmodern.storage import (
    IndexReader,
    IndexWriter,
    LocalDirectory,
    MemoryDirectory,
    exists,
    verify,
)
from colmodern.storage.directory import as_directory

pytestmark = pytest.mark.usefixtures("unsynced")

ROOM = Path(colmodern.storage.__file__).parent
DISK_MODULES = {"os", "shutil", "tempfile", "mmap", "io", "fcntl", "msvcrt", "glob", "fileinput"}
DISK_CALLS = {
    "open_memory_map", "memory_map", "OSFile", "read_bytes", "write_bytes", "read_text",
    "write_text", "stat", "exists", "is_file", "is_dir", "iterdir", "unlink", "mkdir", "rmdir",
    "rename", "touch",
    "memmap", "fromfile", "tofile",
}  # fmt: skip


@pytest.fixture
def place(home):
    """A place whose lock was taken and released, so that it is there."""
    directory = home("i")
    if isinstance(directory, LocalDirectory):
        directory.path.mkdir()
    return directory


def write(directory, name, *parts):
    with directory.create(name) as file:
        for part in parts:
            file.write(part)
        file.sync()


def test_a_file_comes_back_whole_in_parts_and_mapped(place):
    write(place, "a", b"0123", memoryview(b"456789"))
    write(place, "segment-000001/b", b"x")
    assert sorted(place.entries()) == ["a", "segment-000001"]
    assert place.size("a") == 10
    assert place.read("a") == b"0123456789"
    assert place.read("a", 3, 4) == b"3456"
    assert place.read("a", 8, 4) == b"89"
    assert place.read("a", 10, 4) == b""
    assert place.map("a").to_pybytes() == b"0123456789"
    assert place.map("segment-000001/b").to_pybytes() == b"x"


def test_a_mapped_file_can_only_be_read_and_outlives_its_name(place):
    write(place, "a", bytes(range(64)))
    numbers = np.frombuffer(place.map("a"), np.int64)
    assert not numbers.flags.writeable
    assert numbers.flags.aligned
    before = numbers.copy()
    place.delete("a")
    assert place.version("a") is None
    assert np.array_equal(numbers, before)


def test_a_file_that_is_there_is_never_written_to(place):
    write(place, "a", b"old")
    with pytest.raises(FileExistsError):
        place.create("a")
    assert place.read("a") == b"old"


def test_what_is_not_there_is_said_to_be_missing(place):
    for ask in (place.map, place.read, place.size, place.delete):
        with pytest.raises(FileNotFoundError):
            ask("none")
    assert place.version("none") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
@pytest.mark.parametrize("name", ["manifest.json", "pending.json", "sources-g000001.arrow"])
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path, name):
    indexer = Indexer(tmp_path / "index", HashEncoder(dim=16))
    indexer.build([("a", "blue ovens")])
    (tmp_path / "index" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "index" / name)
    with pytest.raises(OSError, match="a pipe"):
        as_directory(tmp_path / "index").read(name)
    with contextlib.suppress(IndexStoreError):
        indexer.update([("b", "red trains")])


def test_a_replacement_changes_the_version_and_nothing_else_does(place):
    place.replace("manifest.json", b"one")
    first = place.version("manifest.json")
    write(place, "a", b"x")
    assert place.version("manifest.json") == first
    place.replace("manifest.json", b"two")
    assert place.version("manifest.json") not in {None, first}
    assert place.read("manifest.json") == b"two"
    assert sorted(place.entries()) == ["a", "manifest.json"]


def test_a_folder_goes_with_all_that_is_in_it(place):
    write(place, "segment-000001/a", b"x")
    write(place, "segment-000001/b", b"x")
    write(place, "segment-000002/a", b"x")
    place.delete("segment-000001")
    assert place.entries() == ["segment-000002"]


def test_one_holder_at_a_time_has_the_lock(home):
    directory = home("i")
    lock = directory.lock()
    with pytest.raises(IndexLockedError, match="being written to"):
        directory.lock()
    lock.release()
    lock.release()
    directory.lock().release()
    assert not directory.path.exists(), "a folder made for a lock alone goes with it"


def test_a_lock_leaves_a_folder_that_was_there(tmp_path):
    LocalDirectory(tmp_path).lock().release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_scratch_is_appended_to_and_read_in_any_order(size, place):
    scratch = place.scratch("segment-000001")
    for number in range(4):
        scratch.append(bytes([number]) * size)
        assert scratch.read(number * size, 3) == bytes([number]) * 3
    assert len(scratch) == 4 * size
    assert scratch.read(size - 1, 2) == b"\0\1"
    mapped = scratch.map()
    scratch.close()
    assert bytes(memoryview(mapped)[-size:]) == b"\3" * size


def test_an_index_is_there_from_its_first_commit_on(kit, home):
    directory = home("i")
    assert not exists(directory)
    with kit.create(directory) as writer:
        assert not exists(directory)
        writer.commit()
        assert exists(directory)
    assert not exists(home("other"))


def test_a_reader_knows_whether_it_is_current(kit, home):
    directory = kit.build(home("i"), ["a"])
    with IndexReader.open(directory) as reader:
        assert reader.is_current()
        with IndexWriter.open(directory) as writer:
            kit.add(writer, ["b"])
            assert reader.is_current()
            writer.commit()
        assert not reader.is_current()
        assert reader.refresh().is_current()


def test_every_door_takes_a_path_or_a_directory(kit, tmp_path):
    path = kit.build(tmp_path / "i", ["a"])
    for place in (path, str(path), LocalDirectory(path)):
        assert as_directory(place).path == path
        assert IndexReader.open(place).path == path
        assert verify(place) == []
        assert exists(place)
        IndexWriter.open(place).close()


def test_an_index_in_memory_is_searched(kit):
    directory = kit.build(MemoryDirectory(), ["a", "b"])
    reader = IndexReader.open(directory)
    tokens = HashEncoder(dim=16).encode_queries(["some text"])[0]
    assert len(Searcher(reader).search_embeddings(tokens, k=5, passages=False)) == 2
    with pytest.raises(IndexNotFoundError, match="no index at other: the folder has no manifest"):
        IndexReader.open(MemoryDirectory("other"))


@pytest.mark.parametrize("room", ["format", "snapshot", "writer"])
def test_only_a_directory_touches_a_disk(room):
    for file in sorted((ROOM / room).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
                assert not names & DISK_MODULES, (file, names)
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in DISK_MODULES, file
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "open", (file, node.lineno)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in DISK_CALLS, (file, node.lineno)


IN_MEMORY = textwrap.dedent(
    """
    import sys
    from tests.conftest import IndexKit
    from colmodern.storage import IndexReader, IndexWriter, MemoryDirectory, verify

    def use(directory):
        kit.build(directory, ["a"], ["b", "c"])
        with IndexWriter.open(directory) as writer:
            writer.delete(["b"])
            writer.commit()
            writer.compact()
        assert [d.id for d in IndexReader.open(directory).documents()] == ["a", "c"]
        assert verify(directory) == []

    kit = IndexKit.with_codec()
    use(MemoryDirectory())  # what is imported late is imported now
    seen = []
    sys.addaudithook(lambda event, _: seen.append(event))
    use(MemoryDirectory())
    touched = {event for event in seen if event in {"open", "import"} or event.startswith("os.")}
    assert not touched, touched
    """
)


def test_an_index_in_memory_touches_no_disk():
    command = [sys.executable, "-c", IN_MEMORY]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
