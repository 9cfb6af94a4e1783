import errno
import json
import os

import pytest

from colmodern.errors import (
    IndexCorruptError,
    IndexLockedError,
    IndexNotFoundError,
    IndexWriteError,
)
from colmodern.storage import (
    IndexReader,
    IndexWriter,
    LocalDirectory,
    Pending,
    SourceRecord,
    StoredDocument,
    read_pending,
    verify,
)

pytestmark = pytest.mark.usefixtures("unsynced")


def texts_in(path):
    with IndexReader.open(path) as reader:
        return [(document.id, document.text) for document in reader.documents()]


def interrupted(kit, path, *segments, replace=False):
    """Leave the segments of a build that was not committed."""
    with kit.create(path, replace=replace, resumable=True) as writer:
        for ids in segments:
            kit.add(writer, ids)
        writer.new_segment().add(StoredDocument("lost", ""), kit.codes(1), kit.spans(1))
    return path


def names_in(path):
    return sorted(path.entries())


def test_a_build_goes_on_where_it_was_interrupted(kit, home):
    path = interrupted(kit, home("i"), ["a", "b"], ["c"])
    with pytest.raises(IndexNotFoundError):
        IndexReader.open(path)
    assert names_in(path) == [
        "codec-g000001.arrow",
        "pending.json",
        "segment-000001",
        "segment-000002",
    ]
    with IndexWriter.resume(path) as writer:
        assert writer.codec.fingerprint == kit.codec.fingerprint
        assert writer.pending_documents() == {i: f"some text {i}" for i in "abc"}
        kit.add(writer, ["d"])
        writer.commit()
    kit.build(home("whole"), ["a", "b"], ["c"], ["d"])
    for name in kit.names(home("whole")):
        assert home("whole").read(name) == path.read(name)
    assert names_in(path) == names_in(home("whole"))


def test_what_is_pending_can_be_looked_at(kit, home):
    assert read_pending(home("i")) is None
    assert read_pending(home("none")) is None
    path = interrupted(kit, home("i"), ["a", "b"], ["c"])
    pending = read_pending(path)
    assert isinstance(pending, Pending)
    assert (pending.n_documents, pending.n_tokens) == (3, 15)
    assert (pending.generation, pending.is_new) == (0, True)
    assert pending.encoder == kit.encoder
    assert pending.config == {"bits": 4}
    assert pending.codec.n_centroids == kit.codec.n_centroids
    assert json.loads(path.read("pending.json"))["magic"] == "colmodern-pending"


def test_an_update_goes_on_and_new_versions_take_the_place_of_old_ones(kit, home):
    path = kit.build(home("i"), ["a", "b", "c"])
    with IndexWriter.open(path, resumable=True) as writer:
        writer.delete(["a", "b"])
        kit.add(writer, ["a"], text="new")
        kit.add(writer, ["d"], text="new")
    assert [i for i, _ in texts_in(path)] == ["a", "b", "c"]
    with IndexWriter.resume(path) as writer:
        assert writer.pending_documents() == {"a": "new a", "d": "new d"}
        assert writer.keep_pending({"a": "new a", "d": "new d"}) == {"a", "d"}
        writer.delete(["b"])
        writer.commit()
    assert texts_in(path) == [("c", "some text c"), ("a", "new a"), ("d", "new d")]
    assert verify(path) == []


