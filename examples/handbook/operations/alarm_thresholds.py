"""When does a reading from a buoy or a machine wake somebody up?

The numbers are agreed at the Tuesday table and changed nowhere else. A threshold has two sides:
the value at which a ticket is written, and the value at which the blue telephone rings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Threshold:
    """Two limits for one measured quantity, and for how long they must be exceeded."""

    ticket: float
    page: float
    minutes: int


# A buoy that is silent for three hours has usually lost its aerial to a gull. After twelve hours it
# may be adrift, and a drifting buoy is a danger to ships: the coastguard has to be told.
BUOY_SILENT_HOURS = Threshold(ticket=3, page=12, minutes=0)

# Below 11.2 volts the batteries of a buoy do not recover by themselves in winter.
BUOY_VOLTS = Threshold(ticket=11.8, page=11.2, minutes=60)

# The air that enters the racks. The machines switch themselves off at 38 degrees.
MACHINE_HALL_CELSIUS = Threshold(ticket=27, page=32, minutes=5)

# The cold store keeps samples at -80 degrees; the oldest were frozen in 1984.
COLD_STORE_CELSIUS = Threshold(ticket=-72, page=-65, minutes=10)

# How full the archive may become. At 95 per cent the receivers begin to drop readings.
ARCHIVE_PERCENT_FULL = Threshold(ticket=80, page=92, minutes=30)


def verdict(value: float, threshold: Threshold, *, lower_is_worse: bool = False) -> str:
    """Return "page", "ticket" or "fine" for a value that has lasted long enough."""
    sign = -1 if lower_is_worse else 1
    if sign * value >= sign * threshold.page:
        return "page"
    if sign * value >= sign * threshold.ticket:
        return "ticket"
    return "fine"
