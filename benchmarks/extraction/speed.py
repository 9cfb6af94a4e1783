"""How many files a second are read, by format, on all processors and on one?

    python -m benchmarks.extraction.speed FOLDER [MOST]

Of each format at most MOST files (400) are read, as ``colmodern index`` reads them before anything
is encoded; the best of three runs.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from colmodern.corpus import ExtractionError, ExtractionPool, ScanOptions, Source, scan

N_RUNS = 3


def main(arguments: Sequence[str]) -> None:
    """Print a Markdown table."""
    folder, most = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 400
    by_format: defaultdict[str, list[Source]] = defaultdict(list)
    for source in scan([folder]).sources:
        if len(by_format[source.format.name]) < most:
            by_format[source.format.name].append(source)
    processors = sorted(os.sched_getaffinity(0))
    print(f"| format | files | MB | files/s, {len(processors)} processors | files/s, one | times |")
    print("| -- | --: | --: | --: | --: | --: |")
    for name, sources in sorted(by_format.items()):
        megabytes = sum(source.size for source in sources) / 1e6
        speeds = [_speed(sources, processors), _speed(sources, processors[:1])]
        os.sched_setaffinity(0, processors)
        shown = " | ".join(f"{speed:,.0f}" for speed in speeds)
        times = f"{speeds[0] / speeds[1]:.2f}"
        print(f"| {name} | {len(sources):,} | {megabytes:.1f} | {shown} | {times} |")


def _speed(sources: Sequence[Source], processors: Sequence[int]) -> float:
    """Return how many files are read a second on these processors."""
    os.sched_setaffinity(0, processors)
    best = 0.0
    for _ in range(N_RUNS):
        started = time.perf_counter()
        with ExtractionPool(sources, ScanOptions()) as pool:
            for source in sources:
                try:
                    _, documents = pool.read(source, lambda _: None)
                    for _ in documents:
                        pass
                except ExtractionError:
                    pass
        best = max(best, len(sources) / (time.perf_counter() - started))
    return best


if __name__ == "__main__":
    main(sys.argv[1:])
