"""A shard set: indexes with one codec, one file that names their states, one commit for all."""

import json
import os
import shutil

import pytest

from colmodern.codec import train_codec
from colmodern.errors import (
    IndexCorruptError,
    IndexExistsError,
    IndexFormatError,
    IndexLockedError,
    IndexNotFoundError,
)
from colmodern.storage import (
    EncoderInfo,
    IndexWriter,
    LocalDirectory,
    LockedShardSet,
    ShardSetReader,
    SourceRecord,
    is_shard_set,
    open_reader,
    read_shard_set,
    shard_of,
    verify,
)
from colmodern.storage.format.sealed_json import seal

pytestmark = pytest.mark.usefixtures("unsynced")

IDS = [f"document {number}" for number in range(12)]
N_SHARDS = 3


def of_shard(number, ids=IDS):
    return [one for one in ids if shard_of(one, N_SHARDS) == number]


def build(kit, path, ids=IDS, *, sources=None):
    """Commit a set of three shards."""
    locked = LockedShardSet(LocalDirectory(path))
    folders = {number: locked.new_shard(number, is_empty=True) for number in range(N_SHARDS)}
    for number, folder in folders.items():
        kit.build(folder, *[of_shard(number, ids)] if of_shard(number, ids) else [])
    record = locked.publish(folders, n_shards=N_SHARDS, config={"bits": 4}, sources=sources)
    locked.release()
    return record


def change(kit, path, number, *, ids=(), deleted=(), publish=True):
    """Commit a change of one shard, and of the set if ``publish``."""
    locked = LockedShardSet(LocalDirectory(path))
    folder = locked.new_shard(number)
    with IndexWriter.open(folder) as writer:
        writer.delete(deleted)
        if ids:
            kit.add(writer, ids)
        writer.commit()
    if publish:
        locked.publish({number: folder}, n_shards=N_SHARDS, config={"bits": 4}, sources=None)
    locked.release()


def ids_of(path):
    with open_reader(path) as reader:
        return sorted(document.id for document in reader.documents())


@pytest.fixture
def place(kit, tmp_path):
    build(kit, tmp_path / "set")
    return tmp_path / "set"


def test_a_set_reads_as_one_index(kit, place):
    with open_reader(place) as reader:
        assert isinstance(reader, ShardSetReader)
        assert (reader.n_documents, len(reader.segments), reader.manifest.generation) == (12, 3, 1)
        assert reader.codec.fingerprint == kit.codec.fingerprint
        for one in IDS:
            segment, position = reader.find(one)
            assert segment.id_of(position) == one
        assert reader.find("another") is None
        files = [path for path in place.rglob("*") if path.is_file()]
        assert reader.n_bytes == sum(path.stat().st_size for path in files)
    assert verify(place) == []


def test_the_file_of_a_set_proves_every_manifest(place):
    content = json.loads((place / "shards-00000001.json").read_text())
    assert (content["magic"], content["placement"]) == ("colmodern-shards", "blake2b-64")
    assert [one["name"] for one in content["shards"]] == [
        f"shard-{number:06d}-g000001" for number in (1, 2, 3)
    ]
    for one in content["shards"]:
        assert one["bytes"] == (place / one["name"] / "manifest.json").stat().st_size


def test_the_shard_of_an_id_never_changes():
    # as `printf a | b2sum -l 64` has it: the lowest bits are those of the first byte
    assert [shard_of(one, 4) for one in ("a", "b", "papers/x.pdf#3")] == [0, 0, 3]
    assert shard_of("é", 1000) == shard_of("e\u0301", 1000)


