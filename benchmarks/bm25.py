"""How long does BM25 take to rank, beside bm25s? On the documents and queries of a collection.

    python -m benchmarks.bm25 FOLDER [--documents 96] [--queries 200]

FOLDER has the layout of BEIR. Both split texts alike and find the same ten documents. CPU time of
one thread, queries turn by turn: what ranks (words looked up, documents scored, the best ten
taken), and a whole search without passages, which also plans, and reads what it says of each hit.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from colmodern import HashEncoder, IndexConfig, Indexer
from colmodern.searcher import Searcher
from colmodern.searcher.bm25 import best_by_words
from colmodern.searcher.part import Part
from colmodern.storage import IndexReader
from colmodern.text.words import words_of

K = 10


def main() -> None:
    """Print medians of both."""
    import bm25s

    options = _options()
    rows = list(islice(_rows(options.folder / "corpus.jsonl.gz"), options.documents))
    texts = [f"{row.get('title', '')} {row['text']}" for row in rows]
    asked = _rows(options.folder / "queries.jsonl.gz")
    queries = [row["text"] for row in islice(asked, options.queries)]
    peer = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    peer.index([words_of(text) for text in texts], show_progress=False)
    encoder = HashEncoder(dim=16)
    with tempfile.TemporaryDirectory() as folder:
        documents = [(str(number), text) for number, text in enumerate(texts)]
        Indexer(folder, encoder, config=IndexConfig(bits=1)).build(documents)
        with IndexReader.open(folder) as reader, Searcher.open(folder, encoder) as searcher:
            part_of_all = Part(reader.segments, lambda: reader.words)
            found = timed(
                queries,
                {
                    "bm25s": lambda query: peer.retrieve(
                        [words_of(query)], k=min(K, len(texts)), show_progress=False, n_threads=0
                    ),
                    "colmodern ranks": lambda query: ranked(part_of_all, query),
                    "colmodern searches": lambda query: searcher.search(
                        query, k=K, mode="bm25", passages=False, threads=1
                    ),
                },
            )
    print(f"{len(texts)} documents, {len(queries)} queries")
    first = found["bm25s"]
    for name, milliseconds in found.items():
        print(f"{name:20}{milliseconds:8.3f} ms ({milliseconds / first:.2f})")


def ranked(part: Part, query: str) -> object:
    """Return the best documents by words."""
    found = part.lexicon.look_up(query)
    return best_by_words(part.lexicon.scores(found, found.statistics), part.live, K)


def timed(queries: list[str], systems: dict[str, Callable[[str], object]]) -> dict[str, float]:
    """Return the median milliseconds of each system, which take turns."""
    times: dict[str, list[float]] = {name: [] for name in systems}
    for query in queries[:20] + queries:
        for name, search in systems.items():
            started = time.thread_time()
            search(query)
            times[name].append(1e3 * (time.thread_time() - started))
    return {name: statistics.median(taken[20:]) for name, taken in times.items()}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=96)
    parser.add_argument("--queries", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
