import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from colmodern.errors import (
    IndexCorruptError,
    IndexExistsError,
    IndexFormatError,
    IndexNotFoundError,
    InputError,
)
from colmodern.storage import IndexReader, IndexWriter, MemoryDirectory, StoredDocument, verify
from colmodern.storage.format.manifest import FileRecord, SegmentRecord
from colmodern.storage.snapshot import reader as reader_module
from colmodern.storage.snapshot import verification
from colmodern.storage.snapshot.files import read_manifest
from colmodern.storage.writer.compaction import plan_compaction

pytestmark = pytest.mark.usefixtures("unsynced")


def ids_in(path):
    with IndexReader.open(path) as reader:
        return [document.id for document in reader.documents()]


def test_nothing_is_visible_before_the_commit(kit, home):
    path = home("i")
    with kit.create(path) as writer:
        kit.add(writer, ["a"])
        with pytest.raises(IndexNotFoundError):
            IndexReader.open(path)
        writer.commit()
        kit.add(writer, ["b"])
        assert ids_in(path) == ["a"]
        writer.commit()
        assert ids_in(path) == ["a", "b"]


def test_a_new_index_that_is_never_committed_leaves_no_folder(kit, tmp_path):
    with kit.create(tmp_path / "sub" / "i") as writer:
        kit.add(writer, ["a"])
    assert not (tmp_path / "sub" / "i").exists()


def test_closing_discards_what_was_not_committed(kit, home):
    path = kit.build(home("i"), ["a"])
    before = kit.names(path)
    with IndexWriter.open(path) as writer:
        kit.add(writer, ["b"])
        writer.new_segment()
        writer.delete(["a"])
    assert kit.names(path) == before
    assert ids_in(path) == ["a"]


def test_deleted_documents_are_gone_and_the_others_keep_their_places(kit, home):
    path = kit.build(home("i"), ["a", "b", "c"], ["d"])
    with IndexWriter.open(path) as writer:
        assert writer.delete(["b", "unknown", "b"]) == 1
        writer.commit()
    reader = IndexReader.open(path)
    segment = reader.segments[0]
    assert [document.id for document in reader.documents()] == ["a", "c", "d"]
    assert segment.live.tolist() == [True, False, True]
    assert (reader.n_documents, reader.n_tokens) == (3, 15)
    assert segment.position_of("b") is None
    assert segment.position_of("c") == 2
    assert reader.find("b") is None
    assert "b" not in reader.content_hashes()
    assert verify(path) == []


def test_a_second_deletion_adds_to_the_first(kit, home):
    path = kit.build(home("i"), ["a", "b", "c"])
    for name in ("c", "a"):
        with IndexWriter.open(path) as writer:
            assert writer.delete([name]) == 1
            writer.commit()
    assert ids_in(path) == ["b"]
    assert sum(name.startswith("tombstones-") for name in kit.names(path)) == 1
    assert verify(path) == []


def test_a_segment_without_living_documents_is_dropped(kit, home):
    path = kit.build(home("i"), ["a"], ["b"])
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        writer.commit()
    assert [s.name for s in IndexReader.open(path).segments] == ["segment-000002"]
    with IndexWriter.open(path) as writer:
        writer.delete(["b"])
        writer.commit()
    assert ids_in(path) == []
    assert not [name for name in kit.names(path) if name.startswith("segment-")]
    assert verify(path) == []


