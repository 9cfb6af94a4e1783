"""Build indexes of 1, 4, 16 ... times .8M tokens of one kind, and search them at every effort.

    python -m benchmarks.growth DATA WORK [--times 1 4 16] [--sources scifact ...] [--bits 4]
    python -m benchmarks.growth DATA WORK --collections leval-long scisummnet

Time is the CPU's, of one thread, and recall is that of the exact first k of the same index. DATA is
a folder of collections (BEIR layout) and ``pairs``; WORK keeps their vectors. Passages are pieces
of the documents of the sources, in random order; once all are used they come again, each token with
noise of half its length added.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.growth.vectors import COLLECTIONS, DIM, PAIRS, Half, disturbed, encode, read
from colmodern import Embeddings, EncoderInfo, IndexConfig, Indexer
from colmodern.request import Effort, SearchRequest
from colmodern.searcher import Hits, Searcher
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

UNIT_TOKENS = 800_000
KS = (10, 100)
_NOISE = 0.5


def main() -> None:
    """Encode, build and search; print a line for each size, k and effort."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    if options.collections:
        encode(options.data, options.work, options.collections)
        print("    tokens documents   k effort      ms   of exact   recall")
        for name in options.collections:
            vectors, offsets = read(options.work / name)
            queries = some_queries(rng, options.work, options.queries, [name])
            built(options, vectors, offsets, queries)
        return
    encode(options.data, options.work, dict.fromkeys((*COLLECTIONS, *options.sources)))
    queries = some_queries(rng, options.work, options.queries)
    file = options.work / f"passages-{options.passage_tokens}.npy"
    n_wanted = max(options.times) * UNIT_TOKENS
    sources = [read(options.work / name) for name in options.sources]
    vectors, offsets, n_real = passages(rng, sources, file, n_wanted, options.passage_tokens)
    print(
        f"{n_real} tokens are of real texts, what lies beyond is disturbed; {len(queries)} queries"
    )
    print("    tokens documents   k effort      ms   of exact   recall")
    for times in options.times:
        end = int(np.searchsorted(offsets, times * UNIT_TOKENS, "right"))
        built(options, vectors[: offsets[end - 1]], offsets[:end], queries)
    file.unlink()


def built(
    options: argparse.Namespace, vectors: Half, offsets: IntVector, queries: list[FloatMatrix]
) -> None:
    """Build an index of documents and report on searches in it."""
    path = options.work / "index"
    shutil.rmtree(path, ignore_errors=True)
    encoder = EncoderInfo("vectors", "0", DIM)
    indexer = Indexer(path, encoder, config=IndexConfig(bits=options.bits))
    indexer.build_from_embeddings(Embeddings.from_arrays(vectors, offsets))
    with Searcher.open(path) as searcher:
        for k in KS:
            report(searcher, queries, k, len(vectors))


def some_queries(
    rng: np.random.Generator, work: Path, n: int, names: Sequence[str] = COLLECTIONS
) -> list[FloatMatrix]:
    """Return queries of some collections, as many of each."""
    found = []
    for name in names:
        vectors, offsets = read(work / name, "query_")
        chosen = rng.permutation(len(offsets) - 1)[: n // len(names)].tolist()
        rows = [slice(*offsets[one : one + 2].tolist()) for one in chosen]
        found += [vectors[row].astype(np.float32) for row in rows]
    return found


def passages(
    rng: np.random.Generator,
    sources: Sequence[tuple[Half, IntVector]],
    file: Path,
    n_wanted: int,
    n_tokens: int,
) -> tuple[Half, IntVector, int]:
    """Write pieces of documents in random order, then disturbed ones, until there are enough.

    Returns:
        Their vectors, mapped; where each begins; and how many tokens are not disturbed.
    """
    pieces = np.array(
        [
            (source, begin, min(begin + n_tokens, end))
            for source, (_, offsets) in enumerate(sources)
            for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
            for begin in range(start, end, n_tokens)
        ]
    )
    pieces = pieces[rng.permutation(len(pieces))]
    n_real = int((pieces[:, 2] - pieces[:, 1]).sum())
    rounds = -(-n_wanted // n_real)
    pieces = np.concatenate([pieces] * rounds)
    offsets = np.concatenate([[0], np.cumsum(pieces[:, 2] - pieces[:, 1])])
    pieces = pieces[: np.searchsorted(offsets, n_wanted, "right")]
    offsets = offsets[: len(pieces) + 1]
    shape = (int(offsets[-1]), DIM)
    vectors = np.lib.format.open_memmap(file, "w+", np.float16, shape)  # type: ignore[no-untyped-call]
    for (source, begin, end), at in zip(pieces.tolist(), offsets.tolist(), strict=False):
        piece = sources[source][0][begin:end]
        to = at + end - begin
        vectors[at:to] = piece if to <= n_real else disturbed(rng, piece, _NOISE)
    return vectors, offsets, min(n_real, shape[0])


def report(searcher: Searcher, queries: list[FloatMatrix], k: int, n_tokens: int) -> None:
    """Print the median CPU time of each effort, its share of exact's, and its recall of it."""
    truth: list[set[str]] = []
    lines = {}
    for effort in (Effort.EXACT, Effort.LOW, Effort.MEDIUM, Effort.HIGH):
        request = SearchRequest(k=k, effort=effort, scoring="corrected", threads=1, passages=False)
        times, found = [], []
        for query in queries:
            started = time.thread_time()
            hits = searched(searcher, query, request)
            times.append(1e3 * (time.thread_time() - started))
            found.append(set(hits.doc_ids))
        truth = truth or found
        recall = np.mean([len(a & b) / len(b) for a, b in zip(found, truth, strict=True)])
        lines[effort] = statistics.median(times), float(recall)
    for effort, (milliseconds, recall) in lines.items():
        share = milliseconds / lines[Effort.EXACT][0]
        print(
            f"{n_tokens:>10}{searcher.n_documents:>10}{k:>4} {effort:<7}{milliseconds:>8.2f}"
            f"{share:>11.3f}{recall:>9.3f}",
            flush=True,
        )


def searched(searcher: Searcher, query: FloatMatrix, request: SearchRequest) -> Hits:
    """Return the hits of token vectors."""
    spans = np.zeros((len(query), 2), np.int32)
    return searcher.search_embeddings(TokenEmbeddings(query, spans), request)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--collections", nargs="+", help="these as they are, instead of passages")
    parser.add_argument("--sources", nargs="+", default=[*COLLECTIONS, PAIRS])
    parser.add_argument("--passage-tokens", type=int, default=300)
    parser.add_argument("--queries", type=int, default=160)
    parser.add_argument("--bits", type=int, default=4, choices=(1, 2, 4))
    return parser.parse_args()


if __name__ == "__main__":
    main()
