"""Damage with right checksums: it gets an error that is typed, or an answer.

Anything may stand in such an index, so answers cannot be wrong. What must not be: an exception that
is not typed, a crash, more time or memory than a small index takes, a writer that leaves an index
that nobody can open in place of one that could be.
"""

from __future__ import annotations

import random
from pathlib import Path

from colmodern.errors import ColModernError
from colmodern.storage import IndexReader
from fuzz.campaigns.children import Result
from fuzz.campaigns.commands import run
from fuzz.campaigns.flips import READS, harm, writes
from fuzz.campaigns.forged_json import forge_json, sign
from fuzz.campaigns.forged_tables import forge_table
from fuzz.campaigns.samples import ENCODER, Sample

__all__ = ["craft", "warm_up"]

_MORE_READS = [("info", "--format", "tsv"), ("verify",), ("status",)]


def craft(sample: Sample, place: Path, rng: random.Random) -> Result:
    """Forge one to three things of a copy of the index, and see what commands make of it."""
    sample.copy(place)
    made = [_forge(place, rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    result = Result([what.split(":")[0] for what in made])
    could_open = _opens(place)
    reads = [*rng.sample(READS, 3), rng.choice(_MORE_READS)]
    commands = [*reads, rng.choice(_all_writes(sample)), rng.choice(READS)]
    for words in commands:
        done = run(*words, "--index", str(place))
        wrong = done.wrong()
        if wrong:
            result.findings.append(f"{made}, {words}: {wrong}")
        else:
            result.seen.append("refused" if done.is_refused else "answered")
    if could_open and not _opens(place):
        result.findings.append(f"{made}: {commands[-2]} left what cannot be opened")
    return result


def warm_up(sample: Sample, place: Path) -> None:
    """Do every command once, so that what is imported late is imported before the runs."""
    for words in (*READS, *_MORE_READS, *_all_writes(sample)):
        run(*words, "--index", str(sample.copy(place)))


def _all_writes(sample: Sample) -> list[tuple[str, ...]]:
    more = [("repair", "--model", ENCODER.name), ("compact", "--retrain")]
    return [*writes(sample), *more]


def _forge(place: Path, rng: random.Random) -> str:
    tables = sorted(place.rglob("*.arrow"))
    how = rng.random()
    if how < 0.3 or not tables:
        return forge_json(place / "manifest.json", rng)
    if how < 0.4 and (place / "pending.json").exists():
        return forge_json(place / "pending.json", rng)
    table = rng.choice(tables)
    name = table.relative_to(place).as_posix()
    what = f"bytes ({harm(table, rng)})" if how < 0.55 else forge_table(table, rng)
    if table.exists():
        sign(place, table)
    return f"{what}: {name}"


def _opens(place: Path) -> bool:
    try:
        IndexReader.open(place).close()
    except ColModernError:
        return False
    return True