def test_an_update_is_a_delete_and_an_add_in_one_commit(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    with IndexWriter.open(path) as writer:
        assert writer.delete(["a"]) == 1
        kit.add(writer, ["a"], text="new text", n_tokens=3)
        writer.commit()
    with IndexReader.open(path) as reader:
        segment, position = reader.find("a")
        assert segment.document(position).text == "new text a"
        assert reader.content_hashes() == {"a": "new text a", "b": "some text b"}
        assert (reader.n_documents, reader.n_tokens) == (2, 8)
    assert verify(path) == []


def test_a_document_may_be_replaced_within_one_segment(kit, home):
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        for text in ("first", "second", "third"):
            writer.delete(["a"])
            segment.add(StoredDocument("a", text), kit.codes(2), kit.spans(2))
        segment.finish()
        writer.commit()
    reader = IndexReader.open(home("i"))
    (segment,) = reader.segments
    assert segment.live.tolist() == [False, False, True]
    assert segment.position_of("a") == 2
    assert [document.text for document in reader.documents()] == ["third"]
    assert verify(home("i")) == []


def test_an_id_that_is_alive_cannot_be_added(kit, home):
    path = kit.build(home("i"), ["a"])
    for ids, taken in ((["a"], "'a'"), (["b", "b"], "'b'")):
        with (
            IndexWriter.open(path) as writer,
            pytest.raises(InputError, match=f"has a document {taken} already"),
        ):
            kit.add(writer, ids)


def test_a_commit_without_changes_writes_nothing(kit, home):
    path = kit.build(home("i"), ["a"])
    before = path.version("manifest.json")
    with IndexWriter.open(path) as writer:
        writer.delete(["unknown"])
        writer.new_segment().finish()
        assert writer.commit().generation == 1
    assert path.version("manifest.json") == before


def test_an_unfinished_segment_stops_the_commit_and_the_next_segment(kit, home):
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        with pytest.raises(ValueError, match="finish"):
            writer.commit()
        with pytest.raises(ValueError, match="finish"):
            writer.new_segment()
        segment.finish()
        with pytest.raises(ValueError, match="is finished"):
            segment.finish()
        writer.commit()
    with pytest.raises(ValueError, match="closed"):
        writer.commit()


def test_one_string_is_no_list_of_ids(kit, home):
    with kit.create(home("i")) as writer, pytest.raises(TypeError, match="not one string"):
        writer.delete("abc")


def test_an_index_is_not_created_over_another(kit, home):
    path = kit.build(home("i"), ["a"])
    with pytest.raises(IndexExistsError, match="already"):
        kit.create(path)
    assert ids_in(path) == ["a"]


def test_an_index_is_not_created_among_files_of_somebody_else(kit, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(IndexExistsError, match=r"letter\.txt"):
        kit.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_replacing_an_index_shows_the_old_one_until_the_commit(kit, home):
    path = kit.build(home("i"), ["a"], ["b"])
    old = IndexReader.open(path)
    with kit.create(path, replace=True) as writer:
        kit.add(writer, ["c"])
        assert ids_in(path) == ["a", "b"]
        writer.commit()
        assert ids_in(path) == ["c"]
    assert [document.id for document in old.documents()] == ["a", "b"]
    assert [document.id for document in old.refresh().documents()] == ["c"]
    assert verify(path) == []


def test_a_replacement_that_is_not_committed_leaves_the_old_index(kit, home):
    path = kit.build(home("i"), ["a"])
    with kit.create(path, replace=True) as writer:
        kit.add(writer, ["c"])
    assert ids_in(path) == ["a"]
    assert verify(path) == []


def test_only_an_index_can_be_opened_for_writing(kit, tmp_path):
    with pytest.raises(IndexNotFoundError):
        IndexWriter.open(tmp_path / "none")
    with pytest.raises(IndexNotFoundError):
        IndexWriter.open(tmp_path)
    (tmp_path / "manifest.json").write_text('{"name": "a web app"}')
    with pytest.raises(IndexFormatError):
        IndexWriter.open(tmp_path)
    with pytest.raises(IndexFormatError):
        kit.create(tmp_path, replace=True)
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]


def test_a_reader_keeps_its_snapshot_over_commits_and_compaction(kit, home):
    path = kit.build(home("i"), ["a", "b"], ["c"])
    old = IndexReader.open(path)
    codes = [segment.codes.residuals.copy() for segment in old.segments]
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        writer.commit()
        writer.compact()
    assert [document.id for document in old.documents()] == ["a", "b", "c"]
    for segment, expected in zip(old.segments, codes, strict=True):
        np.testing.assert_array_equal(segment.codes.residuals, expected)
    new = old.refresh()
    assert [document.id for document in new.documents()] == ["b", "c"]


def test_a_refresh_shares_what_did_not_change(kit, home):
    path = kit.build(home("i"), ["a"], ["b"])
    with IndexReader.open(path) as reader:
        with IndexWriter.open(path) as writer:
            writer.delete(["b"])
            kit.add(writer, ["c"])
            writer.commit()
        fresh = reader.refresh()
        assert fresh.segments[0] is reader.segments[0]
        assert fresh.codec is reader.codec
    assert [document.id for document in fresh.documents()] == ["a", "c"]
    with pytest.raises(ValueError, match="closed"):
        reader.refresh()


def test_a_reader_that_lost_a_race_with_a_commit_starts_over(kit, home, monkeypatch):
    path = kit.build(home("i"), ["a", "b"])
    stale = read_manifest(path)
    with IndexWriter.open(path) as writer:
        writer.delete(["a"])
        writer.commit()
        writer.compact()
    answers = [stale]

    def read_once_too_early(folder):
        return answers.pop() if answers else read_manifest(folder)

    monkeypatch.setattr(reader_module, "read_manifest", read_once_too_early)
    assert ids_in(path) == ["b"]
    assert answers == []
    monkeypatch.setattr(verification, "read_manifest", read_once_too_early)
    answers.append(stale)
    assert verify(path) == []
    assert answers == []


def test_compaction_keeps_codes_spans_and_order(kit, home):
    path = kit.build(home("i"), ["a", "b"], ["c"], ["d", "e"])
    before = {}
    with IndexReader.open(path) as reader:
        for name in "acde":
            segment, i = reader.find(name)
            start, end = segment.token_offsets[i : i + 2]
            before[name] = (segment.document(i), segment.codes[start:end], segment.spans(i))
    with IndexWriter.open(path) as writer:
        writer.delete(["b"])
        writer.commit()
        writer.compact()
        assert writer.commit().generation == 3
    assert ids_in(path) == ["a", "c", "d", "e"]
    with IndexReader.open(path) as reader:
        (segment,) = reader.segments
        assert segment.live.all()
        for name, (document, codes, spans) in before.items():
            i = segment.position_of(name)
            start, end = segment.token_offsets[i : i + 2]
            assert segment.document(i) == document
            assert segment.codes.residuals[start:end].tobytes() == codes.residuals.tobytes()
            assert segment.spans(i).tolist() == spans.tolist()
    assert verify(path) == []


def test_compaction_does_not_give_damage_a_new_checksum(kit, home):
    path = kit.build(home("i"), ["a"], ["b"])
    file = "segment-000001/tokens.arrow"
    data = bytearray(path.read(file))
    data[len(data) // 2] ^= 1
    kit.overwrite(path, file, data)
    with IndexWriter.open(path) as writer, pytest.raises(IndexCorruptError, match="checksum"):
        writer.compact()
    assert len(verify(path)) == 1


def segment(name, n_tokens, n_deleted=0):
    file = FileRecord(name, 1, "")
    return SegmentRecord(name, 10, n_tokens, file, file, file, file, n_deleted_documents=n_deleted)


def test_compaction_merges_neighbours_that_are_small_or_have_deletions():
    a, b, c, d, e = (
        segment("a", 100),
        segment("b", 10),
        segment("c", 90, n_deleted=1),
        segment("d", 60),
        segment("e", 1),
    )
    plan = list(plan_compaction([a, b, c, d, e], max_tokens=100))
    assert plan == [([a], False), ([b, c], True), ([d], False), ([e], False)]


class Editing(RuleBasedStateMachine):
    """Whatever is done to an index, it holds what a dict would hold."""

    kit = None
    new_place = None
    ids = st.sampled_from("abcde")

    @initialize()
    def start(self):
        self.path = self.new_place()
        self.kit.build(self.path)
        self.committed = {}
        self.writer = IndexWriter.open(self.path)
        self.pending = {}
        self.count = 0

    def teardown(self):
        self.writer.close()

    @rule(ids=st.lists(ids, max_size=3, unique=True))
    def upsert(self, ids):
        self.count += 1
        self.writer.delete(ids)
        self.kit.add(self.writer, ids, text=f"version {self.count}", n_tokens=2)
        self.pending.update({i: f"version {self.count} {i}" for i in ids})

    @rule(ids=st.lists(ids, max_size=3, unique=True))
    def delete(self, ids):
        expected = sum(i in self.pending for i in ids)
        assert self.writer.delete(ids) == expected
        self.pending = {k: v for k, v in self.pending.items() if k not in ids}

    @rule()
    def commit(self):
        self.writer.commit()
        self.committed = dict(self.pending)

    @rule()
    def reopen(self):
        self.writer.close()
        self.writer = IndexWriter.open(self.path)
        self.pending = dict(self.committed)

    @rule(max_tokens=st.sampled_from([3, 100]))
    @precondition(lambda self: self.pending == self.committed)
    def compact(self, max_tokens):
        self.commit()
        self.writer.compact(max_tokens=max_tokens)

    @invariant()
    def holds_what_was_committed(self):
        if hasattr(self, "path"):
            with IndexReader.open(self.path) as reader:
                found = {d.id: d.text for d in reader.documents()}
                assert found == self.committed
                assert reader.n_documents == len(found)
                assert self.writer.content_hashes() == found


@pytest.mark.parametrize("where", ["local", "memory"])
def test_any_sequence_of_changes_gives_what_a_dict_would(where, kit, tmp_path_factory):
    Editing.kit = kit
    Editing.new_place = staticmethod(
        MemoryDirectory if where == "memory" else lambda: tmp_path_factory.mktemp("index")
    )
    run_state_machine_as_test(
        Editing, settings=settings(max_examples=10, stateful_step_count=12, deadline=None)
    )
