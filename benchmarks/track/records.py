"""What was measured before, on which machine, at which commit?"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.engines.machine import describe_machine

FILE = Path(__file__).with_name("records.json")
MOST_LOST = 0.2  # a ratio may fall by so much


@dataclass(frozen=True)
class Record:
    """Ratios of one run; those of another processor or instruction set say nothing about it."""

    commit: str
    cpu: str
    isa: str
    ratios: dict[str, float]

    @property
    def machine(self) -> tuple[str, str]:
        """What two records must share to be compared."""
        return self.cpu, self.isa


def record_of(ratios: dict[str, float]) -> Record:
    """Return ratios as a record of this machine and commit."""
    asked = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    machine = describe_machine()
    rounded = {name: round(ratio, 4) for name, ratio in ratios.items()}
    return Record(told.stdout.strip() or "unknown", machine["cpu"], machine["isa"], rounded)


def read_records(path: Path = FILE) -> list[Record]:
    """Return what is kept, oldest first."""
    return [Record(**fields) for fields in json.loads(path.read_text("utf-8"))]


def keep_record(record: Record, path: Path = FILE) -> None:
    """Add a record to those that are kept."""
    records = [*map(asdict, read_records(path)), asdict(record)]
    path.write_text(json.dumps(records, indent=2) + "\n", "utf-8")


def last_of(records: list[Record], machine: tuple[str, str]) -> Record | None:
    """Return the newest record of a machine, or None."""
    return next((one for one in reversed(records) if one.machine == machine), None)


def has_fallen(now: float, before: float) -> bool:
    """Say whether a ratio is less than it may be."""
    return now < before * (1 - MOST_LOST)
