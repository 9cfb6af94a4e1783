"""How much memory did this process need at most? Resident pages, mapped files included."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """Start a new peak where the system can (Linux); elsewhere it stays that of the process."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return


def peak_bytes() -> int | None:
    """Return the peak since ``forget_peak``, or since the process began; None if nobody knows.

    Pages of memory-mapped files count while they are in memory, though the system can drop them.
    """
    peak = _status_bytes("VmHWM:")
    if peak is not None:
        return peak
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes() -> int | None:
    """Return what is in memory now; None where the system does not say (anywhere but Linux)."""
    return _status_bytes("VmRSS:")


def _status_bytes(field: str) -> int | None:
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
