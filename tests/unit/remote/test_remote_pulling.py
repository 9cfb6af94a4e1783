"""Pulling: whole states or what was there, whatever is damaged, missing, full or in the way."""

import errno
import shutil
import sys

import pytest

from colmodern.errors import (
    IndexCorruptError,
    IndexExistsError,
    IndexNotFoundError,
    IndexStoreError,
    IndexWriteError,
    RemoteError,
)
from colmodern.remote import collect, fetching, pull, pulling, push
from colmodern.remote.place import RemotePlace
from colmodern.storage import verify


@pytest.mark.parametrize("shards", [None, 3])
def test_a_folder_follows_what_is_published(remote, shards):
    path = remote.published(shards=shards)
    pulled = remote.folder / "pulled"
    first = pull(remote.url, pulled)
    assert (first.number, first.generation, first.fetched) == (1, 1, first.files)
    assert verify(pulled) == []
    assert remote.ids(pulled) == ["a", "b", "c"]
    assert pull(remote.url, pulled).is_new is False
    remote.update(path, ("d", "black boats"))
    push(path, remote.url)
    second = pull(remote.url, pulled)
    assert 0 < second.fetched < second.files
    assert verify(pulled) == []
    assert remote.ids(pulled) == ["a", "b", "c", "d"]
    names = {one.name for one in pulled.iterdir()}
    assert names == {*(one.name for one in path.iterdir())}
    # And back again: what was pulled is changed and pushed.
    remote.update(pulled, ("e", "black ovens"))
    assert push(pulled, remote.url).number == 3
    assert remote.ids(remote.url) == ["a", "b", "c", "d", "e"]


def test_changes_that_were_not_published_are_not_taken_away(remote):
    path = remote.published()
    pulled = remote.folder / "pulled"
    pull(remote.url, pulled)
    remote.update(pulled, ("mine", "black boats"))
    remote.update(path, ("d", "black boats"))
    push(path, remote.url)
    with pytest.raises(RemoteError, match="was not published") as caught:
        pull(remote.url, pulled)
    assert caught.value.code == "remote_conflict"
    assert remote.ids(pulled) == ["a", "b", "c", "mine"]


def test_a_copy_whose_origin_was_lost_is_known_by_its_bytes(remote):
    path = remote.published()
    pulled = remote.folder / "pulled"
    pull(remote.url, pulled)
    (pulled / "origin.json").unlink()
    remote.update(path, ("d", "black boats"))
    push(path, remote.url)
    assert pull(remote.url, pulled).generation == 2


def test_another_lineage_goes_into_another_folder(remote):
    remote.published()
    pulled = remote.folder / "pulled"
    pull(remote.url, pulled)
    push(remote.build("fresh", rows=[("z", "black boats")]), remote.url, replace=True)
    with pytest.raises(RemoteError, match="another folder"):
        pull(remote.url, pulled)
    assert remote.ids(pulled) == ["a", "b", "c"]
    pull(remote.url, remote.folder / "other")


@pytest.mark.skipif(sys.platform == "win32", reason="links")
@pytest.mark.parametrize("name", ["pull", "segment-000001"])
def test_nothing_is_written_through_a_link_in_the_folder(remote, name):
    remote.published()
    outside, taken = remote.folder / "outside", remote.folder / "taken"
    outside.mkdir()
    (taken / "pull").mkdir(parents=True)
    if name == "pull":
        (taken / name).rmdir()
    (taken / name).symlink_to(outside)
    with pytest.raises(IndexExistsError, match=name):
        pull(remote.url, taken)
    assert not list(outside.iterdir())


def test_a_file_in_the_place_of_the_staging_folder_is_named(remote):
    remote.published()
    (remote.folder / "taken").mkdir()
    (remote.folder / "taken" / "pull").write_text("mine")
    with pytest.raises(IndexExistsError, match="'pull'"):
        pull(remote.url, remote.folder / "taken")


def test_the_folder_may_hold_nothing_else(remote):
    remote.published()
    taken = remote.folder / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    with pytest.raises(IndexExistsError, match=r"notes\.txt"):
        pull(remote.url, taken)
    assert [one.name for one in taken.iterdir()] == ["notes.txt"]
    with pytest.raises(IndexNotFoundError):
        pull(f"{remote.url}/nothing", remote.folder / "new")
    assert not (remote.folder / "new").exists()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


