"""Stages of a build overlap, in order, with errors and early ends as if they did not."""

import threading
import time

import pytest

from colmodern.indexer.ahead import ahead


def test_items_come_in_order_and_whole():
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter([]))) == []


def test_the_next_item_is_made_while_one_is_used():
    made = []

    def items():
        for number in range(3):
            made.append(number)
            yield number

    stream = ahead(items())
    assert next(stream) == 0
    deadline = time.monotonic() + 600
    while len(made) < 2:
        assert time.monotonic() < deadline, "nothing was made ahead"
        time.sleep(0.001)
    assert list(stream) == [1, 2]


def test_no_more_is_made_than_may_wait():
    made = []
    stream = ahead((made.append(number) or number for number in range(100)), depth=2)
    next(stream)
    time.sleep(0.1)
    assert len(made) <= 4  # one is used, two wait, one is in the thread's hand
    stream.close()


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        raise ValueError("the third stage")

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="the third stage"):
        next(stream)


@pytest.mark.parametrize("depth", [1, 3])
def test_who_stops_early_leaves_no_thread(depth):
    before = threading.active_count()
    for taken in range(4):
        stream = ahead(iter(range(1000)), depth=depth)
        for _ in range(taken):
            next(stream)
        stream.close()
    assert threading.active_count() == before


def test_one_that_is_collected_in_its_own_thread_ends():
    streams, is_taken, ended = [], threading.Event(), threading.Event()

    def items():
        yield 1
        is_taken.wait()
        streams.pop().close()
        ended.set()
        yield 2

    streams.append(ahead(items()))
    next(streams[0])
    is_taken.set()
    assert ended.wait(60)
