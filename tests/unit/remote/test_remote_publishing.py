"""Pushing: files by content, one publication a number, nobody's work taken away."""

import shutil
import threading
from datetime import timedelta

import pytest

from colmodern.errors import IndexCorruptError, IndexNotFoundError, RemoteError
from colmodern.remote import publishing, pull, push
from colmodern.remote.place import RemotePlace


@pytest.mark.parametrize("shards", [None, 3])
def test_what_is_there_is_never_sent_twice(remote, shards):
    path = remote.build(shards=shards)
    first = push(path, remote.url)
    assert (first.number, first.generation, first.is_new) == (1, 1, True)
    assert first.sent == first.files == sum(name.startswith("files/") for name in remote.objects())
    before = remote.objects()
    again = push(path, f"{remote.url}/")
    assert (again.number, again.sent, again.is_new) == (1, 0, False)
    assert remote.objects() == before
    remote.update(path, ("d", "black boats"))
    second = push(path, remote.url)
    assert (second.number, second.generation) == (2, 2)
    assert 0 < second.sent < second.files
    assert before.items() <= remote.objects().items()


def test_an_interrupted_push_sends_only_the_rest(remote, monkeypatch):
    path = remote.build()
    create = RemotePlace.create
    monkeypatch.setattr(RemotePlace, "create", lambda *_: pytest.fail("interrupted"))
    with pytest.raises(pytest.fail.Exception):
        push(path, remote.url)
    monkeypatch.setattr(RemotePlace, "create", create)
    report = push(path, remote.url)
    assert (report.sent, report.number) == (0, 1)


def test_an_old_object_that_nothing_names_is_sent_again(remote, monkeypatch):
    path = remote.published()
    (remote.store / "manifest-00000001.json").unlink()
    monkeypatch.setattr(publishing, "_TAKEN_OVER", timedelta(hours=-1))
    report = push(path, remote.url)
    assert report.sent == report.files


def test_only_what_comes_from_the_newest_publication_is_published(remote):
    ours = remote.published()
    theirs = remote.folder / "theirs"
    shutil.copytree(ours, theirs)
    remote.update(ours, ("d", "black boats"))
    remote.update(theirs, ("e", "black ovens"))
    push(ours, remote.url)
    before = remote.objects()
    with pytest.raises(RemoteError, match="comes from publication 1") as caught:
        push(theirs, remote.url)
    assert caught.value.code == "remote_conflict"
    with pytest.raises(RemoteError, match="was never there"):
        push(remote.build("fresh"), remote.url)
    assert remote.objects() == before
    assert push(theirs, remote.url, replace=True).number == 3
    assert remote.ids(remote.url) == ["a", "b", "c", "e"]


def test_a_set_may_take_the_place_of_an_index_if_that_is_wanted(remote):
    remote.published()
    assert push(remote.build("s", shards=2), remote.url, replace=True).number == 2
    assert remote.ids(remote.url) == ["a", "b", "c"]


@pytest.mark.parametrize("n_publishers", [2, 8])
def test_of_publishers_at_once_one_wins(remote, monkeypatch, n_publishers):
    base = remote.published()
    paths = [remote.folder / f"p{number}" for number in range(n_publishers)]
    for number, path in enumerate(paths):
        shutil.copytree(base, path)
        remote.update(path, (f"d{number}", "black boats"))
    together = threading.Barrier(n_publishers)
    create = RemotePlace.create

    def at_once(place, name, data):
        together.wait(60)
        return create(place, name, data)

    monkeypatch.setattr(RemotePlace, "create", at_once)
    told = {}

    def publish(number):
        try:
            told[number] = push(paths[number], remote.url).number
        except RemoteError as error:
            told[number] = error.code

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(n_publishers)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(map(str, told.values())) == ["2", *["remote_conflict"] * (n_publishers - 1)]
    (winner,) = (number for number, what in told.items() if what == 2)
    assert remote.ids(remote.url) == ["a", "b", "c", f"d{winner}"]


def test_an_answer_that_came_too_late_is_no_defeat(remote, monkeypatch):
    """The client tries again what the store has done already, and is told that it is there."""
    create = RemotePlace.create

    def twice(place, name, data):
        assert create(place, name, data)
        return create(place, name, data)

    monkeypatch.setattr(RemotePlace, "create", twice)
    assert push(remote.build(), remote.url).number == 1


@pytest.mark.parametrize("harm", [b"", b"x" * 50, None])
def test_a_damaged_file_here_is_not_published(remote, harm):
    path = remote.build()
    tokens = path / "segment-000001" / "tokens.arrow"
    data = bytearray(tokens.read_bytes())
    data[len(data) // 2] ^= 1
    tokens.write_bytes(data if harm is None else harm)
    with pytest.raises(IndexCorruptError, match=r"tokens\.arrow was changed or cut short"):
        push(path, remote.url)
    assert not any(name.startswith("manifest") for name in remote.objects())


def test_a_commit_in_between_is_published_instead(remote, monkeypatch):
    path = remote.build()
    missing = publishing._Publisher._missing
    calls = []

    def commits(publisher, *args):
        if not calls:
            calls.append(1)
            remote.update(path, ("a", "other words"))
        return missing(publisher, *args)

    monkeypatch.setattr(publishing._Publisher, "_missing", commits)
    assert push(path, remote.url).generation == 2
    assert remote.ids(remote.url) == ["a", "b", "c"]


def test_what_gc_took_meanwhile_is_sent_again(remote, monkeypatch):
    path = remote.build()
    send_all = publishing._Publisher._send_all
    calls = []

    def loses(publisher, missing):
        send_all(publisher, missing)
        calls.append(len(missing))
        if len(calls) == 1:
            remote.largest().unlink()

    monkeypatch.setattr(publishing._Publisher, "_send_all", loses)
    report = push(path, remote.url)
    assert calls == [report.files, 1]
    pull(remote.url, remote.folder / "pulled")


def test_there_must_be_an_index(remote):
    with pytest.raises(IndexNotFoundError):
        push(remote.folder / "nothing", remote.url)
    assert not remote.store.exists()


def test_resending_mends_what_is_damaged_there(remote):
    path = remote.published()
    damaged = remote.largest()
    size = damaged.stat().st_size
    damaged.write_bytes(b"x" * size)
    assert push(path, remote.url).sent == 0
    report = push(path, remote.url, resend=True)
    assert (report.sent, report.is_new) == (report.files, False)
    pull(remote.url, remote.folder / "pulled")
