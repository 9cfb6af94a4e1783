"""Many things at once: all are done, the first failure ends them, and so does a signal."""

import signal
import threading
import time
from itertools import count

import pytest

from colmodern.remote.transfer import AT_ONCE, StoppedError, each


def test_each_item_is_worked_on_once_and_no_more_than_some_at_a_time():
    here, most, done = [], [], []
    lock = threading.Lock()

    def work(item):
        with lock:
            here.append(item)
            most.append(len(here))
        time.sleep(0.001)
        with lock:
            here.remove(item)
            done.append(item)

    each(work, iter(range(50)))
    assert sorted(done) == list(range(50))
    assert 1 < max(most) <= AT_ONCE


def test_nothing_is_nothing_to_do():
    each(pytest.fail, [])


def test_the_first_failure_stops_the_others_and_is_raised():
    stopping, begun = threading.Event(), []

    def work(item):
        begun.append(item)
        if item == 3:
            raise ValueError("three")
        assert stopping.wait(60)
        raise StoppedError

    with pytest.raises(ValueError, match="three"):
        each(work, count(), stopping=stopping)
    assert len(begun) == AT_ONCE


def test_items_that_cannot_be_had_stop_what_is_running():
    stopping = threading.Event()

    def items():
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        each(lambda _: stopping.wait(60), items(), stopping=stopping)
    assert stopping.is_set()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to a thread")
def test_a_signal_ends_the_wait_for_what_hangs():
    class AskedToEndError(Exception):
        pass

    def end(number, frame):
        raise AskedToEndError

    hanging, released = threading.Barrier(2), threading.Event()
    stopping = threading.Event()

    def work(_):
        hanging.wait()
        released.wait()

    def ask():
        hanging.wait()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, end)
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        with pytest.raises(AskedToEndError):
            each(work, [1], stopping=stopping)
    finally:
        signal.signal(signal.SIGUSR1, before)
        released.set()
        asking.join()
    assert stopping.is_set()
