"""``colmodern mcp`` as a program that an agent starts: it greets, answers, and ends well."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from colmodern import Encoder, Indexer

pytest.importorskip("mcp_types")

from mcp import Client
from mcp.client.stdio import StdioServerParameters

CLIENT = {"name": "x", "version": "1"}
PARAMS = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": CLIENT}
GREETING = {"id": 1, "method": "initialize", "params": PARAMS}
INITIALIZED = {"method": "notifications/initialized"}


def call(number, name, **arguments):
    params = {"name": name, "arguments": arguments}
    return {"id": number, "method": "tools/call", "params": params}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "keys.md").write_text("# Keys\n\nA leaked key is revoked at once.")
    return tmp_path / "notes"


@pytest.fixture
def started(folder):
    """Starts the program on a folder, with what it is told at once, or later."""
    running = []

    def start(*arguments, **options):
        command = [sys.executable, "-m", "colmodern", "mcp", *map(str, arguments or (folder,))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running.append(subprocess.Popen(command, **{**pipes, **options}))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        with process:  # closes its pipes
            pass


def lines(*messages):
    return b"".join(json.dumps({"jsonrpc": "2.0", **one}).encode() + b"\n" for one in messages)


def index(folder):
    encoder = Encoder.load("default")
    Indexer(folder / ".colmodern", encoder).sync([folder])


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_agent_starts_it_and_finds_a_passage(folder, mode):
    index(folder)
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "colmodern", "mcp", "--name", f"mine={folder}"],
        env={**os.environ},
    )

    async def ask():
        async with Client(command, mode=mode) as client:
            assert client.server_info.name == "colmodern"
            asked = {"query": "what becomes of a leaked key?", "k": 1, "index": "mine"}
            found = (await client.call_tool("search", asked)).structured_content
            assert found["hits"][0]["id"] == "keys.md"
            (folder / "tea.md").write_text("# Tea\n\nTea is made at four.")
            done = await client.call_tool("refresh", {})
            assert done.structured_content["roots"][0]["added"] == 1

    asyncio.run(ask())


def test_only_the_protocol_goes_to_standard_output_and_the_end_of_input_ends_it(folder, started):
    index(folder)
    process = started(env={**os.environ, "PYTHONWARNINGS": "default"})
    said = b"no message\n" + lines(GREETING, INITIALIZED, call(2, "search", query="key"))
    process.stdin.write(said)
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert answers[0]["error"]["code"] == -32700
    process.stdin.write(b'{"x": "' + b"x" * (1 << 20) + b'"}\n[]\n')
    process.stdin.flush()
    refused = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert ["1,048,576 bytes" in one["error"]["message"] for one in refused] == [True, False]
    rest, errors = process.communicate()
    assert [one["id"] for one in answers] == [None, 1, 2]
    assert not answers[2]["result"].get("isError")
    assert (process.returncode, rest) == (0, b"")
    assert b"Traceback" not in errors


def test_nothing_said_ends_it_too(started):
    process = started(stdin=subprocess.DEVNULL)
    assert (process.communicate()[0], process.returncode) == (b"", 0)


def test_the_greeting_needs_no_index(started):
    process = started("/nowhere")
    process.stdin.write(lines(GREETING))
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert answer["result"]["serverInfo"]["name"] == "colmodern"
    process.stdin.write(lines(INITIALIZED, call(2, "search", query="key")))
    process.stdin.flush()
    told = json.loads(process.stdout.readline())["result"]
    assert told["isError"]
    assert told["content"][0]["text"].startswith("[index_not_found]")
    process.stdin.close()
    assert process.wait() == 0


def test_the_greeting_waits_for_no_large_package():
    program = (
        "import sys, colmodern.cli.app, colmodern.serve.mcp.stdio as stdio\n"
        "print(stdio.Wire and [n for n in ('mcp', 'pydantic', 'starlette', 'asyncio')"
        " if n in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert shown.stdout.strip() == b"[]"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_sigterm_ends_it(started):
    process = started()
    process.stdin.write(lines(GREETING))
    process.stdin.flush()
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.wait(60)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_an_agent_that_has_gone_ends_it_without_a_trace(folder, started):
    index(folder)
    process = started()
    process.stdin.write(lines(GREETING, INITIALIZED))
    process.stdin.flush()
    assert process.stdout.readline()
    process.stdout.close()
    process.stdin.write(lines(call(2, "status")))
    process.stdin.flush()
    errors = process.stderr.read()
    assert process.wait() == 0
    assert b"Traceback" not in errors
