"""Pushes and pulls are killed at random moments: readers see one state or the other, whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

# Loaded before the forks that use them; nothing of theirs runs before.
import obstore
import obstore.store

import colmodern.remote.verification
from colmodern import Indexer
from colmodern.errors import IndexNotFoundError
from colmodern.remote import open_index, pull, push, readable
from colmodern.remote.place import RemotePlace
from colmodern.storage import verify
from fuzz.campaigns.children import Result, run_apart, run_until
from fuzz.campaigns.object_store import BUCKET, object_store
from fuzz.campaigns.samples import CONFIG, ENCODER, State, difference, state_of

__all__ = ["pulls", "pushes"]

LOADED = (obstore.store, colmodern.remote.verification)

_CALLS = {
    obstore: ("put", "get", "get_range", "list", "list_with_delimiter", "head", "delete"),
    os: ("fsync", "replace", "link", "unlink", "open", "mkdir"),
}
_MOST_KILLS = 4
_SHARDS = (None, 3)

Run = Callable[[random.Random], Result]


@dataclass(frozen=True, slots=True)
class _Lineage:
    """An index before and after a change, in folders, and what each state holds and finds."""

    name: str
    first: Path
    second: Path
    before: State
    after: State


@dataclass(slots=True)
class _Trial:
    """What one run works on: a place where the first state was published, and a folder."""

    lineage: _Lineage
    url: str
    place: Path
    folder: Path
    is_new: bool = False


@contextmanager
def pushes(folder: Path) -> Iterator[Run]:
    """Give a run that kills the push of a second state up to four times, and lets it end."""
    with _runs(folder, _push, _look_at_url, _end_of_push) as run:
        yield run


@contextmanager
def pulls(folder: Path) -> Iterator[Run]:
    """Give a run that kills a pull up to four times, into a new folder or one to be updated."""
    with _runs(folder, _pull, _look_at_folder, _end_of_pull) as run:
        yield run


@contextmanager
def _runs(
    folder: Path,
    work: Callable[[_Trial], object],
    look: Callable[[_Trial], Result],
    end: Callable[[_Trial], Result],
) -> Iterator[Run]:
    lineages = [_lineage(folder, shards) for shards in _SHARDS]
    numbers = count()
    with object_store() as environment:
        os.environ |= environment
        os.environ["COLMODERN_REMOTE_CACHE"] = str(folder / "cache")

        def new(rng: random.Random) -> _Trial:
            number = next(numbers)
            place = folder / f"run-{number}"
            trial = _Trial(
                rng.choice(lineages), f"s3://{BUCKET}/{number}", place / "index", place / "pulled"
            )
            trial.is_new = rng.random() < 0.5
            started = run_apart(lambda: _begin(trial, is_pull=work is _pull))
            assert not started.findings, started.findings
            return trial

        lengths = {one.name: _length(new, one, work) for one in lineages}

        def run(rng: random.Random) -> Result:
            trial = new(rng)
            result = _killed(trial, lengths[trial.lineage.name], rng, work, look)
            ended = run_apart(lambda: end(trial))
            what = trial.lineage.name
            result.findings = [f"{what}: {one}" for one in (*result.findings, *ended.findings)]
            shutil.rmtree(trial.place.parent, ignore_errors=True)
            return result

        yield run


def _killed(
    trial: _Trial,
    length: _Length,
    rng: random.Random,
    work: Callable[[_Trial], object],
    look: Callable[[_Trial], Result],
) -> Result:
    """Kill the work some times, half of them at a call of the store or the system."""
    result = Result()
    for _ in range(rng.randint(1, _MOST_KILLS)):
        if rng.random() < 0.5:
            was_killed = run_until(lambda: work(trial), length.seconds * rng.random())
        else:
            moment = rng.randrange(length.calls)
            was_killed = run_until(partial(_ended_at, moment, work, trial), None)
        result.seen.append(f"{trial.lineage.name}: {'killed' if was_killed else 'was over'}")
        looked = run_apart(lambda: look(trial))
        result.seen += looked.seen
        result.findings += looked.findings
        if not was_killed or looked.findings:
            break
    return result


class _Length(NamedTuple):
    """How long some work is in peace, with the start of its process: seconds, and calls."""

    seconds: float
    calls: int


def _length(
    new: Callable[[random.Random], _Trial], lineage: _Lineage, work: Callable[[_Trial], object]
) -> _Length:
    trial = new(random.Random(0))
    while trial.lineage is not lineage:
        trial = new(random.Random(trial.url))
    counted = trial.place.parent / "calls"
    started = time.monotonic()
    assert not run_until(lambda: counted.write_text(str(_ended_at(-1, work, trial))), None)
    return _Length(time.monotonic() - started, int(counted.read_text()))


def _ended_at(moment: int, work: Callable[[_Trial], object], trial: _Trial) -> int:
    """Do some work, killed before or after a call; return how many such moments there were."""
    moments = count()

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def counting(*args: object, **options: object) -> object:
            _end_if(next(moments) == moment)
            result = call(*args, **options)
            _end_if(next(moments) == moment)
            return result

        return counting

    for room, names in _CALLS.items():
        for name in names:
            setattr(room, name, counted(getattr(room, name)))
    work(trial)
    return next(moments)


def _end_if(is_time: bool) -> None:
    if is_time:
        os.kill(os.getpid(), signal.SIGKILL)


def _lineage(folder: Path, shards: int | None) -> _Lineage:
    name = "index" if shards is None else f"set of {shards}"
    first, second = folder / f"{name} 1", folder / f"{name} 2"
    rows = [(f"d{number}", f"oven key door number{number} " * 20) for number in range(60)]
    Indexer(first, ENCODER, config=CONFIG, shards=shards).build(rows)
    shutil.copytree(first, second)
    changed = [(f"d{number}", f"river stone paper other{number} " * 20) for number in range(20)]
    Indexer(second, ENCODER).update([*changed, ("new", "cloud engine valve")])
    return _Lineage(name, first, second, state_of(first), state_of(second))


def _begin(trial: _Trial, *, is_pull: bool) -> Result:
    """Publish the first state; for a pull also the second, beside a folder with the first."""
    shutil.copytree(trial.lineage.first, trial.place)
    push(trial.place, trial.url)
    if is_pull and not trial.is_new:
        pull(trial.url, trial.folder)
    origin = (trial.place / "origin.json").read_bytes()
    shutil.rmtree(trial.place)
    shutil.copytree(trial.lineage.second, trial.place)
    (trial.place / "origin.json").write_bytes(origin)
    if is_pull:
        push(trial.place, trial.url)
    return Result()


def _push(trial: _Trial) -> object:
    return push(trial.place, trial.url)


def _pull(trial: _Trial) -> object:
    return pull(trial.url, trial.folder)


def _look_at_url(trial: _Trial) -> Result:
    """See that what is published is one of the two states, for a reader and for a pull."""
    with readable(trial.url) as path:
        found = state_of(Path(path))
        result = _compared(trial, found, verify(path))
    fresh = trial.place.parent / "fresh"
    pull(trial.url, fresh)
    if state_of(fresh) != found:
        result.findings.append("a pull finds something else than a reader")
    shutil.rmtree(fresh)
    return result


def _end_of_push(trial: _Trial) -> Result:
    push(trial.place, trial.url)
    result = _look_at_url(trial)
    with open_index(trial.url) as reader:
        is_second = reader.manifest.generation > 1
    published = [one.number for one in RemotePlace.at(trial.url).publications()]
    if not is_second or published != [1, 2]:
        result.findings.append(f"it ends with publications {published}")
    return result


def _look_at_folder(trial: _Trial) -> Result:
    """See that the folder holds one of the two states, or none yet."""
    try:
        found = state_of(trial.folder)
    except IndexNotFoundError:
        findings = [] if trial.is_new else ["the index that was there is gone"]
        return Result(seen=["none yet"], findings=findings)
    return _compared(trial, found, verify(trial.folder))


def _end_of_pull(trial: _Trial) -> Result:
    pull(trial.url, trial.folder)
    result = _look_at_folder(trial)
    found = state_of(trial.folder)
    if found != trial.lineage.after:
        result.findings.append(f"it ends with {difference(found, trial.lineage.after)}")
    wanted = {one.name for one in trial.place.iterdir()}
    left = {one.name for one in trial.folder.iterdir()} - wanted
    if left:
        result.findings.append(f"left behind: {sorted(left)}")
    return result


def _compared(trial: _Trial, found: State, problems: Sequence[object]) -> Result:
    if found == trial.lineage.before:
        result = Result(seen=["as before"])
    elif found == trial.lineage.after:
        result = Result(seen=["as after"])
    else:
        result = Result(findings=["neither before nor after"])
    result.findings += map(str, problems)
    return result
