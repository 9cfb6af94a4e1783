"""Searching at a URL: only new files are fetched, the cache is bounded, nothing wrong is read."""

import errno
import logging
import os
import subprocess
import sys
import threading

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import (
    ConfigError,
    IndexCorruptError,
    IndexNotFoundError,
    IndexWriteError,
    RemoteError,
)
from colmodern.remote import collect, fetching, open_index, push, reading, verify_published
from colmodern.remote.cache import Cache
from colmodern.remote.layout import content_name
from colmodern.remote.place import RemotePlace
from colmodern.remote.reading import fetched_view
from colmodern.remote.state import local_state
from colmodern.storage import LocalDirectory, ShardSetReader


def cached(remote):
    return {one.name for one in (remote.folder / "cache" / "files").iterdir()}


@pytest.fixture
def fetched(monkeypatch):
    """The objects that are fetched."""
    names = []
    fetch = Cache.fetch

    def noted(cache, place, record, **how):
        names.append(record.name)
        fetch(cache, place, record, **how)

    monkeypatch.setattr(Cache, "fetch", noted)
    return names


@pytest.mark.parametrize("shards", [None, 3])
def test_a_new_publication_fetches_only_what_is_new(remote, fetched, shards):
    path = remote.published(shards=shards)
    with Searcher.open(remote.url, remote.encoder) as searcher:
        assert remote.ids(remote.url) == ["a", "b", "c"]
        n_first = len(fetched)
        assert n_first == len(cached(remote))
        assert searcher.is_current()
        remote.update(path, ("d", "black boats"))
        push(path, remote.url)
        assert not searcher.is_current()
        with searcher.refresh() as fresh:
            assert len(fetched) - n_first < n_first
            assert fresh.is_current()
            assert fresh.document("d").text == "black boats"
            assert fresh.describe()["index"] == remote.url
            assert fresh.describe()["generation"] == 2
        # What was open stays as it was.
        assert searcher.n_documents == 3
    n_fetched = len(fetched)
    assert remote.ids(remote.url) == ["a", "b", "c", "d"]
    assert len(fetched) == n_fetched


def test_it_is_the_same_index_bit_for_bit(remote):
    path = remote.published(shards=2)
    with open_index(remote.url) as there, open_index(path) as here:
        assert isinstance(there, ShardSetReader)
        assert there.manifest == here.manifest
        assert [one.id for one in there.documents()] == [one.id for one in here.documents()]


def test_the_store_is_asked_every_few_seconds_and_a_failure_is_told_as_often(remote, monkeypatch):
    remote.published()
    monkeypatch.setattr(reading, "ASKED_EVERY_SECONDS", 1e9)
    asked = []
    newest = RemotePlace.newest
    monkeypatch.setattr(RemotePlace, "newest", lambda place: asked.append(1) or newest(place))
    with Searcher.open(remote.url, remote.encoder) as searcher:
        n_asked = len(asked)
        assert all(searcher.is_current() for _ in range(5))
        assert len(asked) == n_asked
        monkeypatch.setattr(reading, "ASKED_EVERY_SECONDS", 0.0)

        def fails(_):
            raise RemoteError("gone")

        monkeypatch.setattr(RemotePlace, "newest", fails)
        with pytest.raises(RemoteError):
            searcher.is_current()
        monkeypatch.setattr(reading, "ASKED_EVERY_SECONDS", 1e9)
        with pytest.raises(RemoteError):
            searcher.is_current()
        assert searcher.search("boats", k=1, mode="bm25")[0].doc_id == "c"


@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_damaged_copy_is_fetched_again_and_that_is_said(remote, caplog, fetched, keeps_time):
    remote.published()
    remote.ids(remote.url)
    copy = max((remote.folder / "cache" / "files").iterdir(), key=lambda one: one.stat().st_size)
    status = copy.stat()
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    if keeps_time:  # as a disk does that gives back other bits: only reading it all shows that
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    fetched.clear()
    with caplog.at_level(logging.WARNING):
        if keeps_time:
            assert verify_published(remote.url) == []
        else:
            assert remote.ids(remote.url) == ["a", "b", "c"]
    assert len(fetched) == 1
    assert "in the cache is damaged; it is fetched again" in caplog.text
    assert verify_published(remote.url) == []


