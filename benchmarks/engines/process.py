"""Run a job in a process of its own and see how much memory it takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import IO, Any

from benchmarks.engines.adapters import EngineError

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
_MIB = 1 << 20
_POLL_SECONDS = 0.05
_ROOT = Path(__file__).resolve().parents[2]


def run_job(python: Path, job: dict[str, Any], *, threads: int, log: Path) -> dict[str, Any]:
    """Return a worker's result, with the time of day, the machine's load and the peaks of memory.

    ``peak_mib`` is the greatest resident size, the pages of mapped files included;
    ``peak_own_mib`` counts only what the process allocated (sampled every 50 ms).

    Args:
        python: The interpreter that has the engine.
        job: What ``worker.py`` reads.
        threads: How many threads libraries may start.
        log: Gets all that the worker prints.

    Raises:
        EngineError: The worker failed; its last words are in the message.
    """
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(threads))
    environment |= {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(_ROOT)}
    log.parent.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
        "load_before": os.getloadavg()[0],
    }
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [str(python), "-m", "benchmarks.engines.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=_ROOT,
            text=True,
        ) as worker,
    ):
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(json.dumps(job))
        worker.stdin.close()
        output, own = _watch(worker.pid, worker.stdout)
        # Popen.wait would throw away what the process used.
        _, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)
    if worker.returncode != 0:
        last = "\n".join(log.read_text().splitlines()[-5:])
        raise EngineError(f"{job['adapter']}, {job['step']}: exit {worker.returncode}\n{last}")
    result: dict[str, Any] = json.loads(output)
    peaks = {"peak_mib": usage.ru_maxrss * 1024 / _MIB, "peak_own_mib": own / _MIB}
    return result | peaks | about | {"load_after": os.getloadavg()[0]}


def _watch(pid: int, stream: IO[str]) -> tuple[str, int]:
    """Read a worker's output to its end; return it and the most bytes that were its own."""
    os.set_blocking(stream.fileno(), False)
    parts: list[bytes] = []
    most = 0
    while True:
        most = max(most, _own_bytes(pid))
        try:
            part = os.read(stream.fileno(), 1 << 16)
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)
            continue
        if not part:
            return b"".join(parts).decode(), most
        parts.append(part)


def _own_bytes(pid: int) -> int:
    """Return the anonymous resident bytes of a process, 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    found = re.search(r"^RssAnon:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
