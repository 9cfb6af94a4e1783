"""Damage is mended: the index is sound afterwards, and what it has lost is listed."""

import errno
import json
import os
import shutil
import tempfile
from functools import partial

import numpy as np
import pytest
from typer.testing import CliRunner

from colmodern import Embeddings, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.cli.app import app
from colmodern.errors import (
    EncoderMismatchError,
    IndexCorruptError,
    IndexFormatError,
    IndexLockedError,
    IndexNotFoundError,
    IndexStoreError,
)
from colmodern.indexer import repair, transaction
from colmodern.indexer.sources import encoding
from colmodern.storage import (
    IndexReader,
    IndexWriter,
    LocalDirectory,
    LockedIndex,
    read_pending,
    verify,
)
from colmodern.storage.format.names import is_of_commit

pytestmark = pytest.mark.usefixtures("unsynced")

ENCODER = HashEncoder(dim=16)
CONFIG = IndexConfig(n_centroids=8, merge=False)
FILES = [f"{number}.md" for number in range(6)]
HARMS = ("flipped", "cut", "missing")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files and documents of a program in two segments, one of each deleted: 16 files."""
    root = tmp_path_factory.mktemp("repair")
    folder, path = root / "files", root / "index"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(f"# Title {name}\n\nwords of {name} and more words")
    indexer = Indexer(path, ENCODER, config=CONFIG)
    indexer.sync([folder])
    indexer.update([("p1", "words of a program"), ("p2", "more of a program"), ("p3", "third")])
    indexer.delete(["5.md"])
    return root


@pytest.fixture
def root(made, tmp_path):
    """The folder itself, whose path the index knows, and a fresh copy of the index."""
    index = made / "damaged"
    shutil.rmtree(index, ignore_errors=True)
    shutil.copytree(made / "index", index)
    return index


def damage(file, harm):
    data = bytearray(file.read_bytes())
    if harm == "missing":
        file.unlink()
        return
    if harm == "cut":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 1
    file.write_bytes(data)


def texts(path):
    with IndexReader.open(path) as reader:
        return {document.id: document.text for document in reader.documents()}


def files_of(path):
    return sorted(f.relative_to(path).as_posix() for f in path.rglob("*") if f.is_file())


def test_each_of_48_damages_ends_sound_or_listed(made, root):
    before = texts(made / "index")
    names = files_of(made / "index")
    assert len(names) == 16
    for name in names:
        for harm in HARMS:
            shutil.rmtree(root)
            shutil.copytree(made / "index", root)
            damage(root / name, harm)
            report = repair(root, ENCODER)
            assert verify(root) == [], (name, harm)
            assert report.problems, (name, harm)
            found = texts(root)
            missing = before.keys() - found.keys()
            assert {i: before[i] for i in found if i in before} == {
                i: found[i] for i in found if i in before
            }, (name, harm)
            assert missing <= {*report.lost} or len(missing) == report.n_unnamed, (name, harm)
            assert found.keys() - before.keys() <= {*report.unsure}, (name, harm)
            assert report.is_whole == (not missing and not report.unsure), (name, harm)
            assert report.documents == len(found)
            if not name.startswith("tombstones") and "documents" not in name:
                assert found == before, (name, harm, report)
            with Searcher.open(root, ENCODER) as searcher:
                assert len(searcher.search("words", k=20, mode="bm25")) > 0
            again = repair(root, ENCODER)
            assert (again.problems, again.is_whole) == ([], True)


def outcome(root, name, **options):
    damage(root / name, "missing")
    return repair(root, ENCODER, **options)


def test_a_sound_index_is_left_alone(root):
    before = {name: (root / name).read_bytes() for name in files_of(root)}
    report = repair(root)
    assert (report.problems, report.documents) == ([], 8)
    assert {name: (root / name).read_bytes() for name in files_of(root)} == before


def test_what_a_killed_repair_left_is_gone_after_the_next_one(root):
    names = {path.name for path in root.iterdir()}
    shutil.copytree(root / "segment-000001", root / "segment-000009")
    (root / "words-000001-g000007.arrow").write_bytes(b"of a state before")
    repair(root, ENCODER, dry_run=True)
    assert len(list(root.iterdir())) == len(names) + 2
    repair(root, ENCODER)
    assert {path.name for path in root.iterdir()} == names


def test_what_is_sound_stays_and_each_part_is_made_again_from_what_there_is(made, root):
    (words,) = root.glob("words-000001-*")
    report = outcome(root, words.name)
    assert (report.kept, report.copied, report.encoded, report.read) == (8, 0, 0, 0)
    report = outcome(root, "segment-000002/postings.arrow")
    assert (report.kept, report.copied, report.encoded, report.read) == (5, 3, 0, 0)
    report = outcome(root, "segment-000001/tokens.arrow")
    assert (report.kept, report.copied, report.encoded, report.read) == (3, 0, 5, 0)
    assert texts(root) == texts(made / "index")


def test_lost_texts_are_read_from_their_files_and_a_deleted_document_is_named(root):
    report = outcome(root, "segment-000001/documents.arrow")
    assert (report.kept, report.read) == (3, 6)
    assert report.unsure == FILES, "one of them was deleted, its list is lost with the segment"
    assert not report.is_whole


def test_a_text_with_a_flipped_bit_is_told_from_its_neighbours(made, root):
    file = root / "segment-000002" / "documents.arrow"
    data = bytearray(file.read_bytes())
    data[data.index(b"more of a program")] ^= 1
    file.write_bytes(data)
    report = repair(root, ENCODER)
    assert (report.lost, report.encoded, report.kept) == (["p2"], 2, 5)
    assert texts(root).keys() == texts(made / "index").keys() - {"p2"}


def test_documents_of_a_program_whose_texts_are_lost_are_counted(made, root):
    report = outcome(root, "segment-000002/documents.arrow")
    assert (report.n_unnamed, report.lost, report.kept) == (3, [], 5)
    assert not report.is_whole


def test_vectors_that_came_ready_cannot_be_made_again(tmp_path):
    path = tmp_path / "i"
    vectors = np.random.default_rng(0).standard_normal((6, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ready = Embeddings.from_arrays(vectors, [0, 3, 6], ids=["a", "b"], texts=["one", "two"])
    Indexer(path, ENCODER, config=CONFIG).build_from_embeddings(ready)
    damage(path / "segment-000001" / "tokens.arrow", "flipped")
    report = repair(path, ENCODER)
    assert (report.lost, report.documents) == (["a", "b"], 0)
    assert verify(path) == []


def test_a_file_that_changed_since_is_read_as_it_is_now_and_one_that_is_gone_is_listed(tmp_path):
    folder, path = tmp_path / "files", tmp_path / "index"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(f"words of {name}")
    Indexer(path, ENCODER, config=CONFIG).sync([folder])
    (folder / "0.md").write_text("other words")
    (folder / "1.md").unlink()
    report = outcome(path, "segment-000001/documents.arrow")
    assert (report.lost, report.n_unnamed, report.unsure) == (["1.md"], 0, [])
    assert texts(path)["0.md"] == "other words"
    assert texts(path).keys() == {*FILES} - {"1.md"}
    Indexer(path, ENCODER).sync([folder])
    assert verify(path) == []


def test_a_repair_that_fails_changes_nothing_and_may_be_tried_again(root):
    damage(root / "manifest.json", "cut")
    damage(root / "segment-000001" / "tokens.arrow", "cut")
    before = {name: (root / name).read_bytes() for name in files_of(root)}

    class Broken(HashEncoder):
        def encode_documents(self, *_args, **_options):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        repair(root, Broken(dim=16))
    assert {name: (root / name).read_bytes() for name in before} == before
    assert repair(root, ENCODER).is_whole
    assert verify(root) == []


@pytest.mark.parametrize("name", ["codec", "segment-000001/tokens.arrow"])
def test_what_an_interrupted_change_left_is_in_nobodys_way(made, root, name, monkeypatch):
    monkeypatch.setattr(transaction, "PART_TOKENS", 5)
    monkeypatch.setattr(encoding, "_BATCH_DOCUMENTS", 1)

    class Interrupted(HashEncoder):
        n_left = 3

        def encode_documents(self, texts):
            self.n_left -= 1
            if self.n_left < 0:
                raise KeyboardInterrupt
            return super().encode_documents(texts)

    with pytest.raises(KeyboardInterrupt):
        Indexer(root, Interrupted(dim=16)).update([(f"n{i}", f"new words {i}") for i in range(4)])
    assert read_pending(root).n_documents > 0
    damage(next(root.glob(f"{name}*")), "cut")
    assert repair(root, ENCODER).is_whole
    assert texts(root) == texts(made / "index")


@pytest.mark.parametrize("change", ["sync", "build"])
def test_an_index_that_lost_its_manifest_is_not_begun_anew(made, root, change):
    before = {name: (root / name).read_bytes() for name in files_of(root)}
    del before["manifest.json"]
    damage(root / "manifest.json", "missing")
    indexer = Indexer(root, ENCODER)
    with pytest.raises(IndexCorruptError, match=r"it is missing, but .* is left"):
        indexer.sync([made / "files"]) if change == "sync" else indexer.build([("a", "text")])
    with pytest.raises(IndexCorruptError, match="colmodern repair"):
        Searcher.open(root, ENCODER)
    assert [str(problem) for problem in verify(root) if "it is missing" in str(problem)]
    assert {name: (root / name).read_bytes() for name in before} == before
    assert repair(root, ENCODER).is_whole
    assert texts(root).keys() >= {"p1", "p2", "p3"}


@pytest.mark.parametrize("pending", ["none", "of an update"])
def test_nor_is_one_of_a_single_commit(tmp_path, pending):
    path = tmp_path / "index"
    Indexer(path, ENCODER).build([("a", "first words"), ("b", "second words")])
    assert IndexReader.open(path).manifest.generation == 1
    if pending != "none":
        writer = IndexWriter.open(path, resumable=True)
        writer._write_pending()
        writer.close()
        assert (path / "pending.json").exists()
    before = {name: (path / name).read_bytes() for name in files_of(path)}
    del before["manifest.json"]
    damage(path / "manifest.json", "missing")
    with pytest.raises(IndexCorruptError, match=r"it is missing, but .* is left"):
        Indexer(path, ENCODER).build([("c", "other words")])
    assert {name: (path / name).read_bytes() for name in before} == before
    assert repair(path, ENCODER).is_whole
    assert texts(path).keys() == {"a", "b"}


def test_a_first_build_that_was_killed_in_its_commit_goes_on(tmp_path, monkeypatch):
    path, documents = tmp_path / "index", [("a", "first words"), ("b", "second words")]

    def end(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LockedIndex, "replace_manifest", end)
        patch.setattr(LockedIndex, "remove_unlisted", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            Indexer(path, ENCODER).build(documents)
    assert any(is_of_commit(entry.name) for entry in path.iterdir())
    report = Indexer(path, ENCODER).build(documents)
    assert (report.continued, report.documents) == (2, 2)


def without_manifest(root, name, harm):
    damage(root / "manifest.json", "missing")
    damage(root / name, harm)
    return repair(root, ENCODER)


def test_deletions_that_are_lost_with_the_manifest_bring_back_and_name_their_documents(made, root):
    report = without_manifest(root, "tombstones-000001-g000003.arrow", "cut")
    assert not report.is_whole
    assert (report.lost, report.n_unreadable) == ([], 0)
    assert "5.md" in report.unsure
    assert set(FILES) - {"5.md"} <= texts(root).keys()


@pytest.mark.parametrize("harm", ["cut", "ids"])
def test_a_segment_that_is_lost_with_the_manifest_is_told(root, harm):
    name = "segment-000002/documents.arrow"
    if harm == "ids":
        data = (root / name).read_bytes()
        at = data.index(b"p1p2p3")
        (root / name).write_bytes(data[:at] + b"\xff" + data[at + 1 :])
        damage(root / "manifest.json", "missing")
        report = repair(root, ENCODER)
    else:
        report = without_manifest(root, name, "cut")
    assert not report.is_whole
    assert (report.n_unreadable, report.lost) == (1, [])
    assert verify(root) == []
    assert "p1" not in texts(root)


def test_documents_that_files_gave_and_others_are_lost_at_once(root):
    for number in (1, 2):
        damage(root / f"segment-00000{number}" / "documents.arrow", "cut")
    report = repair(root, ENCODER)
    assert "5.md" in texts(root)
    assert "5.md" in report.unsure
    assert report.n_unnamed > 0


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.ESTALE])
@pytest.mark.parametrize("lost", ["", "manifest.json"])
def test_what_the_system_does_not_hand_out_is_no_damage(root, monkeypatch, number, lost):
    if lost:
        damage(root / lost, "missing")
    before = {name: (root / name).read_bytes() for name in files_of(root)}

    def refused(read):
        def refuse(self, name, *where):
            if name == "segment-000002/documents.arrow":
                raise OSError(number, os.strerror(number))
            return read(self, name, *where)

        return refuse

    for method in ("read", "size", "map"):
        monkeypatch.setattr(LocalDirectory, method, refused(getattr(LocalDirectory, method)))
    for change in (repair, partial(repair, dry_run=True)):
        with pytest.raises(IndexStoreError, match=os.strerror(number)) as found:
            change(root, ENCODER)
        assert found.value.code == "index_unreadable"
    if not lost:
        with pytest.raises(IndexStoreError):
            verify(root)
    assert {name: (root / name).read_bytes() for name in files_of(root)} == before


def test_what_is_no_damaged_index_is_refused(root, tmp_path):
    with pytest.raises(IndexNotFoundError):
        repair(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text("{}")
    with pytest.raises(IndexFormatError):
        repair(tmp_path / "other")
    damage(next(root.glob("codec-*")), "cut")
    with pytest.raises(EncoderMismatchError):
        repair(root, HashEncoder(dim=32))


def test_the_command_says_what_was_wrong_and_ends_with_1_if_something_is_lost(made, root):
    runner = CliRunner()
    damage(root / "segment-000002" / "documents.arrow", "missing")
    shown = runner.invoke(app, ["search", "words", "--index", str(root)])
    assert "colmodern repair" in str(shown.exception or shown.output)
    result = runner.invoke(app, ["repair", "--index", str(root), "--format", "json"])
    assert result.exit_code == 1, result.output
    assert "problem: " in result.stderr
    assert "lost: 3 documents" in result.stderr
    assert json.loads(result.stdout)["documents"] == 5
    result = runner.invoke(app, ["repair", "--index", str(root)])
    assert result.exit_code == 0


@pytest.mark.parametrize("part", ["documents", "tokens", "postings", "codec", "sources"])
def test_a_dry_run_says_what_a_repair_does_and_changes_nothing(root, part, monkeypatch):
    name = next(name for name in files_of(root) if part in name)
    damage(root / name, "cut")
    before = {name: (root / name).read_bytes() for name in files_of(root)}
    with monkeypatch.context() as patched:
        for writes in ("lock", "create", "replace", "delete"):
            patched.setattr(LocalDirectory, writes, None)
        patched.setattr(tempfile, "TemporaryFile", None)
        planned = repair(root, dry_run=True)
    assert {name: (root / name).read_bytes() for name in files_of(root)} == before
    done = repair(root, ENCODER)
    assert (planned.is_planned, done.is_planned) == (True, False)
    assert planned.documents == 8
    ours = ("problems", "kept", "copied", "encoded", "read", "lost", "n_unnamed", "unsure")
    assert [getattr(planned, one) for one in ours] == [getattr(done, one) for one in ours]


def test_the_command_repairs_nothing_in_a_dry_run_and_waits_for_its_turn(root):
    runner = CliRunner()
    damage(root / "segment-000002" / "documents.arrow", "missing")
    result = runner.invoke(app, ["repair", "--index", str(root), "--dry-run", "--format", "json"])
    assert result.exit_code == 1, result.output
    assert "would be lost: 3 documents" in result.stderr
    assert "nothing was changed" in result.stderr
    assert json.loads(result.stdout)["dry_run"] is True
    assert verify(root) != []
    lock = LocalDirectory(root).lock()
    try:
        result = runner.invoke(app, ["repair", "--index", str(root), "--wait", "0.05"])
    finally:
        lock.release()
    assert isinstance(result.exception, IndexLockedError)
    assert "Waiting for it" in result.stderr