def test_a_change_links_what_stays_and_removes_what_is_replaced(kit, place):
    number = shard_of("new", N_SHARDS)
    name = f"shard-{number + 1:06d}"
    before = (place / f"{name}-g000001" / "segment-000001" / "tokens.arrow").stat()
    change(kit, place, number, ids=["new"], deleted=of_shard(number)[:1])
    assert ids_of(place) == sorted({*IDS, "new"} - {of_shard(number)[0]})
    after = (place / f"{name}-g000002" / "segment-000001" / "tokens.arrow").stat()
    assert os.path.samestat(before, after)
    assert sorted(path.name for path in place.iterdir()) == sorted(
        [f"shard-{n + 1:06d}-g00000{2 if n == number else 1}" for n in range(N_SHARDS)]
        + ["shards-00000002.json"]
    )


def test_where_there_are_no_links_files_are_copied(kit, place, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    change(kit, place, shard_of("new", N_SHARDS), ids=["new"])
    assert ids_of(place) == sorted([*IDS, "new"])
    assert verify(place) == []


def test_a_change_that_is_killed_between_two_shards_is_none(kit, place):
    for number in range(2):
        change(kit, place, number, deleted=of_shard(number), publish=False)
    assert ids_of(place) == IDS or ids_of(place) == sorted(IDS)
    assert verify(place) == []
    # the next change starts from what is there, not from what was left
    change(kit, place, 0, ids=[], deleted=of_shard(0)[:1])
    assert ids_of(place) == sorted(set(IDS) - {of_shard(0)[0]})
    assert not (place / "shard-000002-g000002").exists()


def test_a_reader_keeps_its_state_and_a_refresh_shares_what_stays(kit, place):
    reader = open_reader(place)
    change(kit, place, 0, deleted=of_shard(0)[:1])
    assert not reader.is_current()
    assert [document.text for document in reader.documents()]
    fresh = reader.refresh()
    assert (reader.n_documents, fresh.n_documents) == (12, 11)
    assert fresh.is_current()
    assert fresh.shards[1].segments[0] is reader.shards[1].segments[0]
    reader.close()
    fresh.close()


def test_a_reader_starts_over_when_a_commit_comes_in_between(kit, place, monkeypatch):
    from colmodern.storage.snapshot import shard_set

    first = shard_set.read_shard_set(LocalDirectory(place))
    change(kit, place, 0, deleted=of_shard(0)[:1])
    known = [first]
    read = shard_set.read_shard_set
    monkeypatch.setattr(
        shard_set, "read_shard_set", lambda directory: known.pop() if known else read(directory)
    )
    with open_reader(place) as reader:
        assert reader.n_documents == 11


def test_a_shard_that_is_missing_is_named(place):
    shutil.rmtree(place / "shard-000002-g000001")
    with pytest.raises(IndexCorruptError, match="shard-000002-g000001 is missing") as caught:
        open_reader(place)
    assert caught.value.code == "shard_missing"
    (problem,) = verify(place)
    assert "shard-000002-g000001 is missing" in str(problem)


def test_a_shard_that_was_changed_by_itself_is_refused(kit, place):
    with IndexWriter.open(place / "shard-000001-g000001") as writer:
        writer.delete(of_shard(0)[:1])
        writer.commit()
    with pytest.raises(IndexCorruptError, match="it was changed by itself") as caught:
        open_reader(place)
    assert caught.value.code == "shard_mismatch"
    assert len(verify(place)) == 1


def forged(place, shard=0, **fields):
    """Write the file of the set anew, with a right checksum."""
    path = place / "shards-00000001.json"
    content = json.loads(path.read_text())
    del content["checksum"]
    content["shards"][shard].update(fields)
    path.write_bytes(seal(content))


@pytest.mark.parametrize("what", ["codec", "encoder"])
def test_a_shard_of_another_codec_or_encoder_is_refused(kit, place, what, monkeypatch):
    folder = place / "shard-000001-g000001"
    shutil.rmtree(folder)
    if what == "codec":
        import numpy as np

        vectors = np.random.default_rng(7).standard_normal((100, 16)).astype(np.float32)
        monkeypatch.setattr(kit, "codec", train_codec(vectors, bits=4, n_centroids=8))
    else:
        monkeypatch.setattr(kit, "encoder", EncoderInfo("hash", "ff00", 16))
    kit.build(folder, of_shard(0))
    data = (folder / "manifest.json").read_bytes()
    from colmodern.storage.format.shard_set import manifest_checksum

    forged(place, checksum=manifest_checksum(data), bytes=len(data))
    with pytest.raises(IndexCorruptError, match=f"another {what}") as caught:
        open_reader(place)
    assert caught.value.code == "shard_mismatch"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../elsewhere"},
        {"name": "shard-000002-g000001"},
        {"name": "shard-000001-g000009"},
        {"n_documents": 99},
        {"n_documents": -1},
        {"checksum": None},
        {"bytes": "12"},
    ],
)
def test_a_forged_file_of_a_set_is_refused(place, fields):
    forged(place, **fields)
    with pytest.raises(IndexCorruptError):
        open_reader(place)
    assert verify(place)


