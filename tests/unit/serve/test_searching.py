"""Do processes of their own search as the server would, whatever becomes of them?"""

import json
import logging
import os
import re
import shutil
import signal
import sys
import threading
import time
from functools import partial

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.errors import ConfigError, IndexNotFoundError, RequestRefusedError
from colmodern.serve import ServeConfig
from colmodern.serve.run import make_server
from colmodern.serve.searching import messages, process
from colmodern.serve.searching import pool as searching_pool
from colmodern.serve.stopwatch import Stopwatch

from .kit import ENCODER, WRITE, ended, refused

LONG = 60.0

# Some queries do something else to the process than to be searched.
_MISBEHAVING = """
import os, time
from colmodern.searcher import Searcher
search = Searcher.search
def searching(self, query, request=None, **options):
    if query == "deadly":
        os._exit(9)
    if query == "once" and not os.path.exists({mark!r}):
        open({mark!r}, "w").close()
        os._exit(9)
    if query == "endless":
        open({mark!r}, "w").close()
        while True:
            time.sleep(.01)
            options["begin"]("rescore")
    if query == "faulty":
        raise KeyError("nobody foresaw this")
    return search(self, query, request, **options)
Searcher.search = searching
"""


@pytest.fixture
def apart(client_of):
    """Makes a client of a server with two processes that search."""

    def make(more=None, **options):
        return client_of(more, encoder=None, **{"workers": 2, **options})

    return make


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "mark"


@pytest.fixture
def misbehaving(monkeypatch, mark):
    told = _MISBEHAVING.strip().replace("{mark!r}", repr(str(mark)))
    started_by(monkeypatch, told.replace("{", "{{").replace("}", "}}"))


def started_by(monkeypatch, program):
    """Have processes run something else first."""
    begin, end = process._START.split("from colmodern", 1)
    start = begin.replace("; ", "\n") + program + "\nfrom colmodern" + end.replace("; ", "\n")
    monkeypatch.setattr(process, "_START", start)


def pids(client):
    return [one.pid for one in client.server.pool._all]


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(is_so):
    ends = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)


REQUESTS = [
    ("/v1/search", {"query": "red trains"}),
    ("/v1/search", {"queries": ["red trains", "blue ovens"], "k": 1}),
    ("/v1/search", {"query": "bread", "mode": "bm25", "precise": True}),
    ("/v1/search", {"query": "bread", "where": "path like 'a%'"}),
    ("/v1/search", {"query": "bread", "k": 0}),
    ("/v1/search", {"query": "bread", "where": "("}),
    ("/v1/statistics", {"query": "red trains"}),
    ("/v1/explain", {"query": "red trains", "id": "b/c d"}),
    ("/v1/explain", {"query": "red trains", "id": "none"}),
    ("/v1/rerank", {"query": "bread", "documents": ["trains", "bread"], "top_n": 1}),
    ("/v1/embeddings", {"input": ["bread"], "input_type": "query"}),
    ("/api/search", {"query": "red trains", "k": 2}),
]


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_answers_are_those_of_the_server_itself(apart, client_of, path, body):
    def told(client):
        answer = client.post(path, json=body)
        found = answer.json()
        times = found.pop("milliseconds", None)
        found.pop("request_id", None)
        return answer.status_code, found, times and [*times], answer.headers.get("etag")

    assert told(apart()) == told(client_of(encoder=None))


def test_a_line_of_many_that_cannot_be_searched_stops_no_other(apart):
    answer = apart().post(
        "/v1/search",
        json={"queries": ["bread", " ", "trains"]},
        headers={"Accept": "application/x-ndjson"},
    )
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert ["error" in row for row in rows] == [False, True, False]


