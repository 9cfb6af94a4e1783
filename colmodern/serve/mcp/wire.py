"""How do messages come from standard input and go to standard output, and nothing else?"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from colmodern.serve.mcp.handshake import greeting
from colmodern.serve.mcp.refusal import refusal, refusal_of_length

logger = logging.getLogger(__name__)

_BLOCK = 1 << 16
_TOO_LONG = b"\n"  # no line holds one
_SURROGATE = re.compile(rb"\\u[dD][89abAB]|\\u[dD][c-fC-F]")


class Wire:
    """The two pipes to an agent.

    While it is open, whatever else this process or its children print goes to standard error, and
    whatever reads standard input finds its end.
    """

    def __init__(self, *, longest: int) -> None:
        """Take the pipes; a line of more than ``longest`` bytes is refused."""
        self._longest = longest
        self._sending = threading.Lock()
        _open_standard_error()
        self._in, self._out = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._lines = self._read(longest)
        self._first = b""
        self._greeted: object = None

    def greet(self) -> bool:
        """Answer the first line at once if it is a greeting; False if there is no line."""
        self._first = next(self._lines, b"")
        answer = greeting(self._first)
        if answer is not None:
            self._greeted = answer["id"]
            self._send(json.dumps(answer) + "\n")
        return bool(self._first)

    def _read(self, longest: int) -> Iterator[bytes]:
        """Yield lines, ``_TOO_LONG`` for one that is.

        A plain descriptor is read: a thread that waits in it stops no interpreter.
        """
        held, is_over = b"", False
        while block := os.read(self._in, _BLOCK):
            *lines, rest = (held + block).split(b"\n")
            for line in lines:
                if len(line) > longest and not is_over:
                    yield _TOO_LONG
                elif line.strip() and not is_over:
                    yield line
                is_over = False
            if len(rest) > longest and not is_over:
                is_over = True
                yield _TOO_LONG
            held = b"" if is_over else rest
        if held.strip() and not is_over:
            yield held

    async def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over the messages that come, the first one included; what is none is refused."""
        import asyncio

        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()

        def read() -> None:
            for line in self._lines:
                loop.call_soon_threadsafe(queue.put_nowait, line)
            loop.call_soon_threadsafe(queue.put_nowait, None)

        queue.put_nowait(self._first)
        threading.Thread(target=read, name="colmodern-stdin", daemon=True).start()
        while (line := await queue.get()) is not None:
            text = whole(line)
            told = refusal_of_length(self._longest) if line == _TOO_LONG else refusal(text)
            if told is None:
                yield text
            else:
                logger.warning("a line is refused: %s", told["error"]["message"])
                await asyncio.to_thread(self._send, json.dumps(told) + "\n")

    async def write(self, line: str) -> None:
        """Send a line; the answer to what is answered already is dropped."""
        if self._greeted is not None and _answers(line, self._greeted):
            self._greeted = None
            return
        import asyncio

        await asyncio.to_thread(self._send, line)

    async def flush(self) -> None:
        """Do nothing: a line is sent when it is written."""

    def _send(self, line: str) -> None:
        left = memoryview(line.encode())
        with self._sending:
            while left:
                left = left[os.write(self._out, left) :]


def _open_standard_error() -> None:
    """Let there be one, though whoever started this may have closed it."""
    try:
        os.fstat(2)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _answers(line: str, request_id: object) -> bool:
    answer: dict[str, Any] = json.loads(line)
    return answer.get("id") == request_id and "result" in answer


def whole(line: bytes) -> str:
    """Return a line of JSON as a text; half a surrogate pair, escaped in it, becomes U+FFFD."""
    if _SURROGATE.search(line) is not None:
        try:
            spelled = json.dumps(json.loads(line), ensure_ascii=False)
        except (ValueError, RecursionError):
            return line.decode(errors="replace")
        return spelled.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return line.decode(errors="replace")
