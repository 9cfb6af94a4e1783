"""Collecting: what no kept publication names goes, never what is young."""

import os
import time

import pytest

from colmodern.errors import ConfigError, IndexCorruptError, IndexNotFoundError
from colmodern.remote import collect, pull, push
from colmodern.remote.place import RemotePlace

HOUR = 3600


def age(remote, hours, *names):
    then = time.time() - hours * HOUR
    for name in names:
        os.utime(remote.store / name, (then, then))


@pytest.fixture
def grown(remote):
    """Three publications, each with files of its own."""
    path = remote.published()
    for number in (2, 3):
        remote.update(path, ("a", f"other words {number}"))
        push(path, remote.url)
    return path


@pytest.mark.parametrize("hours", [24.0, 1e9, 1e300, float("inf")])
def test_what_is_young_stays(remote, grown, hours):
    before = remote.objects()
    report = collect(remote.url, keep=1, younger_than=hours)
    assert (report.removed_files, report.removed_publications, report.publications) == (0, 0, 3)
    assert remote.objects() == before


@pytest.mark.parametrize("keep", [1, 2])
def test_what_is_old_and_not_named_goes(remote, grown, keep):
    age(remote, 25, *remote.objects())
    before = set(remote.objects())
    dry = collect(remote.url, keep=keep, dry_run=True)
    assert set(remote.objects()) == before
    report = collect(remote.url, keep=keep)
    assert (report.publications, report.removed_publications) == (keep, 3 - keep)
    assert dry.removed_files == report.removed_files > 0
    assert len(before) - len(remote.objects()) == report.removed_files + 3 - keep
    again = collect(remote.url, keep=keep)
    assert (again.removed_files, again.removed_publications) == (0, 0)
    assert pull(remote.url, remote.folder / "pulled").number == 3
    remote.update(grown, ("z", "more"))
    assert push(grown, remote.url).number == 4


def test_a_push_in_flight_keeps_what_it_sent(remote, grown):
    age(remote, 25, *remote.objects())
    (remote.store / "files" / f"{'a' * 32}-3").write_bytes(b"new")
    (remote.store / "files" / f"{'b' * 32}-3").write_bytes(b"old")
    age(remote, 25, f"files/{'b' * 32}-3")
    report = collect(remote.url, keep=1)
    assert report.young == 1
    assert f"files/{'a' * 32}-3" in remote.objects()
    assert f"files/{'b' * 32}-3" not in remote.objects()


def test_what_is_not_ours_stays_and_clocks_that_were_left_go(remote, grown):
    foreign = ["files/notes.txt", "notes.txt", "manifest-1.json", "files/x/y"]
    for name in foreign:
        (remote.store / name).parent.mkdir(exist_ok=True)
        (remote.store / name).write_text("mine")
    (remote.store / "clock-00").write_text("")
    age(remote, 25, *remote.objects())
    collect(remote.url, keep=1)
    assert set(foreign) <= set(remote.objects())
    assert not any(name.startswith("clock-") for name in remote.objects())


def test_nothing_goes_if_a_kept_publication_cannot_be_read(remote, grown):
    age(remote, 25, *remote.objects())
    (remote.store / "manifest-00000002.json").write_text("{}")
    before = set(remote.objects())
    with pytest.raises(Exception, match="manifest-00000002") as caught:
        collect(remote.url)
    assert caught.value.code in {IndexCorruptError.code, "index_format"}
    assert set(remote.objects()) == before


@pytest.mark.parametrize("keep", [1, 2])
def test_another_gc_at_the_same_moment_is_no_failure(remote, grown, monkeypatch, keep):
    age(remote, 25, *remote.objects())
    publications = RemotePlace.publications

    def publications_of_before(self):
        found = publications(self)
        monkeypatch.setattr(RemotePlace, "publications", publications)
        collect(remote.url, keep=1)
        return found

    monkeypatch.setattr(RemotePlace, "publications", publications_of_before)
    report = collect(remote.url, keep=keep)
    assert (report.publications, report.removed_publications) == (1, 0)
    assert pull(remote.url, remote.folder / "pulled").number == 3


def test_a_clock_that_another_gc_removes_is_made_again(remote, grown, monkeypatch):
    since, removed = RemotePlace.since, []

    def removing(self, name):
        if name.startswith("clock-") and not removed:
            removed.append(name)
            self.delete([name])
        return since(self, name)

    monkeypatch.setattr(RemotePlace, "since", removing)
    assert collect(remote.url, keep=1).publications == 3
    assert removed


def test_what_cannot_be_is_refused(remote):
    for options in ({"keep": 0}, {"younger_than": -1.0}, {"younger_than": float("nan")}):
        with pytest.raises(ConfigError) as caught:
            collect(remote.url, **options)
        assert caught.value.code == "option_out_of_range"
    with pytest.raises(IndexNotFoundError):
        collect(remote.url)
