"""When is a second server asked the same, and how often may that be?"""

from __future__ import annotations

from collections import deque

_KEPT = 500
_LEAST = 20
_SHARE = 0.95
# Requests in advance: a pause of a server in the first second may be answered by others, too.
_MOST_SAVED = 10.0


class Latencies:
    """How long the last answers of a step took."""

    def __init__(self) -> None:
        """Know none."""
        self._seconds: deque[float] = deque(maxlen=_KEPT)
        self._n_since = 0
        self._slow: float | None = None

    def add(self, seconds: float) -> None:
        """Count an answer."""
        self._seconds.append(seconds)
        self._n_since += 1
        if self._n_since >= _LEAST:
            self._n_since = 0
            ordered = sorted(self._seconds)
            self._slow = ordered[int(_SHARE * (len(ordered) - 1))]

    @property
    def slow(self) -> float | None:
        """What 95 of 100 took at most; None as long as fewer than twenty are known."""
        return self._slow


class HedgeBudget:
    """Bounds second requests to a share of all: each request earns a share of one."""

    def __init__(self, share: float) -> None:
        """Allow ``share`` of all requests more."""
        self._share = share
        self._saved = min(1.0, share * _MOST_SAVED)

    def earn(self) -> None:
        """Count a request."""
        self._saved = min(_MOST_SAVED, self._saved + self._share)

    def spend(self) -> bool:
        """Return whether one more may be sent, and count it."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True
