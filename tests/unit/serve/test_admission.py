"""How many work at a time, and what becomes of the others?"""

import asyncio
import gc
import threading

import pytest

from colmodern.errors import RequestRefusedError
from colmodern.serve.admission import Admission
from colmodern.serve.stopwatch import Stopwatch

LONG = 1_000.0


def run(story, *, threads, queue):
    async def main():
        admission = Admission(threads=threads, queue=queue)
        try:
            return await story(admission)
        finally:
            admission.close()

    return asyncio.run(main())


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


def test_one_request_has_all_threads_and_many_share_them():
    async def story(admission):
        assert await admission.run(lambda threads: threads) == 4
        lock, running, most = threading.Lock(), [0], [0]

        def work(threads):
            with lock:
                running[0] += threads
                most[0] = max(most[0], running[0])
            with lock:
                running[0] -= threads

        await asyncio.gather(*(admission.run(work) for _ in range(50)))
        assert most[0] <= 4
        assert admission.n_busy == admission.n_waiting == 0

    run(story, threads=4, queue=50)


def test_what_has_use_for_one_thread_leaves_the_others():
    async def story(admission):
        go = threading.Event()
        one = asyncio.ensure_future(admission.run(lambda _: go.wait(), most=1))
        await until(lambda: admission.n_busy)
        assert admission.n_busy == 1
        assert await admission.run(lambda threads: threads) == 3
        go.set()
        await one

    run(story, threads=4, queue=1)


def test_work_that_fails_when_nobody_waits_for_it_is_not_told_as_an_error():
    told = []

    async def story(admission):
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        goes_on = threading.Event()

        def work(_threads):
            goes_on.wait()
            raise ValueError

        running = asyncio.ensure_future(admission.run(work))
        await until(lambda: admission.n_busy)
        running.cancel()
        await until(running.done)
        goes_on.set()
        await until(lambda: not admission.n_busy)
        gc.collect()

    run(story, threads=1, queue=0)
    assert told == []


def test_a_queue_that_is_full_refuses_and_loses_nobody():
    async def story(admission):
        go = threading.Event()
        waiting = [asyncio.ensure_future(admission.run(lambda _: go.wait())) for _ in range(3)]
        await until(lambda: admission.n_waiting == 2)
        with pytest.raises(RequestRefusedError) as found:
            await admission.run(lambda _: None)
        assert found.value.code == "overloaded"
        go.set()
        assert await asyncio.gather(*waiting) == [True] * 3

    run(story, threads=1, queue=2)


def test_a_deadline_that_passes_in_the_queue():
    async def story(admission):
        go = threading.Event()
        first = asyncio.ensure_future(admission.run(lambda _: go.wait()))
        await until(lambda: admission.n_busy == 1)
        with pytest.raises(RequestRefusedError) as found:
            async with Stopwatch(0.001).bound():
                await admission.run(lambda _: None)
        assert found.value.code == "deadline_passed"
        assert admission.n_waiting == 0
        go.set()
        await first

    run(story, threads=1, queue=2)


def test_a_thread_that_ends_one_begins_the_next_without_the_loop():
    async def story(admission):
        go, is_done = threading.Event(), threading.Event()
        first = asyncio.ensure_future(admission.run(lambda _: go.wait()))
        then = asyncio.ensure_future(admission.run(lambda _: is_done.set()))
        await until(lambda: admission.n_waiting == 1)
        go.set()
        assert is_done.wait(60)  # the loop stands still meanwhile
        await asyncio.gather(first, then)
        assert admission.n_busy == admission.n_waiting == 0

    run(story, threads=1, queue=2)


@pytest.mark.parametrize("n_before", [1, 2], ids=["ahead", "in the queue"])
@pytest.mark.parametrize("is_late", [True, False])
def test_work_that_has_not_begun_when_its_request_ends_is_never_done(n_before, is_late):
    async def story(admission):
        go, done = threading.Event(), []
        before = [
            asyncio.ensure_future(admission.run(lambda _: go.wait())) for _ in range(n_before)
        ]
        await until(lambda: admission.n_waiting == n_before - 1 and admission.n_busy)

        async def bounded():
            async with Stopwatch(0.01 if is_late else LONG).bound():
                await admission.run(lambda _: done.append(1))

        gone = asyncio.ensure_future(bounded())
        if not is_late:
            await until(lambda: admission.n_waiting == n_before)
            gone.cancel()
        (ended,) = await asyncio.gather(gone, return_exceptions=True)
        assert getattr(ended, "code", "left") == ("deadline_passed" if is_late else "left")
        go.set()
        await asyncio.gather(*before)
        await until(lambda: admission.n_busy == admission.n_waiting == 0)
        assert await admission.run(lambda threads: threads) == 1
        assert done == []

    run(story, threads=1, queue=3)


def test_who_leaves_the_queue_takes_no_thread_along():
    async def story(admission):
        go = threading.Event()
        first = asyncio.ensure_future(admission.run(lambda _: go.wait()))
        await until(lambda: admission.n_busy == 1)
        gone = asyncio.ensure_future(admission.run(lambda _: None))
        await until(lambda: admission.n_waiting == 1)
        gone.cancel()
        go.set()
        await first
        await until(lambda: admission.n_busy == 0)
        assert await admission.run(lambda threads: threads) == 1

    run(story, threads=1, queue=2)


def test_a_request_that_is_cancelled_keeps_its_thread_until_its_work_ends():
    async def story(admission):
        go, begun = threading.Event(), threading.Event()

        def work(_):
            begun.set()
            go.wait()

        gone = asyncio.ensure_future(admission.run(work))
        await until(begun.is_set)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert admission.n_busy == 1
        go.set()
        await until(lambda: admission.n_busy == 0)

    run(story, threads=1, queue=2)


def test_a_watch_ends_the_work_between_two_stages():
    watch = Stopwatch(LONG)
    watch("filter")
    watch("encode")
    assert list(watch.seconds()) == ["queue", "filter"]
    watch.cancel()
    with pytest.raises(RequestRefusedError) as found:
        watch("rescore")
    assert found.value.code == "cancelled"
    with pytest.raises(RequestRefusedError) as found:
        Stopwatch(-1.0)("filter")
    assert found.value.code == "deadline_passed"
