"""What goes over the pipes to an agent?"""

import json
import os

import pytest

from colmodern.serve.mcp.refusal import refusal
from colmodern.serve.mcp.wire import Wire, whole

GREETING = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    },
}


@pytest.fixture
def lines(monkeypatch):
    """Reads what a wire yields of some bytes, in blocks of a few of them."""
    monkeypatch.setattr("colmodern.serve.mcp.wire._BLOCK", 7)

    def read(data, longest=100):
        source, sink = os.pipe()
        os.write(sink, data)
        os.close(sink)
        wire = object.__new__(Wire)
        wire._in = source
        try:
            return list(wire._read(longest))
        finally:
            os.close(source)

    return read


def test_lines_are_yielded_whole_and_empty_ones_are_not(lines):
    assert lines(b'{"a": 1}\n\n  \r\n{"b":\xc3\xa9}\n{"c"') == [
        b'{"a": 1}',
        b'{"b":\xc3\xa9}',
        b'{"c"',
    ]
    assert lines(b"") == []


def test_a_line_that_is_too_long_is_told_as_that(lines):
    long = b"\n"
    assert lines(b"x" * 500 + b"\nshort\n" + b"y" * 500, longest=20) == [long, b"short", long]
    assert lines(b"x" * 20 + b"\n" + b"y" * 21 + b"\nz", longest=20) == [b"x" * 20, long, b"z"]


DEEP = "[" * 400 + "]" * 400
PING = {"jsonrpc": "2.0", "id": 5, "method": "ping"}


@pytest.mark.parametrize(
    ("line", "code", "number"),
    [
        ("hello", -32700, None),
        ('{"jsonrpc": "2.0", "id": 5', -32700, None),
        ("[" * 100_000, -32700, None),
        ("[]", -32600, None),
        (json.dumps([PING]), -32600, None),
        ("null", -32600, None),
        (json.dumps({"id": 5, "method": "ping"}), -32600, 5),
        (json.dumps({**PING, "jsonrpc": "1.0", "id": "five"}), -32600, "five"),
        (json.dumps({**PING, "method": 7}), -32600, 5),
        (json.dumps({**PING, "params": "x"}), -32600, 5),
        (json.dumps({**PING, "id": 5.5}), -32600, None),
        (json.dumps({**PING, "id": None}), -32600, None),
        (json.dumps({**PING, "id": True}), -32600, None),
        (json.dumps({**PING, "params": {"x": "deep"}}).replace('"deep"', DEEP), -32600, 5),
    ],
)
def test_what_is_no_message_is_refused(line, code, number):
    told = refusal(line)
    assert told["jsonrpc"] == "2.0"
    assert (told["error"]["code"], told["id"]) == (code, number)


@pytest.mark.parametrize(
    "message",
    [
        PING,
        {**PING, "id": "five", "params": {}},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 5, "result": 3},
        {"jsonrpc": "2.0", "id": 5, "error": {}},
    ],
)
def test_a_message_is_not_refused_and_an_answer_never(message):
    assert refusal(json.dumps(message)) is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'["\\ud83d\\ude00 \\u00e9"]', "\U0001f600 \u00e9"),
        (b'["\\ud800 x \\udc00"]', "\ufffd x \ufffd"),
        (b'["\\\\ud800"]', "\\ud800"),
    ],
)
def test_half_a_surrogate_pair_becomes_a_character(line, text):
    assert json.loads(whole(line)) == [text]
    json.loads(whole(line))[0].encode()


def test_what_is_no_json_stays_what_it_is():
    assert whole(b'["\\ud800') == '["\\ud800'
    assert whole(b"\xff") == "\ufffd"
    assert whole(b"[" * 90_000 + b"\\ud800").startswith("[[")