HARMS = {
    "flipped": flip,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
@pytest.mark.parametrize("shards", [None, 2])
def test_a_damaged_object_is_named_and_nothing_changes(remote, harm, shards):
    path = remote.published(shards=shards)
    old = remote.folder / "old"
    pull(remote.url, old)
    remote.update(path, *((f"n{number}", f"black boats {number}" * 9) for number in range(99)))
    known = set(remote.objects())
    push(path, remote.url)
    new = [name for name in remote.objects() if name.startswith("files/") and name not in known]
    damaged = max(new, key=lambda name: (remote.store / name).stat().st_size)
    harm(remote.store / damaged)
    for target in (old, remote.folder / "fresh"):
        with pytest.raises(IndexCorruptError, match=damaged) as caught:
            pull(remote.url, target)
        assert remote.url in str(caught.value)
    assert remote.ids(old) == ["a", "b", "c"]
    with pytest.raises(IndexNotFoundError, match="interrupted"):
        remote.ids(remote.folder / "fresh")
    # Mended there, both go on.
    push(path, remote.url, resend=True)
    pull(remote.url, remote.folder / "fresh")
    pull(remote.url, old)
    assert verify(old) == verify(remote.folder / "fresh") == []


@pytest.mark.parametrize("harm", [flip, HARMS["cut short"], HARMS["empty"]])
@pytest.mark.parametrize("shards", [None, 2])
def test_a_damaged_publication_is_refused(remote, harm, shards):
    remote.published(shards=shards)
    name = "manifest-00000001.json" if shards is None else "shards-00000001.json"
    harm(remote.store / name)
    with pytest.raises(IndexStoreError, match=name) as caught:
        pull(remote.url, remote.folder / "pulled")
    assert caught.value.code in {"index_corrupt", "index_format"}
    assert not (remote.folder / "pulled").exists()


def test_a_file_that_was_begun_is_gone_on_with(remote, monkeypatch):
    remote.published()
    largest = remote.largest()
    staging = remote.folder / "pulled" / "pull"
    staging.mkdir(parents=True)
    half = largest.read_bytes()[: largest.stat().st_size // 2]
    (staging / f"{largest.name}.part").write_bytes(half)
    starts = []
    read = RemotePlace.read

    def noted(place, name, start, length):
        starts.append((name, start))
        return read(place, name, start, length)

    monkeypatch.setattr(RemotePlace, "read", noted)
    pull(remote.url, remote.folder / "pulled")
    assert (f"files/{largest.name}", len(half)) in starts
    assert verify(remote.folder / "pulled") == []


def test_a_beginning_that_is_damaged_is_fetched_anew(remote):
    remote.published()
    largest = remote.largest()
    staging = remote.folder / "pulled" / "pull"
    staging.mkdir(parents=True)
    (staging / f"{largest.name}.part").write_bytes(b"x" * 1000)
    (staging / min((remote.store / "files").iterdir()).name).write_bytes(b"x")
    pull(remote.url, remote.folder / "pulled")
    assert verify(remote.folder / "pulled") == []


@pytest.mark.parametrize("shards", [None, 2])
def test_a_pull_that_ends_while_files_get_their_names_is_gone_on_with(remote, monkeypatch, shards):
    remote.published(shards=shards)
    link_file, calls = pulling.link_file, []

    def ends(source, target):
        link_file(source, target)
        calls.append(target)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pulling, "link_file", ends)
        with pytest.raises(KeyboardInterrupt):
            pull(remote.url, remote.folder / "pulled")
    with pytest.raises(IndexNotFoundError, match="interrupted"):
        remote.ids(remote.folder / "pulled")
    assert pull(remote.url, remote.folder / "pulled").fetched == 0
    assert verify(remote.folder / "pulled") == []
    names = [one.name for one in (remote.folder / "pulled").rglob("*")]
    assert not any(name.endswith((".tmp", ".part")) for name in names)


def test_a_disk_without_room_is_told_before_anything_is_fetched(remote, monkeypatch):
    remote.published()
    usage = shutil.disk_usage(remote.folder)._replace(free=10)
    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(IndexWriteError, match="room for 10 bytes") as caught:
        pull(remote.url, remote.folder / "pulled")
    assert caught.value.code == "index_not_written"
    assert not (remote.folder / "pulled").exists()


@pytest.mark.parametrize("after", [0, 3])
def test_a_disk_that_becomes_full_leaves_what_was_there(remote, monkeypatch, after):
    path = remote.published()
    pulled = remote.folder / "pulled"
    pull(remote.url, pulled)
    remote.update(path, ("d", "black boats"))
    push(path, remote.url)
    write_all, left = fetching.write_all, iter(range(after))

    def full(descriptor, data):
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(descriptor, data)

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "write_all", full)
        with pytest.raises(IndexWriteError, match="no room left") as caught:
            pull(remote.url, pulled)
    assert caught.value.code == "index_not_written"
    assert remote.ids(pulled) == ["a", "b", "c"]
    assert verify(pulled) == []
    assert pull(remote.url, pulled).number == 2
    assert remote.ids(pulled) == ["a", "b", "c", "d"]


def test_gc_in_between_is_no_damage(remote, monkeypatch):
    """The state that was looked at is gone, and a newer one is there: that one is pulled."""
    path = remote.published()
    gather = pulling._Puller._gather
    calls = []

    def replaced(puller, current):
        if not calls:
            calls.append(1)
            remote.update(path, ("a", "other words"), ("b", "other words"))
            push(path, remote.url)
            assert collect(remote.url, keep=1, younger_than=0).removed_files
        return gather(puller, current)

    monkeypatch.setattr(pulling._Puller, "_gather", replaced)
    assert pull(remote.url, remote.folder / "pulled").number == 2