def test_any_changed_byte_of_the_file_of_a_set_is_told(place):
    path = place / "shards-00000001.json"
    data = path.read_bytes()
    for at in range(0, len(data), 37):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises((IndexCorruptError, IndexFormatError)):
            open_reader(place)
    path.write_bytes(data[:-30])
    with pytest.raises(IndexCorruptError):
        open_reader(place)


def test_the_number_in_the_name_must_be_the_one_in_the_file(place):
    (place / "shards-00000001.json").rename(place / "shards-00000002.json")
    with pytest.raises(IndexCorruptError, match="generation"):
        open_reader(place)


def test_a_document_in_a_shard_that_is_not_its_own_is_a_problem(kit, tmp_path):
    locked = LockedShardSet(LocalDirectory(tmp_path / "set"))
    folder = locked.new_shard(0, is_empty=True)
    other = locked.new_shard(1, is_empty=True)
    ids = [one for one in IDS if shard_of(one, 2) == 1]
    kit.build(folder, ids[:1])
    kit.build(other, ids[1:])
    locked.publish({0: folder, 1: other}, n_shards=2, config={}, sources=None)
    locked.release()
    (problem,) = verify(tmp_path / "set")
    assert "belongs to another shard" in str(problem)


def test_one_writer_at_a_time(place):
    locked = LockedShardSet(LocalDirectory(place))
    with pytest.raises(IndexLockedError):
        LockedShardSet(LocalDirectory(place))
    locked.release()
    LockedShardSet(LocalDirectory(place)).release()


def test_a_writer_that_comes_second_commits_nothing(kit, place):
    locked = LockedShardSet(LocalDirectory(place))
    folder = locked.new_shard(0)
    # as where nothing keeps two writers apart
    (place / "shards-00000002.json").write_bytes((place / "shards-00000001.json").read_bytes())
    with pytest.raises(IndexLockedError, match="Another writer"):
        locked.publish({0: folder}, n_shards=N_SHARDS, config={}, sources=None)
    locked.release()


def test_a_set_takes_a_folder_of_its_own(kit, tmp_path):
    kit.build(tmp_path / "index", ["a"])
    with pytest.raises(IndexExistsError, match="which has no shards"):
        LockedShardSet(LocalDirectory(tmp_path / "index"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(IndexExistsError, match=r"mine\.txt"):
        LockedShardSet(LocalDirectory(tmp_path / "other"))
    assert not is_shard_set(tmp_path / "index")
    with pytest.raises(IndexNotFoundError):
        read_shard_set(LocalDirectory(tmp_path / "index"))


def test_sources_are_kept_with_the_set(kit, tmp_path):
    source = SourceRecord("/a", "/", 1, 2, "hash", "text", ["document 1"])
    build(kit, tmp_path / "set", sources=[source])
    with open_reader(tmp_path / "set") as reader:
        assert reader.sources() == [source]
        assert reader.shards[0].sources() == []
    assert verify(tmp_path / "set") == []
