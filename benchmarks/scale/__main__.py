"""Print what 10^7 and 10^8 documents need, and how long searches in 10 to 1,000 shards take.

    python -m benchmarks.scale                           # the tables of docs/explanation/scale.md
    python -m benchmarks.scale --measure SET COLLECTION  # how long a shard works for a step
    python -m benchmarks.scale --measure-coordinator     # what a coordinator costs

Nothing is measured for the tables: they follow from ``rates.py`` by the formulas in ``estimate.py``
and ``simulation.py``. SET is a shard set of the queries' collection.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scale import rates
from benchmarks.scale.coordinator_cost import coordinator_cost
from benchmarks.scale.estimate import Estimate, estimate
from benchmarks.scale.measured import measured_quantiles
from benchmarks.scale.simulation import World, simulate
from colmodern.eval import Dataset

QUERIES = 210


def main() -> None:
    """Print tables, or figures for ``rates.py``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--measure", nargs=2, type=Path, metavar=("SET", "COLLECTION"))
    parser.add_argument("--measure-coordinator", action="store_true")
    parser.add_argument("--searches", type=int, default=10_000)
    options = parser.parse_args()
    if options.measure:
        path, collection = options.measure
        queries = list(Dataset.load(collection).queries.values())[:QUERIES]
        for step, values in measured_quantiles(path, queries, k=10).items():
            print(step, *values)
    elif options.measure_coordinator:
        for n_shards, requests in ((1, 40), (4, 30), (10, 20), (100, 3), (300, 1)):
            milliseconds = 1000 * coordinator_cost(n_shards, requests=requests)
            print(f"{n_shards} shards: {milliseconds:.1f} ms of processor time a search")
    else:
        for line in (*estimates(), "", *simulations(options.searches)):
            print(line, flush=True)


def estimates() -> Iterator[str]:
    """Yield the table of corpora."""
    yield (
        "| documents, tokens each | index | tokens | disk | machines | build, core hours | or GPU "
        "hours | hours on these machines | processor seconds a search | searches a second | one "
        "alone |"
    )
    yield "| -- | -- | -- | -- | -- | -- | -- | -- | -- | -- | -- |"
    for documents, power in ((1e7, 7), (1e8, 8)):
        for length in (500, 5_000):
            for name, bits, pool in (("4 bits", 4, 1), ("2 bits", 2, 1), ("2 bits, pool 2", 2, 2)):
                what = f"10^{power}, {length:,}" if bits == 4 else ""
                yield _row(what, name, estimate(documents, length, bits=bits, pool=pool))


def _row(what: str, name: str, one: Estimate) -> str:
    hours = f"{one.encode_core_hours:,.0f} + {one.code_core_hours:,.0f}"
    return (
        f"| {what} | {name} | {one.tokens / 1e9:,.0f} G | {one.disk_bytes / 1e12:.2f} TB | "
        f"{one.machines:,} | {hours} | {one.gpu_hours:,.0f} | {one.build_hours:.1f} | "
        f"{one.search_core_seconds:.2f} | {one.searches_a_second:.0f} | {one.alone_ms:.0f} ms |"
    )


def simulations(searches: int) -> Iterator[str]:
    """Yield the table of simulated searches."""
    yield "| shards | servers each | load | second requests | p50 | p99 | and the coordinator's |"
    yield "| -- | -- | -- | -- | -- | -- | -- |"
    for shards in (10, 100, 1_000):
        for load in (0.3, 0.6):
            for servers, share in ((1, 0.0), (2, 0.0), (2, 0.05)):
                world = World(
                    shards=shards,
                    servers=servers,
                    load=load,
                    hedge_share=share,
                    searches=searches,
                )
                found = simulate(world)
                second = f"{found.hedged:.1%}" if share else "none"
                own = rates.COORDINATOR_MS + rates.COORDINATOR_MS_A_SHARD * shards
                yield (
                    f"| {shards:,} | {servers} | {load} | {second} | {found.p50:.0f} ms | "
                    f"{found.p99:.0f} ms | {own:.0f} ms |"
                )


if __name__ == "__main__":
    main()
