"""How fast are the parts of a shard set encoded, here and by Ray, against a plain index?

    python -m benchmarks.shards DATA/scifact [--documents 600] [--pairs 2] [--shards 4]

The same documents, the default model; plain index, set and set by Ray in turn, each in a folder of
its own. Characters a second between the first and the last that are told of: neither reading, the
codec nor the start of Ray counts, nor the commit. The sample is small, so that nearly all is
encoded by what is measured. The last line says how much wall time Ray took over a set that was made
here.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

from colmodern import Encoder, Indexer
from colmodern.cluster import RayRunner
from colmodern.eval import Dataset
from colmodern.indexer.shards.runner import STAGE
from colmodern.request import IndexConfig

CONFIG = IndexConfig(sample_tokens=20_000)


class Rate:
    """Characters a second between the first and the last that are told."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self._told: list[tuple[float, int]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002
        """Take what a build says."""
        if stage != STAGE:
            return
        if self._told and done < self._told[-1][1]:
            self._told.clear()  # that was the sample, of which the codec is made
        if not self._told or done > self._told[-1][1]:
            self._told.append((time.perf_counter(), done))

    @property
    def value(self) -> float:
        """The rate."""
        (start, first), (end, last) = self._told[1], self._told[-1]  # 0 is told while workers start
        return (last - first) / (end - start)


def main() -> None:
    """Print rates and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collection")
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--shards", type=int, default=4)
    arguments = parser.parse_args()
    documents = list(islice(Dataset.load(arguments.collection).documents, arguments.documents))
    encoder = Encoder.load()
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "set": [], "set by ray": []}
    for _ in range(arguments.pairs):
        for name, runs in found.items():
            shards = None if name == "plain" else arguments.shards
            runner = RayRunner() if name == "set by ray" else None
            rate, started = Rate(), time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                indexer = Indexer(
                    Path(folder) / "i", encoder, config=CONFIG, shards=shards, runner=runner
                )
                indexer.build(documents, progress=rate)
            runs.append((rate.value, time.perf_counter() - started))
            print(
                f"{name}: {runs[-1][0]:,.0f} characters a second, {runs[-1][1]:.1f} s", flush=True
            )
    middle = {name: statistics.median(one for one, _ in runs) for name, runs in found.items()}
    for name, value in middle.items():
        print(f"{name}: {value:,.0f} characters a second, {value / middle['plain']:.2f} of plain")
    more = [
        ray - here for (_, here), (_, ray) in zip(found["set"], found["set by ray"], strict=True)
    ]
    print(f"ray took {statistics.median(more):.1f} s more than a set made here")


if __name__ == "__main__":
    main()
