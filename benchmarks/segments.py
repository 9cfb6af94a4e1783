"""What do segments, and Python, cost a search? On generated token vectors, and on an index.

    python -m benchmarks.segments [--tokens 800000] [--document-tokens 300] [--segments 1 40]
    python -m benchmarks.segments --index .colmodern --query "who may revoke a key?"

The first times the same documents in one segment and in many, turn by turn, in CPU time of one
thread. The second counts the calls of Python functions in one warm search, all of them and those of
the package alone, and times it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import numpy as np

import colmodern
from benchmarks.search import DIM, QUERY_TOKENS, disturbed, generate
from colmodern.codec import Codec, plan_n_centroids, train_codec
from colmodern.request import Effort
from colmodern.searcher import Hits, Searcher
from colmodern.storage import EncoderInfo, IndexWriter, StoredDocument
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

_PACKAGE = str(Path(colmodern.__file__).parent)


def main() -> None:
    """Print a line for each effort, or the calls of one search."""
    options = _options()
    if options.index is not None:
        count_calls(options.index, options.query)
        return
    rng = np.random.default_rng(0)
    n_documents = max(*options.segments, options.tokens // options.document_tokens)
    vectors, offsets = generate(rng, n_documents, options.document_tokens)
    queries = [disturbed(rng, vectors, offsets) for _ in range(options.queries)]
    n_centroids = plan_n_centroids(len(vectors))
    codec = train_codec(vectors, bits=options.bits, n_centroids=n_centroids)
    print(f"{len(vectors)} tokens, {n_documents} documents, {options.bits} bits, one thread")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        opened = {}
        for n in options.segments:
            build(Path(folder) / str(n), vectors, offsets, codec, n_segments=n)
            opened[n] = stack.enter_context(Searcher.open(Path(folder) / str(n)))
        for effort in Effort:
            report(opened, queries, effort)


def build(
    path: Path, vectors: FloatMatrix, offsets: IntVector, codec: Codec, *, n_segments: int
) -> None:
    """Write an index of ready vectors in so many segments of about as many documents."""
    encoder = EncoderInfo("hash", "00", DIM)
    with IndexWriter.create(path, codec, encoder=encoder, config={}) as writer:
        for part in np.array_split(np.arange(len(offsets) - 1), n_segments):
            segment = writer.new_segment()
            for number in part.tolist():
                start, end = offsets[number : number + 2].tolist()
                spans = np.zeros((end - start, 2), np.int32)
                whole = np.array([0, end - start])
                codes, contexts = codec.encode_documents(vectors[start:end], whole)
                document = StoredDocument(f"d{number}", "")
                segment.add(document, codes, spans, contexts=contexts)
            segment.finish()
        writer.commit()


def report(opened: dict[int, Searcher], queries: list[FloatMatrix], effort: Effort) -> None:
    """Print the median of each index, and how it compares with that of the first."""
    spans = np.zeros((QUERY_TOKENS, 2), np.int32)

    def search(searcher: Searcher, query: FloatMatrix) -> Hits:
        tokens = TokenEmbeddings(query, spans)
        return searcher.search_embeddings(tokens, k=10, effort=effort, threads=1, passages=False)

    times: dict[int, list[float]] = {n: [] for n in opened}
    for searcher in opened.values():
        search(searcher, queries[0])
    for query in queries:
        hits = {}
        for n, searcher in opened.items():
            started = time.thread_time()
            hits[n] = search(searcher, query)
            times[n].append(1e3 * (time.thread_time() - started))
        if len({found.doc_ids for found in hits.values()}) > 1:
            raise AssertionError("segments must not change the hits")
    medians = {n: statistics.median(found) for n, found in times.items()}
    first = next(iter(medians.values()))
    print(
        f"{effort:<7}"
        + "   ".join(f"{n} segments {m:6.2f} ms ({m / first:.2f})" for n, m in medians.items())
    )


def count_calls(index: Path, query: str) -> None:
    """Print how many Python functions one warm search calls, and how long it takes."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            calls["all"] += 1
            calls["package"] += frame.f_code.co_filename.startswith(_PACKAGE)

    with Searcher.open(index) as searcher:
        for _ in range(3):
            searcher.search(query)
        sys.setprofile(note)
        try:
            searcher.search(query)
        finally:
            sys.setprofile(None)
        times = []
        for _ in range(100):
            started = time.thread_time()
            searcher.search(query)
            times.append(1e3 * (time.thread_time() - started))
    print(
        f"{calls['all']} calls of Python functions, {calls['package']} of them in the package; "
        f"{statistics.median(times):.2f} ms of this thread"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=800_000)
    parser.add_argument("--document-tokens", type=int, default=300)
    parser.add_argument("--segments", type=int, nargs="+", default=[1, 40])
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--bits", type=int, default=2, choices=(1, 2, 4))
    parser.add_argument("--index", type=Path)
    parser.add_argument("--query", default="who may revoke a key that has leaked?")
    return parser.parse_args()


if __name__ == "__main__":
    main()