@pytest.mark.parametrize("harm", [lambda p: p.write_bytes(b""), lambda p: p.unlink()])
def test_what_is_missing_in_the_copy_is_fetched_again(remote, harm):
    remote.published()
    view, _ = fetched_view(RemotePlace.at(remote.url))
    view.release()
    path = view.path
    for one in (path / "manifest.json", path / "segment-000001" / "tokens.arrow"):
        harm(one)
        assert remote.ids(remote.url) == ["a", "b", "c"]


def size_of(remote):
    return sum(one.stat().st_size for one in (remote.folder / "cache" / "files").iterdir())


def test_what_was_used_longest_ago_goes_first_and_never_what_is_in_use(remote, monkeypatch):
    urls = []
    for number in range(3):
        rows = [(f"{number}{name}", f"blue words {name}{number}") for name in "abc"]
        path = remote.build(f"i{number}", rows=rows)
        urls.append(f"{remote.url}/{number}")
        push(path, urls[-1])
    in_use = Searcher.open(urls[0], remote.encoder)
    n_bytes = size_of(remote)
    remote.ids(urls[1])
    monkeypatch.setenv("COLMODERN_REMOTE_CACHE_SIZE", str(int(n_bytes * 2.5)))
    remote.ids(urls[2])
    assert size_of(remote) <= n_bytes * 2.5
    views = remote.folder / "cache" / "views"
    assert len([one for one in views.iterdir() if one.is_dir()]) == 2
    # The first is open: it has all its files, and is searched on.
    assert in_use._reader.path.is_dir()
    assert in_use.document("0a").text == "blue words a0"
    assert remote.ids(urls[0]) == ["0a", "0b", "0c"]
    monkeypatch.setenv("COLMODERN_REMOTE_CACHE_SIZE", str(int(n_bytes * 1.5)))
    with (
        pytest.raises(IndexWriteError, match="in use") as caught,
        Searcher.open(urls[2], remote.encoder),
    ):
        Searcher.open(urls[1], remote.encoder)
    assert caught.value.code == "cache_full"
    in_use.close()
    remote.ids(urls[1])
    assert size_of(remote) <= n_bytes * 1.5


def test_an_index_that_does_not_fit_is_refused_before_it_is_fetched(remote, monkeypatch, fetched):
    remote.published()
    monkeypatch.setenv("COLMODERN_REMOTE_CACHE_SIZE", "1KB")
    with pytest.raises(IndexWriteError, match="COLMODERN_REMOTE_CACHE_SIZE") as caught:
        Searcher.open(remote.url)
    assert caught.value.code == "cache_full"
    assert not fetched


@pytest.mark.parametrize("call", ["write_all", "fsync"])
def test_a_full_disk_is_named_and_leaves_nothing_half(remote, monkeypatch, call):
    remote.published()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        if call == "fsync":
            patched.setattr(os, "fsync", full)
        else:
            patched.setattr(fetching, "write_all", full)
        with pytest.raises(IndexWriteError, match="no room left") as caught:
            Searcher.open(remote.url)
    assert caught.value.code == "cache_full"
    assert str(remote.folder / "cache") in str(caught.value)
    assert not cached(remote)
    assert remote.ids(remote.url) == ["a", "b", "c"]


def test_threads_and_processes_share_it(remote):
    remote.published(shards=2)
    found, failed = [], []

    def search():
        try:
            found.append(remote.ids(remote.url))
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=search) for _ in range(6)]
    script = (
        "import sys\nfrom colmodern import HashEncoder, Searcher\n"
        "s = Searcher.open(sys.argv[1], HashEncoder(dim=16))\n"
        "print(s.search('blue boats', k=9, mode='late')[0].doc_id)"
    )
    others = [
        subprocess.Popen(
            [sys.executable, "-c", script, remote.url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(1)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    assert found == [["a", "b", "c"]] * 6
    answers = {other.communicate()[0] for other in others}
    assert len(answers) == 1
    assert answers <= {"a\n", "c\n"}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("COLMODERN_REMOTE_CACHE_SIZE", "plenty", "option_invalid"),
        ("COLMODERN_REMOTE_CACHE_SIZE", "-1GB", "option_invalid"),
        ("COLMODERN_REMOTE_CACHE_SIZE", "0", "option_invalid"),
        ("COLMODERN_REMOTE_CACHE_SIZE", "5PB", "option_invalid"),
        ("COLMODERN_REMOTE_CACHE", "/dev/null/x", "option_invalid"),
        ("COLMODERN_REMOTE_CACHE", "", "option_missing"),
    ],
)
def test_a_cache_that_cannot_be_is_refused(remote, monkeypatch, name, value, code):
    remote.published()
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLMODERN_CACHE", "off")
    with pytest.raises(ConfigError, match="COLMODERN_REMOTE_CACHE") as caught:
        Searcher.open(remote.url)
    assert caught.value.code == code


@pytest.mark.skipif(os.name == "nt", reason="permissions")
def test_a_cache_that_others_may_write_is_not_used(remote):
    remote.published()
    folder = remote.folder / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigError, match="others may have written"):
        Searcher.open(remote.url)


