"""A change does not take over what is damaged: it stops, names the file, and the index stays."""

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from colmodern import HashEncoder, IndexConfig, Indexer
from colmodern.errors import IndexCorruptError, IndexFormatError, IndexWriteError
from colmodern.indexer import compact, delete
from colmodern.storage import IndexReader, IndexWriter, LocalDirectory, verify
from colmodern.storage.directory import durable
from colmodern.storage.format.manifest_json import encode_manifest
from colmodern.storage.format.names import LAST_NUMBER
from colmodern.storage.snapshot.files import read_manifest
from colmodern.storage.writer import locked

pytestmark = pytest.mark.usefixtures("unsynced")

ENCODER = HashEncoder(dim=16)
OTHER_ENCODER = HashEncoder(dim=32)


@pytest.fixture
def root(tmp_path):
    """A folder and an index of it, with every kind of file."""
    folder, path = tmp_path / "files", tmp_path / "index"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.md").write_text(f"word{number} and the rest of note{number}")
    Indexer(path, ENCODER, config=IndexConfig(merge=False)).sync([folder])
    (folder / "1.md").unlink()
    Indexer(path, ENCODER).sync([folder])
    return tmp_path


def flipped(path, wanted):
    """Flip a bit of a file: where ``wanted`` first occurs, or in the values of its first column."""
    data = bytearray(path.read_bytes())
    data[first_value(data) if wanted is None else data.index(wanted)] ^= 1
    path.write_bytes(data)


def first_value(data):
    buffer = pa.py_buffer(bytes(data))
    column = pa.ipc.open_file(buffer).get_batch(0).column(0)
    return column.buffers()[-1].address - buffer.address


def sync(root, encoder=ENCODER):
    return Indexer(root / "index", encoder).sync([root / "files"])


CHANGES = {
    "index": sync,
    "start over": lambda root: sync(root, OTHER_ENCODER),
    "update": lambda root: Indexer(root / "index", ENCODER).update([("2.md", "new")]),
    "delete": lambda root: delete(root / "index", ["2.md"]),
    "compact": lambda root: compact(root / "index"),
    "retrain": lambda root: Indexer(root / "index", ENCODER).retrain(),
}
# Of each kind of file a byte that the changes depend on. A delete reads no text, a retraining no
# code: such damage stays where it was, with the checksum that tells.
READ = {
    ("codec-", None): {*CHANGES},
    ("sources-", b"4.md"): {"index", "start over", "retrain"},
    ("tombstones-", None): {*CHANGES},
    ("documents.arrow", b"4.md"): {*CHANGES},
    ("documents.arrow", b"word4"): {"start over", "compact", "retrain"},
    ("tokens.arrow", None): {"compact"},
    ("contexts.arrow", None): {"compact"},
    ("postings.arrow", None): {"compact"},
    ("words-", None): {"compact"},
    ("lengths-", None): {"compact"},
}


def state(path):
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_takes_damage_over(root, change):
    index, sound = root / "index", root / "sound"
    shutil.copytree(index, sound)
    (root / "files" / "5.md").unlink()
    for (name, wanted), read_by in READ.items():
        shutil.rmtree(index)
        shutil.copytree(sound, index)
        (file,) = (f for f in index.rglob("*.arrow") if name in f.relative_to(index).as_posix())
        flipped(file, wanted)
        before = state(index)
        if change in read_by:
            with pytest.raises(IndexCorruptError) as caught:
                CHANGES[change](root)
            assert caught.value.path == file, (change, name)
            assert state(index) == before
        else:
            CHANGES[change](root)
            # Encoding all texts again leaves nothing of a damaged file of codes.
            left = [] if change in {"start over", "retrain"} else [file]
            assert [problem.path for problem in verify(index)] == left, (change, name)
            with IndexReader.open(index) as reader:
                texts = {document.text.split(" ")[0] for document in reader.documents()}
            assert "word1" not in texts
            assert "word3" in texts


def test_without_a_checksum_of_its_keys_a_documents_file_is_compared_whole(tmp_path):
    golden = Path(__file__).parents[1] / "compat" / "v1" / "index"
    index = tmp_path / "index"
    shutil.copytree(golden, index)
    file = index / "segment-000001" / "documents.arrow"
    flipped(file, b"officer")
    with pytest.raises(IndexCorruptError) as caught:
        delete(index, ["keys.md"])
    assert caught.value.path == file


@pytest.mark.parametrize("name", ["generation", "next_segment"])
@pytest.mark.parametrize("number", [LAST_NUMBER, LAST_NUMBER - 10])
def test_numbers_near_their_end_are_refused_before_anything_is_written(root, name, number):
    index = root / "index"
    manifest = replace(read_manifest(LocalDirectory(index)), **{name: number})
    (index / "manifest.json").write_bytes(encode_manifest(manifest))
    before = state(index)
    for change in CHANGES.values():
        with pytest.raises(IndexFormatError, match=f"{name} {number}"):
            change(root)
        assert state(index) == before
    with IndexReader.open(index) as reader:
        assert reader.n_documents == 11


def test_a_manifest_that_no_reader_would_take_is_not_committed(kit, home, monkeypatch):
    path = kit.build(home("i"), ["a"], ["b"])
    before = path.read("manifest.json")
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        monkeypatch.setattr(locked, "encode_manifest", with_wrong_sum(encode_manifest))
        with pytest.raises(IndexWriteError, match="left as it was"):
            writer.commit()
    assert path.read("manifest.json") == before


def with_wrong_sum(encode):
    """Encode another number of tokens than the segments have."""
    return lambda manifest: encode(manifest).replace(b'"n_tokens": 5', b'"n_tokens": 6')


def test_a_disk_that_gives_back_other_bytes_does_not_get_a_commit(kit, tmp_path, monkeypatch):
    index = LocalDirectory(tmp_path / "i")
    kit.build(index, ["a"], ["b"])
    before = index.read("manifest.json")
    write = durable.write_all
    monkeypatch.setattr(
        durable, "write_all", lambda descriptor, data: write(descriptor, bytes(data)[:-1] + b" ")
    )
    with IndexWriter.open(index) as writer:
        writer.delete(["a"])
        with pytest.raises(IndexWriteError, match="other bytes"):
            writer.commit()
    assert index.read("manifest.json") == before
