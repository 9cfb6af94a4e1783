"""Do many runs of a campaign, and tell what they came to."""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from fuzz.campaigns import bombs, commands, crafted, flips, kills
from fuzz.campaigns.children import Result, run_apart
from fuzz.campaigns.samples import make_sample

Run = Callable[[random.Random], Result]


@contextmanager
def _kills(folder: Path) -> Iterator[Run]:
    scenes = kills.scenes_of(make_sample(folder, n_files=40), folder)
    yield lambda rng: kills.kill(scenes, rng)


@contextmanager
def _flips(folder: Path) -> Iterator[Run]:
    sample = make_sample(folder)
    crafted.warm_up(sample, folder / "copy")
    reference = flips.reference_of(sample, folder / "copy")
    yield lambda rng: run_apart(lambda: flips.flip(reference, rng))


@contextmanager
def _crafted(folder: Path) -> Iterator[Run]:
    sample = make_sample(folder)
    crafted.warm_up(sample, folder / "copy")
    yield lambda rng: run_apart(lambda: crafted.craft(sample, folder / "copy", rng))


@contextmanager
def _bombs(folder: Path) -> Iterator[Run]:
    left = iter(bombs.BOMBS)

    def run(_: random.Random) -> Result:
        name = next(left)
        return bombs.bomb(name, folder / name, scale=100)

    yield run


@contextmanager
def _pushes(folder: Path) -> Iterator[Run]:
    from fuzz.campaigns import published  # needs the extras ``remote`` and ``dev``

    with published.pushes(folder) as run:
        yield run


@contextmanager
def _pulls(folder: Path) -> Iterator[Run]:
    from fuzz.campaigns import published

    with published.pulls(folder) as run:
        yield run


CAMPAIGNS = {
    "bombs": _bombs,
    "kills": _kills,
    "flips": _flips,
    "crafted": _crafted,
    "pushes": _pushes,
    "pulls": _pulls,
}
_TOLD_EVERY = 500
RUNS = {
    "bombs": len(bombs.BOMBS),
    "kills": 300,
    "flips": 5000,
    "crafted": 4000,
    "pushes": 50,
    "pulls": 50,
}


def main() -> int:
    """Do a campaign, and return how many of its runs found something."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.campaigns", description=__doc__)
    parser.add_argument("campaign", choices=CAMPAIGNS)
    parser.add_argument(
        "--runs",
        type=int,
        help="by default 300 kills, 5,000 flips, 4,000 crafted, 50 of the others; each bomb once",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, action="append", help="only this run")
    asked = parser.parse_args()
    n_runs = RUNS[asked.campaign] if asked.runs is None else asked.runs
    runs = asked.only or range(n_runs)
    started = time.monotonic()
    seen: Counter[str] = Counter()
    n_found = n_done = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = os.environ["XDG_STATE_HOME"] = folder
        commands.prepare()
        os.fsync = lambda _: None  # a kill, unlike a power cut, loses nothing that was written
        with CAMPAIGNS[asked.campaign](Path(folder)) as run:
            try:
                for done, number in enumerate(runs):
                    if done and done % _TOLD_EVERY == 0:
                        print(f"{done:,} runs, {n_found} with findings", flush=True)
                    result = run(random.Random(f"{asked.campaign} {asked.seed} {number}"))
                    seen.update(result.seen)
                    n_found += bool(result.findings)
                    n_done += 1
                    for finding in result.findings:
                        print(f"FOUND in run {number}: {finding}", flush=True)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
    for what, n in sorted(seen.items()):
        print(f"{n:8,} {what}")
    seconds = time.monotonic() - started
    print(f"{n_done:,} runs, {n_found} with findings, {seconds:,.0f} s")
    return n_found


if __name__ == "__main__":
    logging.disable(logging.INFO)
    sys.exit(min(main(), 1))
