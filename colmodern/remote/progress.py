"""How many bytes are done, of those that several transfers have before them?"""

from __future__ import annotations

import threading

from colmodern.types import Progress

__all__ = ["ByteCount"]


class ByteCount:
    """Counts bytes of many threads for one stage of a progress."""

    def __init__(self, stage: str, total: int, progress: Progress | None) -> None:
        """Start at none of ``total`` bytes."""
        self._stage = stage
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = threading.Lock()

    def add(self, n_bytes: int) -> None:
        """Count so many more; fewer, if some were for nothing."""
        with self._lock:
            self._done += n_bytes
            if self._progress is not None:
                self._progress(self._stage, min(self._done, self._total), self._total)
