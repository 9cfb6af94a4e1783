"""How is a run kept from harming the others? It is a process of its own, with limits."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Limits", "Result", "run_apart", "run_until"]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take: seconds of computing, and memory beyond that of this process."""

    seconds: int = 60
    memory: int = 512 * MIB


@dataclass(slots=True)
class Result:
    """What a run came to: counts of what was seen, and what must not be."""

    seen: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def run_apart(work: Callable[[], Result], limits: Limits = Limits()) -> Result:
    """Return what some work returns that a child does; its death is a finding."""
    with tempfile.TemporaryFile() as answer:
        before = _resident_bytes()
        child = os.fork()
        if child == 0:
            gc.disable()  # it would touch, and so copy, all memory that is shared
            _limit(limits)
            os.write(answer.fileno(), json.dumps(_tried(work)).encode())
            os._exit(0)
        _, status, usage = os.wait4(child, 0)
        answer.seek(0)
        data = answer.read()
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU:
        return Result(findings=[f"more than {limits.seconds} s of computing"])
    if code != 0:
        return Result(findings=[f"ended with status {code}"])
    result = Result(**json.loads(data))
    grown = usage.ru_maxrss * 1024 - before
    if grown > limits.memory:
        result.findings.append(f"took {grown // MIB} MiB")
    return result


def run_until(work: Callable[[], object], seconds: float | None) -> bool:
    """Do some work in a child that is killed after so many seconds; return whether it was.

    None: it is not killed.

    Raises:
        RuntimeError: It ended by itself with an error.
    """
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - it is told, and the child ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in {0, -signal.SIGKILL}:
        raise RuntimeError(f"the command failed by itself, with status {code}")
    return code != 0


def _limit(limits: Limits) -> None:
    spent = int(time.process_time())
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + limits.seconds, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tried(work: Callable[[], Result]) -> dict[str, list[str]]:
    try:
        result = work()
    except BaseException:  # noqa: BLE001 - this is what is looked for
        result = Result(findings=[traceback.format_exc()])
    return {"seen": result.seen, "findings": result.findings}


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()
