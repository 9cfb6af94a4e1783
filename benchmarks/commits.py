"""What does a commit of one document cost, and what do a thousand of them leave behind?

    python -m benchmarks.commits [--documents 200] [--commits 1000] [--words 150]
    python -m benchmarks.commits --documents 20000 --commits 200 --words 60
    python -m benchmarks.commits --documents 20000 --commits 5 --words 60 --profile

An index of documents of random words is made, then changed by ``Indexer.update``, one document a
commit: two of three are new, every third takes the place of one that is there. ``HashEncoder``
makes the vectors, so that what is timed is the index. In the end the index is compared with a copy
of it that was compacted: opening, searching, files, memory maps. CPU time is that of all threads.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.indexer import compact
from colmodern.request import Effort
from colmodern.types import TokenEmbeddings

DIM = 128
QUERY_WORDS = 12
N_WORDS = 20_000
GROUP = 100
FIRST = 50


class Texts:
    """Texts of words of very different frequency."""

    def __init__(self, n_words: int) -> None:
        """Make texts of about so many words."""
        self._rng = np.random.default_rng(0)
        self._n_words = n_words

    def text(self, n_words: int | None = None) -> str:
        """Return another text."""
        count = n_words or int(self._rng.integers(self._n_words // 2, self._n_words * 3 // 2))
        numbers = N_WORDS ** self._rng.random(count)
        return " ".join(f"w{number}" for number in numbers.astype(int).tolist())

    def below(self, limit: int) -> int:
        """Return a random number."""
        return int(self._rng.integers(limit))


def main() -> None:
    """Print what commits took, then what is left of them."""
    options = _options()
    encoder = HashEncoder(DIM)
    texts = Texts(options.words)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        path = Path(folder) / "index"
        indexer = Indexer(path, encoder)
        indexer.build((f"d{i:06}", texts.text()) for i in range(options.documents))
        profile = cProfile.Profile() if options.profile else None
        times = [
            commit(indexer, *change(texts, options.documents, i), profile)
            for i in range(options.commits)
        ]
        if profile is not None:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
        print(
            f"{options.documents} documents of about {options.words} words, "
            f"{options.commits} commits of one document"
        )
        report_commits(times)
        compacted = Path(folder) / "compacted"
        shutil.copytree(path, compacted)
        compact(compacted)
        queries = [encoder.encode_queries([texts.text(QUERY_WORDS)])[0] for _ in range(50)]
        report_index([path, compacted], queries, encoder)


def change(texts: Texts, n_documents: int, number: int) -> tuple[str, str]:
    """Return the document of a commit: every third replaces one, the others are new."""
    is_update = number % 3 == 2
    n_new = number - number // 3
    which = texts.below(n_documents + n_new) if is_update else n_documents + n_new
    return f"d{which:06}", texts.text()


def commit(
    indexer: Indexer, name: str, text: str, profile: cProfile.Profile | None
) -> tuple[float, float]:
    """Commit one document; return milliseconds of the clock, and of the processors."""
    started, cpu = time.perf_counter(), time.process_time()
    if profile is None:
        indexer.update([(name, text)])
    else:
        profile.runcall(indexer.update, [(name, text)])
    return 1e3 * (time.perf_counter() - started), 1e3 * (time.process_time() - cpu)


def report_commits(times: Sequence[tuple[float, float]]) -> None:
    """Print medians and the longest: of the first commits, and of each group."""
    print("commits        wall ms   CPU ms   longest CPU ms")
    ranges = [(0, FIRST), *((i, i + GROUP) for i in range(0, len(times), GROUP))]
    for start, end in ranges:
        wall, cpu = zip(*times[start:end], strict=True)
        print(
            f"{start:>5}-{min(end, len(times)):<7}{statistics.median(wall):>9.1f}"
            f"{statistics.median(cpu):>9.1f}{max(cpu):>17.1f}"
        )


def report_index(
    paths: Sequence[Path], queries: Sequence[TokenEmbeddings], encoder: HashEncoder
) -> None:
    """Print what each index is made of, and how long opening and searching take, turn by turn."""
    print("                  segments  files  memory maps")
    for path in paths:
        n_files = sum(file.is_file() for file in path.rglob("*"))
        before = n_maps(path)
        with Searcher.open(path, encoder=encoder) as searcher:
            search(searcher, queries[0], Effort.EXACT)
            n_segments = len(searcher._reader.segments)
            print(f"{path.name:<18}{n_segments:>8}{n_files:>7}{n_maps(path) - before:>13}")
    opening: list[list[float]] = [[] for _ in paths]
    for _ in range(50):
        for path, found in zip(paths, opening, strict=True):
            found.append(timed(partial(opened_once, path, encoder)))
    report_pair("opening", opening)
    searchers = [Searcher.open(path, encoder=encoder) for path in paths]
    for effort in Effort:
        times: list[list[float]] = [[] for _ in searchers]
        for query in [queries[0], *queries]:
            for searcher, found in zip(searchers, times, strict=True):
                found.append(timed(partial(search, searcher, query, effort)))
        report_pair(str(effort), [found[1:] for found in times])
    for searcher in searchers:
        searcher.close()


def opened_once(path: Path, encoder: HashEncoder) -> None:
    """Open an index and close it."""
    Searcher.open(path, encoder=encoder).close()


def search(searcher: Searcher, query: TokenEmbeddings, effort: Effort) -> None:
    """Search with one thread, for ten hits without passages."""
    searcher.search_embeddings(query, k=10, effort=effort, threads=1, passages=False)


def report_pair(name: str, times: Sequence[Sequence[float]]) -> None:
    """Print the medians of both indexes and their ratio."""
    committed, compacted = (statistics.median(found) for found in times)
    print(
        f"{name:<10}{committed:8.2f} ms   compacted {compacted:8.2f} ms   "
        f"ratio {committed / compacted:.2f}"
    )


def timed(action: Callable[[], object]) -> float:
    """Return the milliseconds of CPU time that an action takes in this thread."""
    started = time.thread_time()
    action()
    return 1e3 * (time.thread_time() - started)


def n_maps(path: Path) -> int:
    """Return how many memory maps of files below a folder this process has; Linux only."""
    maps = Path("/proc/self/maps")
    return maps.read_text().count(f"{path}/") if maps.exists() else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--words", type=int, default=150)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