def test_an_object_that_is_missing_is_named(remote):
    remote.published()
    name = remote.largest().name
    remote.largest().unlink()
    with pytest.raises(IndexCorruptError, match=f"files/{name} is damaged: it is missing"):
        Searcher.open(remote.url)
    (problem,) = verify_published(remote.url)
    assert name in problem.message


def test_verify_names_everything_that_is_damaged(remote):
    remote.published(shards=2)
    remote.ids(remote.url)
    objects = sorted((remote.store / "files").iterdir(), key=lambda one: -one.stat().st_size)[:3]
    objects[0].unlink()
    objects[1].write_bytes(b"x")
    objects[2].write_bytes(b"x" * objects[2].stat().st_size)
    told = " ".join(problem.message for problem in verify_published(remote.url))
    assert all(one.name in told for one in objects)
    with pytest.raises(IndexNotFoundError):
        verify_published(f"{remote.url}/nothing")


def test_readers_see_whole_states_while_others_publish_and_collect(remote):
    """Each state has documents of one number only; no reader ever sees two numbers."""
    path = remote.build(rows=[(name, "number 0") for name in "abcd"], shards=2)
    push(path, remote.url)
    over, seen, failed = threading.Event(), set(), []

    def read():
        encoder = HashEncoder(dim=16)
        try:
            with Searcher.open(remote.url, encoder) as first:
                searcher = first
                while not over.is_set():
                    searcher = searcher.refresh()
                    texts = {searcher.document(name).text for name in "abcd"}
                    assert len(texts) == 1, texts
                    seen.update(texts)
                    searcher.close()
                    searcher = Searcher.open(remote.url, encoder)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for one in readers:
        one.start()
    for number in range(1, 6):
        Indexer(path, remote.encoder).update([(name, f"number {number}") for name in "abcd"])
        push(path, remote.url)
        collect(remote.url, keep=1, younger_than=0)
    over.set()
    for one in readers:
        one.join()
    assert not failed, failed
    assert seen


def test_one_shard_of_a_set_needs_its_own_files_only(remote, fetched):
    path = remote.published(rows=[(f"d{number}", "blue boats") for number in range(30)], shards=3)
    found = set()
    for number in (1, 2, 3):
        fetched.clear()
        with open_index(remote.url, shard=number) as there, open_index(path, shard=number) as here:
            ids = {one.id for one in there.documents()}
            assert ids == {one.id for one in here.documents()}
            assert not found & ids
            found |= ids
        own = local_state(LocalDirectory(path)).of_shard(number).files
        # The codec is the same in all of them, and is there already.
        assert 0 < len(fetched) <= len(own)
        assert set(fetched) <= {content_name(one) for one in own}
    assert len(found) == 30
    with open_index(remote.url, shard=1) as shard:
        remote.update(path, *((f"d{number}", "green boats") for number in range(30)))
        push(path, remote.url)
        assert not shard.is_current()
        with shard.refresh() as fresh:
            assert fresh.manifest.generation == 2
            assert {one.text for one in fresh.documents()} == {"green boats"}
    with pytest.raises(ConfigError, match="no shard 4") as caught:
        open_index(remote.url, shard=4)
    assert (caught.value.code, caught.value.option) == ("option_out_of_range", "shard")
    push(remote.build("plain"), f"{remote.url}/plain")
    with pytest.raises(ConfigError, match="no shard 1"):
        open_index(f"{remote.url}/plain", shard=1)
