"""What was looked at, and is it as it has to be?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How something is."""

    GOOD = "good"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: ``program``, ``machine``, ``model``, ``index`` or ``hub``.
        name: What it is.
        value: How it is; a text, a number, a list of texts, or None if that is not known.
        state: ``good``; ``note``: it works, but not as well as it could; ``problem``: it fails.
        advice: What to do; empty if there is nothing to do.
    """

    area: str
    name: str
    value: Any
    state: State = State.GOOD
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "area": self.area,
            "name": self.name,
            "value": self.value,
            "state": str(self.state),
            "advice": self.advice,
        }


def note(area: str, name: str, value: Any, advice: str) -> Finding:
    """Return a finding that something could be better."""
    return Finding(area, name, value, State.NOTE, advice)


def problem(area: str, name: str, value: Any, advice: str) -> Finding:
    """Return a finding that something fails."""
    return Finding(area, name, value, State.PROBLEM, advice)
