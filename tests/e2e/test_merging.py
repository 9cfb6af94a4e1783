"""Small segments merge by themselves, deleted documents go, and what a commit copies is bounded."""

import errno
import os

import pyarrow as pa
import pytest

from colmodern import HashEncoder, IndexConfig, Indexer
from colmodern.errors import IndexCorruptError, IndexStoreError
from colmodern.indexer import delete
from colmodern.storage import IndexReader, LocalDirectory, SegmentRecord, verify
from colmodern.storage.format.manifest import FileRecord
from colmodern.storage.writer.compaction import MERGED_TOKENS, plan_neighbours

pytestmark = pytest.mark.usefixtures("unsynced")

ENCODER = HashEncoder(dim=16)
CONFIG = IndexConfig(n_centroids=8)


def ids_and_segments(path):
    with IndexReader.open(path) as reader:
        return [d.id for d in reader.documents()], len(reader.segments)


def test_many_small_commits_leave_few_segments_and_the_order(tmp_path):
    indexer = Indexer(tmp_path / "i", ENCODER, config=CONFIG)
    indexer.build([("a", "first words")])
    expected = ["a"]
    for number in range(30):
        indexer.update([(f"d{number}", f"words of {number}")])
        expected.append(f"d{number}")
        ids, n_segments = ids_and_segments(tmp_path / "i")
        assert ids == expected
        assert n_segments == 1
    assert verify(tmp_path / "i") == []


def test_deleted_documents_go_once_they_are_many(tmp_path):
    path = tmp_path / "i"
    Indexer(path, ENCODER, config=CONFIG).build([(f"d{n}", f"words of {n}") for n in range(20)])
    delete(path, ["d0", "d1"])
    with IndexReader.open(path) as reader:
        assert [s.record.n_deleted_documents for s in reader.segments] == [2]
    delete(path, [f"d{n}" for n in range(2, 8)])
    with IndexReader.open(path) as reader:
        assert [s.record.n_deleted_documents for s in reader.segments] == [0]
    assert ids_and_segments(path)[0] == [f"d{n}" for n in range(8, 20)]
    assert verify(path) == []


def test_a_reader_that_is_open_keeps_what_it_opened(tmp_path):
    path = tmp_path / "i"
    indexer = Indexer(path, ENCODER, config=CONFIG)
    indexer.build([("a", "first words")])
    with IndexReader.open(path) as reader:
        indexer.update([("b", "more words")])
        assert [document.id for document in reader.documents()] == ["a"]


def test_a_damaged_neighbour_is_not_merged_and_stays_damaged(tmp_path):
    path = tmp_path / "i"
    indexer = Indexer(path, ENCODER, config=CONFIG)
    indexer.build([("a", "first words")])
    file = path / "segment-000001" / "tokens.arrow"
    if not file.exists():
        (file,) = path.glob("segment-*/tokens.arrow")
    data = bytearray(file.read_bytes())
    buffer = pa.py_buffer(bytes(data))
    values = pa.ipc.open_file(buffer).get_batch(0).column(0).buffers()[-1]
    data[values.address - buffer.address] ^= 1
    file.write_bytes(data)
    indexer.update([("b", "more words")])
    assert ids_and_segments(path) == (["a", "b"], 2)
    assert [problem.path for problem in verify(path)] == [file]


def records(*sizes):
    file = FileRecord("", 0, "")
    return [
        SegmentRecord(
            f"segment-{i:06d}",
            n_documents=10,
            n_tokens=size,
            documents=file,
            tokens=file,
            contexts=file,
            postings=file,
            n_deleted_documents=n_deleted,
        )
        for i, (size, n_deleted) in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([(10, 0)], []),
        ([(10, 0), (10, 0)], [slice(0, 2)]),
        ([(400_000, 0), (10, 0)], []),
        ([(400_000, 0), (60_000, 0)], [slice(0, 2)]),
        ([(400_000, 0), (60_000, 0), (50_000, 0)], [slice(1, 3)]),
        ([(2_000_000, 9), (10, 0)], []),
        ([(310_000, 3), (200_000, 3), (10, 0)], [slice(1, 2)]),
        ([(100, 2)], []),
        ([(100, 3)], [slice(0, 1)]),
    ],
)
def test_what_a_commit_merges(sizes, expected):
    segments = records(*sizes)
    plan = plan_neighbours(segments, max_tokens=2_000_000)
    assert plan == expected
    assert sum(s.n_tokens for run in plan for s in segments[run]) <= MERGED_TOKENS


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_running_out_of_files_or_maps_is_told_as_that(tmp_path, monkeypatch, number):
    path = tmp_path / "i"
    Indexer(path, ENCODER, config=CONFIG).build([("a", "first words")])

    def refuse(self, name):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(LocalDirectory, "map", refuse)
    with pytest.raises(IndexStoreError, match="not damaged") as caught:
        IndexReader.open(path)
    assert not isinstance(caught.value, IndexCorruptError)
    assert caught.value.code == "index_unreadable"
