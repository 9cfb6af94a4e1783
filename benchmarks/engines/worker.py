"""One measurement: ``python -m benchmarks.engines.worker`` reads a job, prints a result; both JSON.

A process for each, so that peak memory and the number of threads are its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.engines.adapters import Engine, load_engine
from benchmarks.engines.vector_set import VectorSet

_WARM_UP = 3


def main() -> None:
    """Do the job on standard input."""
    job = json.load(sys.stdin)
    # What engines print goes to the log: standard output carries the result alone.
    result_stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    started = time.perf_counter()
    engine = load_engine(job["adapter"])
    import_seconds = time.perf_counter() - started
    vectors, folder = VectorSet(Path(job["vectors"])), Path(job["index"])
    if job["step"] == "build":
        result = build(engine, vectors, folder, job["options"])
    else:
        result = search(engine, vectors, folder, job["threads"], job["first"], job["passes"])
    result["import_seconds"] = import_seconds
    json.dump(result, result_stream)
    result_stream.close()


def build(
    engine: Engine, vectors: VectorSet, folder: Path, options: dict[str, Any]
) -> dict[str, Any]:
    """Build an index and return what it took."""
    started, cpu = time.perf_counter(), cpu_seconds()
    engine.build(vectors, folder, **options)
    result = {"seconds": time.perf_counter() - started, "cpu_seconds": cpu_seconds() - cpu}
    return result | {
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        "about": engine.describe(folder),
    }


def search(
    engine: Engine,
    vectors: VectorSet,
    folder: Path,
    threads: int,
    first: dict[str, Any],
    passes: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Open an index, search, and return times and hits of every pass over the queries.

    The first query is asked once before all passes, at the point ``first``.
    """
    queries = [engine.prepare(query) for query in vectors.queries()]
    started = time.perf_counter()
    engine.open(vectors, folder, threads=threads)
    opened = time.perf_counter()
    engine.search(queries[0], 10, **first)
    answered = time.perf_counter()
    return {
        "open_seconds": opened - started,
        "first_query_seconds": answered - opened,
        "passes": [one_pass(engine, queries, **options) for options in passes],
    }


def one_pass(
    engine: Engine,
    queries: Sequence[Any],
    *,
    k: int,
    point: dict[str, Any],
    n_queries: int,
    budget: float,
    at_least: int,
) -> dict[str, Any]:
    """Search every query once, after a few that are not counted.

    Args:
        engine: The engine, opened.
        queries: Prepared queries.
        k: How many hits.
        point: How to search.
        n_queries: Only the first so many queries are searched.
        budget: After so many seconds no further query is asked.
        at_least: So many queries are asked in any case.
    """
    for query in queries[:_WARM_UP]:
        engine.search(query, k, **point)
    seconds: list[float] = []
    hits = []
    begun, cpu = time.perf_counter(), cpu_seconds()
    for query in queries[:n_queries]:
        if len(seconds) >= at_least and sum(seconds) > budget:
            break
        started = time.perf_counter()
        hits.append(engine.search(query, k, **point))
        seconds.append(time.perf_counter() - started)
    busy = (cpu_seconds() - cpu) / (time.perf_counter() - begun)
    return {"k": k, "point": point, "seconds": seconds, "hits": hits, "busy_cores": busy}


def cpu_seconds() -> float:
    """Return the processor time of this process and its finished children."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
