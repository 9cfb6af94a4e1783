"""How long does a shard work for each step of a search? Its processor time, query by query."""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from colmodern import Searcher
from colmodern.storage import LocalDirectory, ShardReader, read_shard_set

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
STEPS = ("statistics", "search", "passages")


def measured_quantiles(path: Path, queries: Sequence[str], *, k: int) -> dict[str, list[float]]:
    """Return quantiles of the milliseconds of each step in the first shard of a set.

    All shards are asked, as a coordinator does; mode auto, effort low (medium scores a small shard
    whole, which a large one never is), one thread, no HTTP.

    Args:
        path: The shard set.
        queries: What is asked; the first ten are not counted.
        k: How many hits.
    """
    taken: dict[str, list[float]] = {step: [] for step in STEPS}
    with ExitStack() as stack:
        n = len(read_shard_set(LocalDirectory(path)).shards)
        shards = [
            stack.enter_context(Searcher(ShardReader.open_shard(path, number + 1)))
            for number in range(n)
        ]
        for query in queries:
            (tokens,) = shards[0].encoder.encode_queries([query])
            told = [_timed(taken["statistics"], shards[0].statistics, query)]
            told += [one.statistics(query) for one in shards[1:]]
            total = functools.reduce(operator.add, told)
            how: dict[str, Any] = {"query": query, "statistics": total, "k": k, "threads": 1}
            first = shards[0].search_embeddings
            hits = _timed(taken["search"], first, tokens, passages=False, effort="low", **how)
            mine = max(1, k // n)
            allowed = shards[0].masks_of([hit.doc_id for hit in hits[:mine]])
            how |= {"k": mine, "effort": "exact"}
            _timed(taken["passages"], first, tokens, allowed=allowed, **how)
    return {
        step: [round(1000 * float(one), 3) for one in np.quantile(values[10:], QUANTILES)]
        for step, values in taken.items()
    }


def _timed(taken: list[float], work: Callable[..., Any], *args: Any, **options: Any) -> Any:
    started = time.thread_time()
    found = work(*args, **options)
    taken.append(time.thread_time() - started)
    return found
