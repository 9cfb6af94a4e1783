"""``colmodern serve`` as a program: it starts, answers, follows commits, and ends well."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from colmodern import Encoder, Indexer

pytest.importorskip("uvicorn")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "keys.md").write_text(
        "# Keys\n\nA key that has leaked is revoked at once."
    )
    (tmp_path / "notes" / "tea.md").write_text("# Tea\n\nTea is made at four.")
    return tmp_path / "notes"


@contextmanager
def serving(*arguments, program=("-m", "colmodern"), **options):
    command = [sys.executable, *program, "serve", *map(str, arguments)]
    command += ["--port", "0", "--format", "json"]
    # A file: a pipe that nobody reads would be full of lines of requests at some time.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, **options
        )
        process.said = lambda: os.pread(said.fileno(), 1 << 20, 0).decode()
        try:
            line = process.stdout.readline()
            assert line, process.said()
            yield process, json.loads(line)
        finally:
            process.kill()
            process.communicate()


def ask(url, path, body=None, headers=()):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, dict(headers))
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def ask_again(url, path, body):
    """Ask until there is an answer: on a busy machine the deadline may be too short for one."""
    while True:
        try:
            return ask(url, path, body)
        except urllib.error.HTTPError as error:
            if error.code not in (408, 504):
                raise
        except ConnectionResetError:  # a request that was too slow is not read to its end
            pass


def test_a_folder_is_indexed_served_and_followed(folder):
    with serving(folder) as (process, told):
        assert (told["indexes"], told["pid"]) == (["notes"], process.pid)
        found = ask(told["url"], "/v1/search", {"query": "who revokes a leaked key?", "k": 1})
        assert found["hits"][0]["id"] == "keys.md"
        (folder / "new.md").write_text("# Bicycles\n\nThey stand behind the house.")
        Indexer(folder / ".colmodern", Encoder.load("default")).sync([folder])
        while ask(told["url"], "/readyz")["generations"]["notes"] == found["generation"]:
            pass
        found = ask(told["url"], "/v1/search", {"query": "where are the bicycles?", "k": 1})
        assert found["hits"][0]["id"] == "new.md"
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
        assert "Traceback" not in process.said()


def test_each_request_has_a_line_of_the_log_unless_none_is_wanted(folder):
    for arguments, n_lines in (([], 1), (["--no-access-log"], 0)):
        with serving(folder, "--log-format", "json", *arguments) as (process, told):
            ask(told["url"], "/readyz", headers={"X-Request-ID": "mine"})
            with contextlib.suppress(urllib.error.HTTPError):
                ask(told["url"], "/none")
            process.send_signal(signal.SIGTERM)
            process.wait()
            lines = [json.loads(line) for line in process.said().splitlines()]
        found = [line for line in lines if "GET /readyz 200 " in line["message"]]
        assert len(found) == n_lines
        assert all(line["message"].endswith(" mine") for line in found)
        assert all((line["route"], line["request_id"]) == ("/readyz", "mine") for line in found)


def test_a_socket_that_the_supervisor_opened(folder):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        number = listening.fileno()
        options = ("--fd", number, "--insecure")
        with serving(folder, *options, pass_fds=[number]) as (_, told):
            port = listening.getsockname()[1]
            assert told["url"] == f"http://127.0.0.1:{port}"
            assert ask(told["url"], "/readyz")["ready"]


def test_a_socket_that_takes_no_connections(folder):
    with socket.socket(type=socket.SOCK_DGRAM) as handed:
        handed.bind(("127.0.0.1", 0))
        number = handed.fileno()
        command = [sys.executable, "-m", "colmodern", "serve", folder, "--insecure"]
        ended = subprocess.run(
            [*command, "--fd", str(number)],
            pass_fds=[number],
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert f"error [option_invalid]: Cannot listen on fd {number}: " in ended.stderr


def test_slow_and_half_open_clients_stop_nobody(folder):
    with serving(folder, "--deadline", "0.5", "--threads", 1) as (_, told):
        port = int(told["url"].rpartition(":")[2])
        head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for one in slow[:10]:
            one.sendall(head)
        for one in slow[10:]:
            one.sendall(head[:30])
        found = ask_again(told["url"], "/v1/search", {"query": "tea", "k": 1})
        assert found["hits"][0]["id"] == "tea.md"
        assert slow[0].recv(100).startswith(b"HTTP/1.1 408 ")
        for one in slow:
            one.close()
        assert ask(told["url"], "/readyz")["ready"]


@contextmanager
def begun(url, body):
    """A connection with a request that the server waits for: its body is still to be sent."""
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as one:
        head = f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        one.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert one.recv(1000).startswith(b"HTTP/1.1 100 ")
        yield one


def until_refused(url):
    """Wait until nobody is let in any more."""
    port = int(url.rpartition(":")[2])
    with contextlib.suppress(ConnectionError):
        while True:
            socket.create_connection(("127.0.0.1", port)).close()


def read_all(connection):
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_a_request_that_has_begun_is_answered_before_the_server_ends(folder):
    body = json.dumps({"query": "tea", "k": 1}).encode()
    with serving(folder, "--deadline", 60) as (process, told), begun(told["url"], body) as one:
        process.send_signal(signal.SIGTERM)
        until_refused(told["url"])
        one.sendall(body)
        answer = read_all(one)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"tea.md" in answer
        assert process.wait() == -signal.SIGTERM
        assert "Traceback" not in process.said()


def test_a_request_that_does_not_end_in_time_is_refused_and_the_server_ends(folder):
    program = "import runpy, colmodern.serve.run as run; run._GRACE = 0.1; "
    program += "runpy.run_module('colmodern', run_name='__main__')"
    options = {"program": ("-c", program)}
    with serving(folder, "--deadline", 3600, **options) as (process, told):
        with begun(told["url"], b" " * 100) as one:
            process.send_signal(signal.SIGTERM)
            answer = read_all(one)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'"overloaded"' in answer
        assert process.wait() == -signal.SIGTERM
        assert "Traceback" not in process.said()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_client_that_is_gone_ends_no_server(folder):
    with serving(folder) as (process, _):
        status = Path(f"/proc/{process.pid}/status").read_text()
        (ignored,) = [line.split()[1] for line in status.splitlines() if "SigIgn" in line]
        assert int(ignored, 16) >> (signal.SIGPIPE - 1) & 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_its_processes_end_with_a_server_that_is_killed(folder, tmp_path):
    (tmp_path / "tokens").write_text("write wwwwwwwwwwwwwwww\n")
    options = ("--writable", "--token-file", tmp_path / "tokens", "--workers", 2)
    with serving(folder, *options) as (process, _):
        children = children_of(process)
        assert len(children) == 3
        process.kill()
        for child in children:
            with contextlib.suppress(FileNotFoundError):
                while " Z " not in Path(f"/proc/{child}/stat").read_text():
                    time.sleep(0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_its_processes_end_after_the_searches_of_a_server_that_is_told_to(folder):
    body = json.dumps({"query": "tea", "k": 1}).encode()
    with serving(folder, "--workers", 2) as (process, told), begun(told["url"], body) as one:
        children = children_of(process)
        process.send_signal(signal.SIGTERM)
        until_refused(told["url"])
        for child in children:  # as a terminal or a supervisor tells all of a group
            os.kill(int(child), signal.SIGTERM)
        one.sendall(body)
        assert b"tea.md" in read_all(one)
        assert process.wait() == -signal.SIGTERM
        assert not any(Path(f"/proc/{child}").exists() for child in children)
        assert "Traceback" not in process.said()


def children_of(process):
    task = Path(f"/proc/{process.pid}/task")
    return [one for file in task.glob("*/children") for one in file.read_text().split()]


def test_what_cannot_be_served(folder, tmp_path, program):
    for arguments, code in (
        ([tmp_path / "none"], "index_not_found"),
        ([folder, "--name", "x"], "option_invalid"),
        ([folder, "--name", f"notes={folder}"], "option_conflict"),
        ([folder, "--host", "0.0.0.0"], "option_conflict"),
        ([folder, "--token-file", tmp_path / "none"], "option_invalid"),
    ):
        ended = program("serve", *arguments)
        assert ended.returncode == 2
        assert f"error [{code}]" in ended.stderr


def test_an_address_that_is_taken(folder, program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = program("serve", folder, "--port", taken.getsockname()[1])
    assert ended.returncode == 2
    assert "error [option_invalid]: Cannot listen on 127.0.0.1:" in ended.stderr


@pytest.fixture
def program():
    def run(*arguments):
        command = [sys.executable, "-m", "colmodern", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run
