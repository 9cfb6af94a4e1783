"""When is a state that could not be served tried again?"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass

_FIRST_SECONDS = 1.0
_MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pause:
    """What failed, and until when it is left alone: opening a model anew each second is no use.

    Attributes:
        state: Which state of the index it was; another one is tried at once.
        error: Why it could not be served.
        seconds: How long the pause is.
        end: When it ends, by ``time.monotonic``.
    """

    state: Hashable
    error: Exception
    seconds: float
    end: float

    @classmethod
    def after(cls, before: Pause | None, state: Hashable, error: Exception) -> Pause:
        """Return the pause after a failure: twice as long as the one before, up to a minute."""
        seconds = _FIRST_SECONDS
        if before is not None and before.state == state:
            seconds = min(2 * before.seconds, _MOST_SECONDS)
        return cls(state, error, seconds, time.monotonic() + seconds)

    def holds(self, state: Hashable) -> bool:
        """Return whether a state is left alone still."""
        return state == self.state and time.monotonic() < self.end
