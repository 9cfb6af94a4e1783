"""What does the passage of a hit cost? Long documents, searched with and without passages.

    python -m benchmarks.passages.cost [--documents 100] [--words 6500] [--repeats 9]

Documents are made of the sentences of the examples, about 8,000 tokens each, and all of them are
hits. CPU time of the process and wall time, milliseconds a hit: the smallest of some searches with
passages less the smallest of as many without.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.long_text import long_text
from colmodern import Document, Encoder, Indexer, Searcher

_QUERY = "who may revoke a key that has leaked?"


def main() -> None:
    """Print a row for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--words", type=int, default=6500)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    encoder = Encoder.load("default")
    documents = [
        Document(f"d{i}", "\n".join(long_text(rng, options.words)))
        for i in range(options.documents)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Indexer(Path(folder) / "index", encoder).build(documents)
        with Searcher.open(Path(folder) / "index", encoder) as searcher:
            numbers = searcher.describe()
            print(f"{numbers['tokens'] / numbers['documents']:,.0f} tokens a document")
            print("| threads | CPU, ms a hit | wall, ms a hit | wall, ms all hits |")
            print("|---|---|---|---|")
            for threads in (1, 2):
                _row(searcher, encoder, threads, options.documents, options.repeats)


def _row(searcher: Searcher, encoder: Encoder, threads: int, k: int, repeats: int) -> None:
    (tokens,) = encoder.encode_queries([_QUERY])

    def search(passages: bool) -> Callable[[], object]:
        return lambda: searcher.search_embeddings(
            tokens, query=_QUERY, k=k, exact=True, passages=passages, threads=threads
        )

    cost = _best(search(passages=True), repeats) - _best(search(passages=False), repeats)
    cpu, wall = (cost * 1e3).tolist()
    print(f"| {threads} | {cpu / k:.3f} | {wall / k:.3f} | {wall:.1f} |", flush=True)


def _best(call: Callable[[], object], repeats: int) -> np.ndarray:
    """Return the smallest CPU and wall time of some calls, in seconds."""
    times = []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
    return np.array(times).min(axis=0)


if __name__ == "__main__":
    main()
