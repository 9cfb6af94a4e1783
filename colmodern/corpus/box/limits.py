"""How much memory and time may a process take for a document?

Memory is counted from what the process has when a file begins; time is that of the processor, so
that a busy machine makes no difference. Where the system has no such limits, there are none.
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["limit_memory", "limit_seconds", "memory_bytes"]

_STATM = Path("/proc/self/statm")

if sys.platform == "win32":

    def limit_seconds(seconds: float) -> None:
        """Have no limit."""

    def memory_bytes() -> int:
        """Return 0: it is not known."""
        return 0

    def limit_memory(n_bytes: int) -> None:
        """Have no limit."""
else:
    import resource
    import signal

    def limit_seconds(seconds: float) -> None:
        """End the process by SIGPROF once it has computed for so long; 0: no limit any more."""
        signal.setitimer(signal.ITIMER_PROF, seconds)

    def memory_bytes() -> int:
        """Return the address space that the process has; 0 where it is not known."""
        if not _STATM.exists():
            return 0
        return int(_STATM.read_text().split()[0]) * resource.getpagesize()

    def limit_memory(n_bytes: int) -> None:
        """Refuse the process more memory than it has and so many bytes."""
        has = memory_bytes()
        if has:
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            wanted = has + n_bytes
            is_more = hard != resource.RLIM_INFINITY and wanted > hard
            resource.setrlimit(resource.RLIMIT_AS, (hard if is_more else wanted, hard))
