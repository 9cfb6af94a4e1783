"""Servers as programs of their own: started, killed, frozen, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self


class Program:
    """A server; the same options start it again on the same port."""

    def __init__(self, *options: str, log: Path) -> None:
        """Start ``colmodern serve`` with some options, its log in a file; see ``wait``."""
        self.port = 0
        self._options = options
        self._log = log
        self._start()

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.kill()

    def wait(self) -> dict[str, Any]:
        """Wait until it takes requests, and return what it says then.

        Raises:
            RuntimeError: It has ended instead.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(self._log.read_text()[-2_000:])
        told: dict[str, Any] = json.loads(line)
        self.port = int(told["url"].rpartition(":")[2])
        return told

    def kill(self) -> None:
        """End it at once, as a machine does that is gone."""
        self._process.kill()
        self._process.communicate()

    def restart(self) -> float:
        """Start it again where it was, and return when it takes requests."""
        self._start()
        self.wait()
        return time.perf_counter()

    def freeze(self) -> None:
        """Stop it: its sockets stay, nothing answers."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> float:
        """Let it go on, and return when."""
        os.kill(self._process.pid, signal.SIGCONT)
        return time.perf_counter()

    def _start(self) -> None:
        command = [sys.executable, "-m", "colmodern", "serve", *self._options]
        command += ["--format", "json", "--no-access-log", "--port", str(self.port)]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
