"""Ratios that are kept by commit: what has fallen, and against which record."""

from __future__ import annotations

import sys

import pytest

from benchmarks.track import __main__ as track
from benchmarks.track.ratios import Pair, measured
from benchmarks.track.records import (
    FILE,
    Record,
    has_fallen,
    keep_record,
    last_of,
    read_records,
    record_of,
)


def test_what_is_kept_in_the_repository_can_be_read():
    assert all(record.ratios for record in read_records(FILE))


def test_only_records_of_the_same_machine_are_compared(tmp_path):
    path = tmp_path / "records.json"
    path.write_text("[]")
    records = [
        Record("a", "this", "avx2", {"x": 1.0}),
        Record("b", "this", "avx2", {"x": 2.0}),
        Record("c", "this", "amx", {"x": 3.0}),
    ]
    for record in records:
        keep_record(record, path)

    assert read_records(path) == records
    assert last_of(records, ("this", "avx2")) == records[1]
    assert last_of(records, ("that", "avx2")) is None


@pytest.mark.parametrize(("now", "fallen"), [(1.0, False), (0.81, False), (0.79, True)])
def test_a_fifth_may_be_lost(now, fallen):
    assert has_fallen(now, 1.0) is fallen


def test_a_ratio_says_how_many_times_as_fast_something_is():
    def work(n):
        return lambda: sum(range(n))

    assert measured(Pair("x", work(1_000), work(100_000))) > 5


@pytest.mark.parametrize(("ratios", "status"), [([0.5, 0.5], 1), ([0.5, 0.9], 0), ([0.9], 0)])
def test_what_has_fallen_twice_ends_with_1(monkeypatch, capsys, ratios, status):
    class Opened:
        def __enter__(self):
            return [Pair("x", None, None)]

        def __exit__(self, *_):
            return None

    last = Record("a", *record_of({}).machine, {"x": 1.0})
    found = iter(ratios)
    monkeypatch.setattr(track, "opened_pairs", Opened)
    monkeypatch.setattr(track, "measured", lambda _: next(found))
    monkeypatch.setattr(track, "read_records", lambda: [last])
    monkeypatch.setattr(sys, "argv", ["track"])

    with pytest.raises(SystemExit) as ended:
        track.main()

    assert ended.value.code == status
    assert ("fallen" in capsys.readouterr().out) is bool(status)
