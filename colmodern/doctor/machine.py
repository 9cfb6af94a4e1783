"""What has the machine to give: processors, memory, memory maps, open files?"""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from colmodern.doctor.finding import Finding, note, problem

_AREA = "machine"
_FEW_MAPS = 65_530
"""What Linux gives if nobody changed it; enough for thousands of segments."""
_FEW_FILES = 256
_LITTLE_MEMORY = 1 << 30
_LITTLE_DISK = 1 << 30
_MAPS = Path("/proc/sys/vm/max_map_count")


def machine_findings() -> Iterator[Finding]:
    """Yield what the machine has."""
    yield Finding(_AREA, "system", platform.platform())
    yield Finding(_AREA, "processor", _processor())
    yield _cores()
    yield _memory()
    yield from _limits()
    yield _scratch()
    encoding = (sys.stdout.encoding or "").lower()
    yield Finding(_AREA, "encoding", f"{encoding} (files: {locale.getpreferredencoding(False)})")


def _cores() -> Finding:
    """Return how many processors there are, and how many this process may use."""
    n_cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else n_cores
    quota = _quota()
    value = f"{usable} of {n_cores}" + (
        "" if quota is None else f", {quota:g} by the control group"
    )
    if quota is not None and quota < usable:
        advice = f"More threads than that wait for each other: --threads {max(1, int(quota))}."
        return note(_AREA, "threads", value, advice)
    return Finding(_AREA, "threads", value)


def _quota() -> float | None:
    """Return how many processors a Linux control group allows, or None if it does not say."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _memory() -> Finding:
    free = available_memory()
    if free is None:
        return Finding(_AREA, "memory available", None)
    shown = f"{free / (1 << 30):.1f} GiB"
    if free < _LITTLE_MEMORY:
        advice = "Indexing wants about 1 GiB; searching maps files and needs less."
        return note(_AREA, "memory available", shown, advice)
    return Finding(_AREA, "memory available", shown)


def available_memory() -> int | None:
    """Return how many bytes of memory are free or can be made free; None if nobody says."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _limits() -> Iterator[Finding]:
    """Yield how many files may be mapped and open."""
    try:
        n_maps = int(_MAPS.read_text(encoding="ascii"))
    except (OSError, ValueError):
        n_maps = None
    if n_maps is not None and n_maps < _FEW_MAPS:
        advice = f"Large indexes map many files: sysctl vm.max_map_count={_FEW_MAPS}."
        yield note(_AREA, "memory maps", n_maps, advice)
    else:
        yield Finding(_AREA, "memory maps", n_maps)
    if sys.platform == "win32":
        return
    import resource

    n_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if 0 <= n_files < _FEW_FILES:
        yield note(
            _AREA, "open files", n_files, f"Raise it for a server: ulimit -n {4 * _FEW_FILES}."
        )
    else:
        yield Finding(_AREA, "open files", None if n_files < 0 else n_files)


def _scratch() -> Finding:
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        advice = f"It cannot be written ({error.strerror}); set TMPDIR to a folder that can."
        return problem(_AREA, "temporary folder", folder, advice)
    value = f"{folder}, {free / (1 << 30):.1f} GiB free"
    if free < _LITTLE_DISK:
        return note(_AREA, "temporary folder", value, "Set TMPDIR to a folder with more room.")
    return Finding(_AREA, "temporary folder", value)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
