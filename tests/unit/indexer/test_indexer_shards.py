"""A shard set is built, updated, deleted from and compacted as one index, whatever is killed."""

import os
import shutil

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import (
    ConfigError,
    IndexCorruptError,
    IndexExistsError,
    IndexLockedError,
    IndexNotFoundError,
    IndexWriteError,
    InputError,
)
from colmodern.indexer import compact, delete
from colmodern.indexer.shards import commit as committing
from colmodern.indexer.shards.commit import commit_parts, commit_plan, unfinished
from colmodern.indexer.shards.encode import encode_part, sealed_part
from colmodern.indexer.shards.plan import plan_folder, read_plan
from colmodern.indexer.shards.transaction import ShardedTransaction
from colmodern.indexer.sources.files import FileChanges
from colmodern.request import IndexConfig
from colmodern.storage import LocalDirectory, LockedShardSet, open_reader, shard_of, verify

pytestmark = pytest.mark.usefixtures("unsynced")

ENCODER = HashEncoder(dim=64)
CONFIG = IndexConfig(n_centroids=16, sample_tokens=200)
WORDS = [
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "garnet",
    "harbour",
    "iris",
    "jasper",
    "krill",
    "lagoon",
]


def text_of(number, seed=0):
    return " ".join(WORDS[(number * 7 + seed * 5 + i * i) % len(WORDS)] for i in range(20 + number))


def documents(n=30, seed=0):
    return [(f"d{number}", text_of(number, seed)) for number in range(n)]


def indexer(path, **options):
    return Indexer(path, ENCODER, config=CONFIG, shards=3, **options)


def contents(path):
    with open_reader(path) as reader:
        return {document.id: document.text for document in reader.documents()}


def files_of(path):
    """The bytes of every file but the set's own, by name."""
    return {
        one.relative_to(path).as_posix(): one.read_bytes()
        for one in path.rglob("*")
        if one.is_file() and not one.name.startswith("shards-")
    }


class Killed(BaseException):
    pass


class KilledAfter:
    """Encodes some parts and ends as a kill does."""

    def __init__(self, n_parts):
        self.n_parts = n_parts

    def run(self, plan, parts, encoder, progress):
        for part in parts[: self.n_parts]:
            encode_part(plan, part, lambda: encoder)
        raise Killed


def test_a_set_is_built_and_searched(tmp_path):
    report = indexer(tmp_path / "s").build(documents())
    assert (report.added, report.documents) == (30, 30)
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [
        "shard-000001-g000001",
        "shard-000002-g000001",
        "shard-000003-g000001",
        "shards-00000001.json",
        "sources-g000001.arrow",
    ]
    assert contents(tmp_path / "s") == dict(documents())
    assert verify(tmp_path / "s") == []
    with Searcher.open(tmp_path / "s", ENCODER) as searcher:
        assert searcher.describe()["shards"] == 3
        assert "d4" in searcher.search(text_of(4), exact=True).doc_ids


def test_a_set_that_is_there_is_changed_as_a_set(tmp_path):
    indexer(tmp_path / "s").build(documents())
    plain = Indexer(tmp_path / "s", ENCODER)
    report = plain.update([("d3", "new words"), ("d5", text_of(5)), ("d99", "more words")])
    assert (report.added, report.updated, report.unchanged, report.documents) == (1, 1, 1, 31)
    assert contents(tmp_path / "s") == dict(documents()) | {"d3": "new words", "d99": "more words"}
    report = plain.delete(["d3", "d4", "none"])
    assert (report.deleted, report.documents) == (2, 29)
    assert delete(tmp_path / "s", ["none", "d5"]) == ["none"]
    before = contents(tmp_path / "s")
    assert compact(tmp_path / "s").documents == 28
    assert contents(tmp_path / "s") == before
    assert verify(tmp_path / "s") == []
    with open_reader(tmp_path / "s") as reader:
        assert not any(segment.record.tombstones for segment in reader.segments)


def test_a_change_of_nothing_commits_nothing(tmp_path):
    indexer(tmp_path / "s").build(documents())
    report = indexer(tmp_path / "s").update(documents())
    assert (report.unchanged, report.documents) == (30, 30)
    assert delete(tmp_path / "s", ["none"]) == ["none"]
    compact(tmp_path / "s")
    assert (tmp_path / "s" / "shards-00000001.json").exists()