def test_a_pending_document_that_is_not_wanted_leaves_the_committed_one(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    with IndexWriter.open(path, resumable=True) as writer:
        writer.delete(["a", "b"])
        kit.add(writer, ["a", "b", "c"], text="new")
    with IndexWriter.resume(path) as writer:
        assert writer.keep_pending({"b": "new b", "c": "newer c"}) == {"b"}
        assert writer.pending_documents() == {"b": "new b"}
        kit.add(writer, ["c"], text="newer")
        assert writer.delete(["a", "a"]) == 1
        kit.add(writer, ["a"], text="newest")
        assert writer.keep_pending({"c": "newer c", "b": "new b"}) == {"b", "c"}
        writer.commit()
    # "a" was deleted for good, so that forgetting its last version does not bring it back
    assert texts_in(path) == [("b", "new b"), ("c", "newer c")]
    with IndexWriter.open(path, resumable=True) as writer:
        writer.delete(["b"])
        kit.add(writer, ["b"], text="third")
    with IndexWriter.resume(path) as writer:
        assert writer.keep_pending({}) == set()
        assert writer.delete(["unknown"]) == 0
        writer.commit()
    assert texts_in(path) == [("b", "new b"), ("c", "newer c")]
    assert verify(path) == []


def test_deleting_a_pending_document_deletes_the_committed_one_too(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    with IndexWriter.open(path, resumable=True) as writer:
        writer.delete(["a"])
        kit.add(writer, ["a"], text="new")
    with IndexWriter.resume(path) as writer:
        assert writer.delete(["a"]) == 1
        assert writer.keep_pending({"a": "new a"}) == set()
        writer.commit()
    assert texts_in(path) == [("b", "some text b")]


def test_the_last_of_several_pending_versions_counts(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    with IndexWriter.open(path, resumable=True) as writer:
        for text in ("one", "two"):
            writer.delete(["a"])
            kit.add(writer, ["a"], text=text)
    for _ in range(2):  # interrupted again
        with IndexWriter.resume(path) as writer:
            assert writer.pending_documents() == {"a": "two a"}
    with IndexWriter.resume(path) as writer:
        assert writer.keep_pending({"a": "one a"}) == set()
        writer.set_sources([SourceRecord("x", "", 0, 0, "", "", [])])
        writer.commit()
    assert texts_in(path) == [("a", "some text a"), ("b", "some text b")]


def test_a_replacement_goes_on_while_the_old_index_answers(kit, home):
    path = kit.build(home("i"), ["old"])
    interrupted(kit, path, ["a"], replace=True)
    assert texts_in(path) == [("old", "some text old")]
    assert verify(path) == []
    assert read_pending(path).is_new
    with IndexWriter.resume(path) as writer:
        assert writer.content_hashes() == {}
        kit.add(writer, ["b"])
        assert texts_in(path) == [("old", "some text old")]
        writer.commit()
    assert [i for i, _ in texts_in(path)] == ["a", "b"]
    assert verify(path) == []


@pytest.mark.parametrize("how", ["open", "create", "commit", "delete"])
def test_any_other_writer_removes_what_is_pending(how, kit, home):
    path = kit.build(home("i"), ["a"])
    before = names_in(path)
    with IndexWriter.open(path, resumable=True) as writer:
        kit.add(writer, ["b"])
    assert names_in(path) != before
    if how == "open":
        IndexWriter.open(path, resumable=True).close()
    elif how == "create":
        kit.create(path, replace=True, resumable=True).close()
    elif how == "commit":
        with IndexWriter.resume(path) as writer:
            writer.keep_pending({})
            writer.commit()
        assert "pending.json" not in names_in(path)
        return
    else:
        with IndexWriter.open(path) as writer:
            writer.delete(["a"])
    assert names_in(path) == before
    assert read_pending(path) is None
    with pytest.raises(IndexNotFoundError, match="no interrupted work"):
        IndexWriter.resume(path)
    assert names_in(path) == before


def test_a_resumable_writer_without_a_finished_segment_leaves_nothing(kit, home):
    kit.create(home("i"), resumable=True).close()
    assert kit.names(home("i")) == []
    assert not home("i").path.exists()


def test_what_belongs_to_another_state_is_not_pending(kit, home):
    path = kit.build(home("i"), ["a"])
    with IndexWriter.open(path, resumable=True) as writer:
        kit.add(writer, ["b"])
        kept = path.read("pending.json")
        writer.commit()
    kit.overwrite(path, "pending.json", kept)
    assert read_pending(path) is None
    IndexWriter.open(path).close()
    assert "pending.json" not in names_in(path)
    assert [i for i, _ in texts_in(path)] == ["a", "b"]


def test_every_flipped_byte_of_the_list_is_noticed(kit, home):
    path = interrupted(kit, home("i"), ["a"], ["b"])
    file = "pending.json"
    data = path.read(file)
    for position in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[position] ^= 4
        kit.overwrite(path, file, damaged)
        assert read_pending(path) is None
    for length in (0, 10, len(data) - 1):
        kit.overwrite(path, file, data[:length])
        assert read_pending(path) is None
    kit.overwrite(path, file, data)
    codec = "codec-g000001.arrow"
    changed = bytearray(path.read(codec))
    changed[len(changed) // 2] ^= 1
    kit.overwrite(path, codec, changed)
    assert read_pending(path) is None


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_pending_segment_is_left_out(damage, kit, home, caplog):
    path = interrupted(kit, home("i"), ["a"], ["b"], ["c"])
    file = "segment-000002/tokens.arrow"
    data = bytearray(path.read(file))
    data[300] ^= 1
    if damage == "flip":
        kit.overwrite(path, file, data)
    elif damage == "cut":
        kit.overwrite(path, file, data[:300])
    else:
        path.delete(file)
    with IndexWriter.resume(path) as writer:
        assert set(writer.pending_documents()) == {"a", "c"}
        assert "left out" in caplog.text
        kit.add(writer, ["b"])
        writer.commit()
    assert [i for i, _ in texts_in(path)] == ["a", "c", "b"]
    assert verify(path) == []


def test_two_writers_cannot_go_on_at_once(kit, home):
    path = interrupted(kit, home("i"), ["a"])
    with IndexWriter.resume(path), pytest.raises(IndexLockedError):
        IndexWriter.resume(path)
    assert read_pending(path) is not None


def test_a_full_disk_keeps_what_was_finished(kit, tmp_path, monkeypatch):
    path = LocalDirectory(tmp_path / "i")

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "full")

    with kit.create(path, resumable=True) as writer:
        kit.add(writer, ["a"])
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(IndexWriteError, match="no room left"):
            kit.add(writer, ["b"])
    monkeypatch.undo()
    with IndexWriter.resume(path) as writer:
        assert set(writer.pending_documents()) == {"a"}
        kit.add(writer, ["b"])
        writer.commit()
    assert [i for i, _ in texts_in(path)] == ["a", "b"]


def test_parts_are_merged_up_to_a_size_before_the_commit(kit, home):
    path = kit.build(home("i"), ["z"])
    with IndexWriter.open(path) as writer:
        for ids in (["a", "b"], ["c"], ["d"], ["e", "f", "g"], ["h"]):
            kit.add(writer, ids)
        writer.delete(["b", "h"])
        writer.merge_parts(max_tokens=15)
        writer.delete(["c", "f", "z"])
        kit.add(writer, ["c"], text="new")
        writer.commit()
        sizes = [(s.n_documents, s.n_deleted_documents) for s in writer.manifest.segments]
        assert sizes == [(3, 1), (3, 1), (1, 0)]
    assert [i for i, _ in texts_in(path)] == ["a", "d", "e", "g", "c"]
    assert verify(path) == []
    with IndexReader.open(path) as reader:
        segment, i = reader.find("d")
        start, end = segment.token_offsets[i : i + 2]
        expected = kit.codes(5).residuals
        assert segment.codes.residuals[start:end].tobytes() == expected.tobytes()
        assert segment.spans(i).tolist() == kit.spans(5).tolist()


def test_parts_whose_documents_are_all_deleted_leave_no_segment(kit, home):
    with kit.create(home("i")) as writer:
        kit.add(writer, ["a"])
        kit.add(writer, ["b"])
        writer.delete(["a", "b"])
        writer.merge_parts()
        writer.commit()
    assert texts_in(home("i")) == []


def test_a_merge_keeps_the_squared_error(kit, home):
    with kit.create(home("i")) as writer:
        for name, error in (("a", 2.0), ("b", 6.0)):
            segment = writer.new_segment()
            segment.add(StoredDocument(name, ""), kit.codes(2), kit.spans(2), error)
            segment.finish()
        writer.merge_parts()
        (record,) = writer.commit().segments
    assert record.squared_error == 2.0


def test_merged_parts_are_pending_too(kit, home):
    path = home("i")
    with kit.create(path, resumable=True) as writer:
        for ids in (["a"], ["b"], ["c"]):
            kit.add(writer, ids)
        writer.merge_parts(max_tokens=10)
        assert [name for name in names_in(path) if name.startswith("segment")] == [
            "segment-000003",
            "segment-000004",
        ]
    with IndexWriter.resume(path) as writer:
        assert list(writer.pending_documents()) == ["a", "b", "c"]
        writer.delete(["b"])
        writer.commit()
    assert [i for i, _ in texts_in(path)] == ["a", "c"]
    assert verify(path) == []


def test_a_merge_that_failed_loses_nothing(kit, tmp_path, monkeypatch):
    path = LocalDirectory(tmp_path / "i")
    real = os.write
    left = 0

    def full(descriptor, data):
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data)

    with kit.create(path, resumable=True) as writer:
        for ids in (["a"], ["b"], ["c"], ["d"]):
            kit.add(writer, ids)
        monkeypatch.setattr(os, "write", full)
        failures = 0
        for n_calls in range(200):
            left = n_calls
            try:
                writer.merge_parts(max_tokens=10)
                break
            except IndexWriteError:
                failures += 1
                assert set(read_pending(path).files())
                for file in read_pending(path).files():
                    assert path.version(file.name) is not None
        assert failures > 20
        left = 10_000
        writer.delete(["c"])
        writer.commit()
    assert [i for i, _ in texts_in(path)] == ["a", "b", "d"]
    assert verify(path) == []


def test_a_merge_does_not_give_damage_a_new_checksum(kit, home):
    path = home("i")
    with kit.create(path) as writer:
        for ids in (["a"], ["b"]):
            kit.add(writer, ids)
        file = "segment-000001/tokens.arrow"
        data = bytearray(path.read(file))
        data[len(data) // 2] ^= 1
        kit.overwrite(path, file, data)
        with pytest.raises(IndexCorruptError, match="checksum"):
            writer.merge_parts()
