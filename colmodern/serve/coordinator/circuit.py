"""Which server is asked no more for a while, and when again?"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum


class CircuitState(StrEnum):
    """Whether a server is asked."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class Circuit:
    """Opens after failures in a row; then one probe at a time says whether it closes again.

    Requests go through a closed circuit only. Those that were sent before it opened change nothing.
    """

    def __init__(
        self, *, failures: int, recovery: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open after so many failures in a row, and be probed after so many seconds."""
        self.state = CircuitState.CLOSED
        self._most = failures
        self._recovery = recovery
        self._clock = clock
        self._failures = 0
        self._opened = 0.0

    def succeeded(self) -> None:
        """Count an answer."""
        if self.state is CircuitState.CLOSED:
            self._failures = 0

    def failed(self) -> None:
        """Count a request that was not answered."""
        self._failures += 1
        if self.state is CircuitState.CLOSED and self._failures >= self._most:
            self._open()

    def take_probe(self) -> bool:
        """Return whether it is time for a probe of a server that is not asked, and begin it."""
        is_due = self._clock() >= self._opened + self._recovery
        if self.state is not CircuitState.OPEN or not is_due:
            return False
        self.state = CircuitState.HALF_OPEN
        return True

    def probed(self, *, is_well: bool) -> None:
        """End the probe."""
        if is_well:
            self.state = CircuitState.CLOSED
            self._failures = 0
        else:
            self._open()

    def _open(self) -> None:
        self.state = CircuitState.OPEN
        self._opened = self._clock()