def test_files_and_their_changes(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, text in documents(8):
        (corpus / f"{name}.txt").write_text(text)
    report = indexer(tmp_path / "s").sync([corpus])
    assert (report.added, report.documents) == (8, 8)
    (corpus / "d1.txt").unlink()
    (corpus / "d2.txt").write_text("changed words")
    report = Indexer(tmp_path / "s", ENCODER).sync([corpus])
    assert (report.updated, report.deleted, report.unchanged, report.documents) == (1, 1, 6, 7)
    assert contents(tmp_path / "s")["d2.txt"] == "changed words"
    assert Indexer(tmp_path / "s", ENCODER).sync([corpus]).unchanged == 7
    assert verify(tmp_path / "s") == []


def test_a_build_does_not_depend_on_where_it_was_killed(tmp_path):
    indexer(tmp_path / "whole").build(documents())
    for n_parts in range(4):
        path = tmp_path / f"killed {n_parts}"
        with pytest.raises(Killed):
            indexer(path, runner=KilledAfter(n_parts)).build(documents())
        assert not [one for one in path.iterdir() if one.name.startswith("shard")]
        report = indexer(path).build(documents())
        n_done = sum(shard_of(f"d{i}", 3) < n_parts for i in range(30))
        assert report.continued == n_done
        assert files_of(path) == files_of(tmp_path / "whole")


def test_parts_are_kept_only_while_their_documents_are_wanted(tmp_path):
    with pytest.raises(Killed):
        indexer(tmp_path / "s", runner=KilledAfter(3)).build(documents())
    changed = dict(documents()) | {"d0": "other words"}
    report = indexer(tmp_path / "s").build(changed.items())
    assert report.continued == sum(shard_of(f"d{i}", 3) != shard_of("d0", 3) for i in range(30))
    assert contents(tmp_path / "s") == changed
    assert verify(tmp_path / "s") == []


def test_an_update_that_is_killed_changes_nothing_and_goes_on(tmp_path):
    indexer(tmp_path / "s").build(documents())
    with pytest.raises(Killed):
        indexer(tmp_path / "s", runner=KilledAfter(1)).update(documents(seed=1))
    assert contents(tmp_path / "s") == dict(documents())
    report = indexer(tmp_path / "s").update(documents(seed=1))
    assert report.continued > 0
    assert contents(tmp_path / "s") == dict(documents(seed=1))
    assert not plan_folder(tmp_path / "s").exists()


def test_a_commit_that_is_killed_at_any_step_tears_nothing(tmp_path, monkeypatch):
    indexer(tmp_path / "base").build(documents())
    steps, kill_at = [], [None]
    for name in ("new_shard", "publish", "remove_unlisted"):
        original = getattr(LockedShardSet, name)

        def step(self, *args, original=original, **options):
            steps.append(1)
            if len(steps) == kill_at[0]:
                raise Killed
            return original(self, *args, **options)

        monkeypatch.setattr(LockedShardSet, name, step)
    for at in range(1, 6):
        path = tmp_path / f"at {at}"
        shutil.copytree(tmp_path / "base", path)
        steps.clear()
        kill_at[0] = at
        with pytest.raises(Killed):
            indexer(path).update(documents(seed=1))
        kill_at[0] = None
        is_committed = at == 5  # what follows the commit removes what is no longer named
        assert contents(path) == dict(documents(seed=1 if is_committed else 0))
        assert verify(path) == []
        assert indexer(path).update(documents(seed=1)).documents == 30
        assert contents(path) == dict(documents(seed=1))


def test_two_writers(tmp_path):
    indexer(tmp_path / "s").build(documents())
    with ShardedTransaction.open(tmp_path / "s"), pytest.raises(IndexLockedError):
        indexer(tmp_path / "s").update(documents())


def test_what_is_no_set_and_what_does_not_go_with_one(tmp_path):
    Indexer(tmp_path / "i", ENCODER).build(documents(3))
    with pytest.raises(IndexExistsError, match="no shards"):
        indexer(tmp_path / "i").sync([tmp_path])
    with pytest.raises(IndexNotFoundError):
        indexer(tmp_path / "none").update(documents(3))
    assert not (tmp_path / "none").exists()
    indexer(tmp_path / "s").build(documents(3))
    with pytest.raises(IndexExistsError):
        indexer(tmp_path / "s").build(documents(3))
    with pytest.raises(ConfigError, match="has 3 shards, not 4"):
        Indexer(tmp_path / "s", ENCODER, shards=4).update(documents(3))
    for wrong in (0, -1, 10_001, "3"):
        with pytest.raises(ConfigError, match="shards must be"):
            Indexer(tmp_path / "s", ENCODER, shards=wrong)


def test_more_shards_than_documents_and_none_at_all(tmp_path):
    Indexer(tmp_path / "s", ENCODER, config=CONFIG, shards=7).build(documents(2))
    assert contents(tmp_path / "s") == dict(documents(2))
    assert verify(tmp_path / "s") == []
    indexer(tmp_path / "empty").build([])
    assert contents(tmp_path / "empty") == {}
    assert indexer(tmp_path / "empty").update(documents()).documents == 30
    assert contents(tmp_path / "empty") == dict(documents())


def test_a_set_is_trained_again_as_one(tmp_path):
    indexer(tmp_path / "s").build(documents())
    before = open_reader(tmp_path / "s")
    indexer(tmp_path / "s").update(documents(seed=2))
    Indexer(tmp_path / "s", ENCODER).retrain()
    with open_reader(tmp_path / "s") as reader:
        assert reader.codec.fingerprint != before.codec.fingerprint
        fingerprints = {shard.manifest.codec.fingerprint for shard in reader.shards}
        assert fingerprints == {reader.codec.fingerprint}
    assert contents(tmp_path / "s") == dict(documents(seed=2))
    before.close()


@pytest.fixture
def planned(tmp_path):
    """A plan of a new set, of which nothing is encoded."""
    with pytest.raises(Killed):
        indexer(tmp_path / "s", runner=KilledAfter(0)).build(documents())
    return read_plan(plan_folder(tmp_path / "s"))


def test_a_part_is_encoded_once_and_by_two_at_a_time(planned, monkeypatch):
    part = planned.parts[0]
    taken = []
    rename = os.rename

    def second_comes_first(source, target):
        if not taken:
            taken.append(target)
            assert encode_part(planned, part, lambda: ENCODER)
        rename(source, target)

    monkeypatch.setattr(os, "rename", second_comes_first)
    assert encode_part(planned, part, lambda: ENCODER)
    monkeypatch.undo()
    before = files_of(planned.folder)
    assert not encode_part(planned, part, lambda: ENCODER)
    assert files_of(planned.folder) == before
    assert not [one for one in planned.folder.iterdir() if one.name.endswith(".tmp")]
    assert [one.number for one in unfinished(planned)] == [2, 3]


def test_a_half_part_is_encoded_again(planned):
    part = planned.parts[0]
    encode_part(planned, part, lambda: ENCODER)
    (planned.folder / part.name / "part.json").unlink()
    assert encode_part(planned, part, lambda: ENCODER)
    assert sealed_part(planned, part) is not None


def test_a_changed_text_or_sample_or_plan_is_told(planned):
    part = planned.parts[0]
    for name in (f"{part.name}.jsonl", "sample-places.npy"):
        data = (planned.folder / name).read_bytes()
        (planned.folder / name).write_bytes(data[:-1])
        with pytest.raises(IndexCorruptError, match="Plan again"):
            encode_part(planned, part, lambda: ENCODER)
        (planned.folder / name).write_bytes(data)
    data = (planned.folder / "plan.json").read_bytes()
    (planned.folder / "plan.json").write_bytes(data.replace(b'"shard": 0', b'"shard": 9'))
    with pytest.raises(IndexCorruptError):
        read_plan(planned.folder)


def flip(file, place):
    data = bytearray(file.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("place", [0.0, 0.1, 0.35, 0.5, 0.65, 0.8, 0.95])
@pytest.mark.parametrize(
    "name",
    [
        "codec-g000001.arrow",
        "sample-places.npy",
        "sample-spans.npy",
        "sample-vectors.npy",
        "sources-g000001.arrow",
    ],
)
def test_nothing_is_built_on_a_changed_file_of_a_plan(planned, tmp_path, name, place):
    indexer(tmp_path / "whole").build(documents())
    flip(planned.folder / name, place)

    def encoded_and_committed():
        for part in planned.parts:
            encode_part(planned, part, lambda: ENCODER)
        commit_parts(tmp_path / "s")

    with pytest.raises(IndexCorruptError, match="Plan again"):
        encoded_and_committed()
    indexer(tmp_path / "s").build(documents())
    assert files_of(tmp_path / "s") == files_of(tmp_path / "whole")


@pytest.mark.parametrize("file", ["tokens", "documents", "contexts", "postings"])
def test_a_finished_part_that_is_damaged_is_encoded_again(planned, tmp_path, file):
    indexer(tmp_path / "whole").build(documents())
    for part in planned.parts:
        encode_part(planned, part, lambda: ENCODER)
    (segment,) = (planned.folder / planned.parts[1].name).glob("segment-*")
    flip(segment / f"{file}.arrow", 0.5)
    indexer(tmp_path / "s").build(documents())
    assert files_of(tmp_path / "s") == files_of(tmp_path / "whole")


def test_a_commit_wants_all_parts_and_the_set_as_it_was_planned(planned, tmp_path):
    locked = LockedShardSet(LocalDirectory(tmp_path / "s"))
    with pytest.raises(IndexWriteError, match="3 of 3 parts") as caught:
        commit_plan(locked, planned)
    assert caught.value.code == "parts_missing"
    for part in planned.parts:
        encode_part(planned, part, lambda: ENCODER)
    shutil.copytree(planned.folder, tmp_path / "kept")
    commit_plan(locked, planned)
    shutil.copytree(tmp_path / "kept", planned.folder)
    with pytest.raises(IndexWriteError, match="Plan again") as caught:
        commit_plan(locked, planned)
    assert caught.value.code == "plan_outdated"
    locked.release()
    assert contents(tmp_path / "s") == dict(documents())


def test_a_damaged_part_is_not_committed(planned, tmp_path):
    for part in planned.parts:
        encode_part(planned, part, lambda: ENCODER)
    segment = next((planned.folder / planned.parts[0].name).glob("segment-*"))
    data = bytearray((segment / "tokens.arrow").read_bytes())
    data[len(data) // 2] ^= 1
    (segment / "tokens.arrow").write_bytes(data)
    locked = LockedShardSet(LocalDirectory(tmp_path / "s"))
    with pytest.raises(IndexCorruptError):
        commit_plan(locked, planned)
    locked.release()


def test_no_such_part_no_such_plan(planned, tmp_path):
    with pytest.raises(InputError, match="has no part 9") as caught:
        planned.part(9)
    assert caught.value.code == "part_not_found"
    with pytest.raises(IndexNotFoundError) as missing:
        read_plan(tmp_path / "none")
    assert missing.value.code == "plan_not_found"


def test_the_sample_is_not_encoded_twice(tmp_path):
    class Counting(HashEncoder):
        def __init__(self):
            super().__init__(dim=64)
            self.texts = []

        def encode_documents(self, texts):
            self.texts += texts
            return super().encode_documents(texts)

    encoder = Counting()
    Indexer(tmp_path / "s", encoder, config=CONFIG, shards=3).build(documents())
    assert sorted(encoder.texts) == sorted(text for _, text in documents())


def test_small_parts_become_large_segments(tmp_path):
    with ShardedTransaction.open(tmp_path / "s", n_shards=2, part_tokens=10) as transaction:
        from colmodern.indexer.sources.documents import stored_documents

        for document in stored_documents(documents()):
            transaction.spool.add(document)
        transaction.write_texts(ENCODER, CONFIG, FileChanges(sources=[]), is_new=True)
    with open_reader(tmp_path / "s") as reader:
        assert len(reader.segments) == 2
    assert contents(tmp_path / "s") == dict(documents())


def test_a_commit_links_parts(planned, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    for part in planned.parts:
        encode_part(planned, part, lambda: ENCODER)
    monkeypatch.setattr(os, "link", refuse)
    locked = LockedShardSet(LocalDirectory(tmp_path / "s"))
    assert committing.commit_plan(locked, planned).n_documents == 30
    locked.release()
    assert verify(tmp_path / "s") == []
