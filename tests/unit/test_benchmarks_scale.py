"""The estimates for many documents: the formulas hold, and the simulation is one of queues."""

import pytest

from benchmarks.scale import rates
from benchmarks.scale.__main__ import estimates
from benchmarks.scale.estimate import encode_seconds_a_token, estimate
from benchmarks.scale.simulation import World, simulate


def test_measured_lengths_have_their_measured_rate():
    for length, rate in rates.ENCODE_TOKENS_A_SECOND.items():
        assert encode_seconds_a_token(length) == pytest.approx(1 / rate)
    assert encode_seconds_a_token(20_000) > encode_seconds_a_token(8_192)


def test_ten_times_the_documents_are_ten_times_the_work():
    one, ten = estimate(1e7, 500), estimate(1e8, 500)
    assert ten.disk_bytes == 10 * one.disk_bytes
    assert ten.encode_core_hours == pytest.approx(10 * one.encode_core_hours)
    assert ten.search_core_seconds == pytest.approx(10 * one.search_core_seconds)
    assert estimate(1e8, 500, pool=2).disk_bytes == ten.disk_bytes / 2
    assert estimate(1e8, 500, bits=2).machines < ten.machines


def test_the_page_has_the_table_of_the_program():
    from pathlib import Path

    page = Path(__file__).parents[2] / "docs" / "explanation" / "scale.md"
    text = page.read_text()
    assert [row for row in estimates() if row not in text] == []


def test_a_shard_that_is_alone_and_idle_waits_for_nothing():
    world = World(shards=1, load=0.001, pause_every=1e12, searches=400)
    found = simulate(world)
    work = sum(rates.STEP_MS[step][3] + rates.HTTP_MS for step in rates.STEP_MS)
    assert found.p50 == pytest.approx(work, rel=0.15)
    assert simulate(world) == found  # by its seed


def test_more_shards_and_more_load_are_slower_and_second_requests_bounded():
    few = simulate(World(shards=2, searches=600))
    many = simulate(World(shards=50, searches=600))
    loaded = simulate(World(shards=50, load=0.8, searches=600))
    assert few.p50 < many.p50 < loaded.p50
    hedged = simulate(World(shards=20, servers=2, hedge_share=0.05, load=0.3, searches=600))
    assert 0 < hedged.hedged <= 0.05