def test_agents_are_answered_there(apart, monkeypatch):
    client = apart()
    worked = []
    work = client.server.pool.run
    monkeypatch.setattr(
        type(client.server.pool), "run", lambda _, *given: worked.append(1) or work(*given)
    )
    call = {"name": "search", "arguments": {"query": "red trains"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {"Accept": "application/json, text/event-stream"}
    answer = client.post("/mcp", json=message, headers=headers).json()
    assert answer["result"]["structuredContent"]["hits"][0]["id"] == "b/c d"
    assert worked == [1]


def test_what_is_encoded_there_is_counted_here(apart):
    client = apart()
    client.post("/v1/search", json={"query": "red trains"})
    page = client.get("/metrics").text
    assert 'colmodern_encoded_tokens_total{index="i"} 2.0' in page
    assert "colmodern_workers 2.0" in page
    if sys.platform == "linux":
        (told,) = re.findall(r"^colmodern_worker_resident_bytes (.+)$", page, re.MULTILINE)
        assert float(told) > 2 * 2**20
    assert 'colmodern_stage_seconds_count{stage="rescore"} 1.0' in page


def test_more_requests_than_processes_wait_for_one(apart):
    client = apart(threads=4)
    found = []

    def ask():
        found.append(client.post("/v1/search", json={"query": "red trains"}).status_code)

    asking = [threading.Thread(target=ask) for _ in range(12)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(LONG)
    assert found == [200] * 12


def test_those_that_died_between_requests_are_replaced(apart, caplog):
    client = apart()
    pool, before = client.server.pool, pids(client)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for _ in range(3):
        assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200
    until(lambda: pool.n_alive == 2)
    assert set(pids(client)).isdisjoint(before)
    assert caplog.text.count("has ended with status -9") == 2
    page = client.get("/metrics").text
    assert "colmodern_worker_deaths_total 2.0" in page
    assert "colmodern_workers 2.0" in page


def test_a_request_is_answered_though_its_process_dies(misbehaving, apart):
    client = apart()
    assert client.post("/v1/search", json={"query": "once"}).status_code == 200
    until(lambda: client.server.pool.n_deaths == 1)


def test_a_request_of_which_processes_die_has_failed(misbehaving, apart, caplog):
    client = apart()
    for _ in range(2):
        error = refused(client.post("/v1/search", json={"query": "deadly"}), "internal", 500)
        assert "deadly" not in error["message"]
    assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200
    until(lambda: client.server.pool.n_deaths == 4)
    assert caplog.text.count("has ended with status 9") == 4


def test_where_none_can_be_started_the_server_searches(apart, index, monkeypatch, caplog):
    client = apart()
    pool = client.server.pool
    monkeypatch.setattr(process, "_START", "exit(3)")
    for pid in pids(client):
        os.kill(pid, signal.SIGKILL)
    for _ in range(3):
        assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200
    until(lambda: pool._pause is not None)
    assert pool.n_alive == 0
    assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200
    assert caplog.text.count("no process that searches can be started") == 1
    monkeypatch.undo()
    until(lambda: pool.n_alive == 2)


def test_more_than_can_be_started_are_refused(index, monkeypatch):
    monkeypatch.setattr(process, "_START", "exit(3)")
    with pytest.raises(ConfigError, match="2 processes that search cannot be started") as found:
        make_server({"i": index}, ServeConfig(workers=2))
    assert (found.value.code, found.value.option) == ("option_invalid", "workers")


def test_one_that_cannot_open_the_newest_state_is_passed_over(apart, index, caplog):
    client = apart()
    for one in client.server.pool._all:
        os.kill(one.pid, signal.SIGSTOP)
    Indexer(index, HashEncoder(dim=64)).update([("n", "purple bicycles")])
    client.server.library.named("i").refresh()
    shutil.move(index, index.with_name("away"))
    for one in client.server.pool._all:
        os.kill(one.pid, signal.SIGCONT)
    for _ in range(3):
        found = client.post("/v1/search", json={"query": "purple bicycles"}).json()
        assert (found["generation"], found["hits"][0]["id"]) == (2, "n")
    until(lambda: "a process that searches is behind" in caplog.text)


def test_one_that_hangs_keeps_the_server_from_nothing_else(apart, tokens):
    client = apart(token_file=tokens, writable=True)
    client.headers["Authorization"] = f"Bearer {WRITE}"
    stopped = pids(client)[-1]
    os.kill(stopped, signal.SIGSTOP)
    try:
        rows = [{"id": "n", "text": "purple bicycles"}]
        assert ended(client, client.put("/v1/documents", json={"documents": rows}))["generation"]
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_a_server_ends_though_one_hangs_at_work(misbehaving, apart, monkeypatch, mark):
    monkeypatch.setattr(searching_pool, "_GRACE", 0.3)
    client = apart(deadline=0.3)
    for pid in pids(client):
        os.kill(pid, signal.SIGSTOP)
    refused(client.post("/v1/search", json={"query": "red trains"}), "deadline_passed", 504)
    began = time.monotonic()
    client.__exit__(None, None, None)
    client.__exit__ = lambda *_: None
    assert time.monotonic() - began < 10


def test_one_that_dies_before_it_begins_is_not_the_fault_of_the_request(apart, monkeypatch):
    started_by(monkeypatch, "import colmodern.serve.searching.process_main as m; m.receive = None")
    monkeypatch.setattr(process.SearchProcess, "wait_until_ready", lambda _: None)
    assert apart().post("/v1/search", json={"query": "red trains"}).status_code == 200


def test_one_of_another_version_is_not_asked(index, monkeypatch):
    started_by(monkeypatch, "import colmodern; colmodern.__version__ = '999'")
    with pytest.raises(RequestRefusedError, match="999 is installed now: start it again"):
        make_server({"i": index}, ServeConfig(workers=2))


def test_what_nobody_foresaw_is_in_the_log_alone(misbehaving, apart, caplog):
    client = apart()
    with caplog.at_level(logging.ERROR):
        error = refused(client.post("/v1/search", json={"query": "faulty"}), "internal", 500)
    assert "nobody foresaw" in caplog.text
    assert "nobody foresaw" not in error["message"]


def test_a_request_whose_client_has_gone_ends_at_its_next_stage(misbehaving, apart, mark):
    client = apart()
    pool, before = client.server.pool, pids(client)
    found = []

    def run(watch):
        try:
            pool.run(partial(_searching, "endless"), watch, 1)
        except RequestRefusedError as error:
            found.append(error.code)

    watches = [Stopwatch(LONG), Stopwatch(LONG)]
    running = [threading.Thread(target=run, args=(watch,)) for watch in watches]
    for one in running:
        one.start()
    until(mark.exists)
    for watch in watches:
        watch.cancel()
    for one in running:
        one.join(LONG)
    assert found == ["cancelled"] * 2
    assert pids(client) == before
    assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200


def _searching(query, library, watch, _threads):
    with library.named(None).use() as snapshot:
        return len(snapshot.searcher.search(query, begin=watch))


def test_what_is_cancelled_too_late_ends_no_other(apart):
    client = apart()
    for one in client.server.pool._all:
        one._cancel(next(one._numbers))
    for _ in range(4):
        assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200


def test_a_deadline_holds_there(misbehaving, apart):
    client = apart(deadline=0.3)
    refused(client.post("/v1/search", json={"query": "endless"}), "deadline_passed", 504)
    assert client.post("/v1/search", json={"query": "red trains"}).status_code == 200


def test_one_that_is_stuck_is_replaced(apart, monkeypatch):
    monkeypatch.setattr(process, "_STUCK_SECONDS", 0.1)
    pool = apart().server.pool
    stuck = [one.pid for one in pool._all]
    for pid in stuck:
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(RequestRefusedError):
        pool.run(partial(_searching, "bread"), Stopwatch(0.1), 1)
    monkeypatch.setattr(process, "_STUCK_SECONDS", LONG)
    until(lambda: {one.pid for one in pool._all} != {*stuck})
    assert pool.run(partial(_searching, "bread"), Stopwatch(LONG), 1) == 3


def test_an_order_that_nobody_reads_ends(apart, monkeypatch):
    monkeypatch.setattr(process, "_STUCK_SECONDS", 0.1)
    pool = apart().server.pool
    os.kill(pool._all[-1].pid, signal.SIGSTOP)
    with pytest.raises(RequestRefusedError):
        pool.run(partial(_searching, "bread" * 100_000), Stopwatch(0.1), 1)
    until(lambda: pool.n_deaths == 1)


def test_no_work_begins_once_it_is_closed(apart):
    pool = apart().server.pool
    pool.close()
    with pytest.raises(RequestRefusedError) as found:
        pool.run(partial(_searching, "bread"), Stopwatch(LONG), 1)
    assert found.value.code == "overloaded"
    pool.wake()
    assert pool.n_alive == 0


def test_work_that_cannot_be_sent_says_so(apart):
    pool = apart().server.pool
    with pytest.raises(TypeError, match="another process"):
        pool.run(lambda *_: None, Stopwatch(LONG), 1)
    assert pool.run(partial(_searching, "bread"), Stopwatch(LONG), 1) == 3


def test_what_is_committed_is_found_at_once(apart, tokens):
    client = apart(token_file=tokens, writable=True)
    client.headers["Authorization"] = f"Bearer {WRITE}"
    for number in range(4):
        rows = [{"id": f"n{number}", "text": f"purple bicycles {number}"}]
        told = ended(client, client.put("/v1/documents", json={"documents": rows}))
        for _ in range(3):
            found = client.post("/v1/search", json={"query": f"bicycles {number}", "k": 1}).json()
            assert found["generation"] >= told["generation"]
            assert found["hits"][0]["id"] == f"n{number}"


def test_an_index_made_again_with_another_encoder_is_served_with_that_one(apart, index):
    client = apart()
    shutil.rmtree(index)
    Indexer(index, HashEncoder(dim=32, seed=3)).build([("n", "purple bicycles")])
    client.server.library.named("i").refresh()
    for _ in range(3):
        found = client.post("/v1/search", json={"query": "purple bicycles"}).json()
        assert [hit["id"] for hit in found["hits"]] == ["n"]


def test_all_end_with_the_server(index):
    from starlette.testclient import TestClient

    from colmodern.serve.http.app import make_app

    server = make_server({"i": index}, ServeConfig(workers=3))
    with TestClient(make_app(server), base_url="http://127.0.0.1:8765") as client:
        client.server = server
        running = pids(client)
        assert all(map(is_there, running))
    assert not any(map(is_there, running))


def test_an_encoder_of_this_process_alone_is_refused(index):
    with pytest.raises(ConfigError, match="workers is 2") as found:
        make_server({"i": index}, ServeConfig(workers=2), encoder=ENCODER)
    assert (found.value.code, found.value.option) == ("option_conflict", "workers")


def test_one_that_cannot_start_says_why(index, monkeypatch):
    gone = messages.Setup({"i": index / "gone"})
    monkeypatch.setattr("colmodern.serve.run.Setup", lambda *_: gone)
    with pytest.raises(IndexNotFoundError, match="gone") as found:
        make_server({"i": index}, ServeConfig(workers=2))
    assert found.value.code == "index_not_found"


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_messages_of_any_size_pass_a_pipe(size):
    reading, writing = os.pipe()
    sending = threading.Thread(target=messages.send, args=(writing, messages.packed(b"x" * size)))
    sending.start()
    assert messages.receive(reading) == b"x" * size
    sending.join()
    assert not messages.has_message(reading, seconds=0)
    os.close(writing)
    assert messages.has_message(reading, seconds=0)  # that there will be none
    with pytest.raises(EOFError):
        messages.receive(reading)
    os.close(reading)
