"""Writers are killed at random moments, again and again: each commit is whole, and work goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from colmodern import Indexer
from colmodern.errors import IndexNotFoundError
from colmodern.indexer import compact, delete, repair
from colmodern.storage import IndexReader, verify
from fuzz.campaigns.children import Result, run_apart, run_until
from fuzz.campaigns.samples import (
    CONFIG,
    ENCODER,
    Sample,
    State,
    difference,
    make_parts_small,
    state_of,
)

__all__ = ["Scene", "kill", "scenes_of"]

_MOST_KILLS = 4


class Scene(NamedTuple):
    """A change of an index, what is there before and after, and the seconds it takes."""

    name: str
    start: Callable[[], object]
    change: Callable[[], object]
    place: Path
    before: State | None
    after: State
    seconds: float
    is_repair: bool


def scenes_of(sample: Sample, folder: Path) -> list[Scene]:
    """Return the changes that are killed; each is done once in peace."""
    make_parts_small()
    place = folder / "killed"
    indexer = Indexer(place, ENCODER, config=CONFIG)
    texts = [(f"p{n}", f"other text of program{n}") for n in range(30)]
    changes: dict[str, Callable[[], object]] = {
        "index": lambda: indexer.sync([sample.files]),
        "update": lambda: indexer.update(texts),
        "delete": lambda: delete(place, ["5.md", "r2", "p0"]),
        "compact": lambda: compact(place),
        "retrain": indexer.retrain,
        "repair": lambda: repair(place, ENCODER),
    }

    def nothing() -> None:
        sample.clear(place)

    def copied() -> None:
        sample.copy(place)

    def damaged() -> None:
        sample.copy(place)
        (place / "segment-000001" / "tokens.arrow").write_bytes(b"")

    scenes = [_scene("first index", nothing, changes["index"], place)]
    for name, change in changes.items():
        scenes.append(_scene(name, damaged if name == "repair" else copied, change, place))
    return scenes


def kill(scenes: list[Scene], rng: random.Random) -> Result:
    """Kill a change up to four times, wherever it is, and let it end."""
    scene = rng.choice(scenes)
    scene.start()
    result = Result()
    for _ in range(rng.randint(1, _MOST_KILLS)):
        was_killed = run_until(scene.change, scene.seconds * rng.random())
        result.seen.append(f"{scene.name}: {'killed' if was_killed else 'was over'}")
        looked = run_apart(lambda: _look(scene))
        result.findings += looked.findings
        if not was_killed or looked.findings:
            break
    ended = run_apart(lambda: _go_on(scene))
    result.findings = [f"{scene.name}: {f}" for f in result.findings + ended.findings]
    return result


def _scene(
    name: str, start: Callable[[], object], change: Callable[[], object], place: Path
) -> Scene:
    is_repair = name == "repair"
    start()
    before = None if is_repair else _found(place)
    started = time.monotonic()
    was_killed = run_until(change, None)
    seconds = time.monotonic() - started
    assert not was_killed
    return Scene(name, start, change, place, before, state_of(place), seconds, is_repair)


def _found(place: Path) -> State | None:
    """Return what an index holds and finds; None: there is none."""
    try:
        return state_of(place)
    except IndexNotFoundError:
        return None


def _look(scene: Scene) -> Result:
    """See that the index is one of the two."""
    if scene.is_repair:
        if not verify(scene.place) and state_of(scene.place) != scene.after:
            return Result(findings=["the index is sound and holds something else"])
        return Result()
    found = _found(scene.place)
    if found not in (scene.before, scene.after):
        return Result(findings=[f"neither before nor after: {found}"])
    problems = [] if found is None else verify(scene.place)
    return Result(findings=[str(problem) for problem in problems])


def _go_on(scene: Scene) -> Result:
    """See that the same change ends as one that was not killed, and leaves nothing behind."""
    scene.change()
    result = Result()
    if state_of(scene.place) != scene.after:
        result.findings.append(f"it ends with {difference(state_of(scene.place), scene.after)}")
    result.findings += map(str, verify(scene.place))
    with IndexReader.open(scene.place) as reader:
        listed = {file.name.split("/")[0] for file in reader.manifest.files()} | {"manifest.json"}
    left = {path.name for path in scene.place.iterdir()} - listed
    if left:
        result.findings.append(f"left behind: {sorted(left)}")
    return result
