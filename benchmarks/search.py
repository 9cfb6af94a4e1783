"""How fast is a search, at which recall? On generated token vectors, so that it runs anywhere.

    python -m benchmarks.search [--documents 400] [--tokens 1500] [--bits 4] [--threads 1]

Vectors are drawn around a few thousand directions, as real ones are; a query is made of tokens of
one document, disturbed. Recall@10 is against float MaxSim over the vectors themselves. For figures
on real text use ``colmodern eval``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from colmodern import kernels
from colmodern.codec import plan_n_centroids, train_codec
from colmodern.request import Effort, SearchRequest
from colmodern.searcher import Searcher
from colmodern.storage import EncoderInfo, IndexWriter, StoredDocument
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

DIM = 128
QUERY_TOKENS = 32


def main() -> None:
    """Build, search at every effort, print a table."""
    options = _options()
    rng = np.random.default_rng(0)
    vectors, offsets = generate(rng, options.documents, options.tokens)
    queries = [disturbed(rng, vectors, offsets) for _ in range(options.queries)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        seconds = build(path, vectors, offsets, bits=options.bits)
        n_bytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        print(
            f"{options.documents} documents, {len(vectors)} tokens, {options.bits} bits, "
            f"{n_bytes / len(vectors):.1f} bytes a token, built in {seconds:.1f} s, "
            f"{kernels.active_isa()}, {options.threads} thread(s)"
        )
        truth = [exact_top(query, vectors, offsets) for query in queries]
        with Searcher.open(path) as searcher:
            for effort in Effort:
                report(searcher, queries, truth, effort, options.threads)


def generate(
    rng: np.random.Generator, n_documents: int, n_tokens: int
) -> tuple[FloatMatrix, IntVector]:
    """Return unit vectors around 4,096 directions, each document using some 200 of them."""
    directions = rng.standard_normal((4096, DIM)).astype(np.float32)
    lengths = rng.integers(n_tokens // 2, n_tokens * 3 // 2, n_documents)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    parts = []
    for length in lengths:
        own = rng.choice(len(directions), 200, replace=False)
        parts.append(directions[rng.choice(own, length)])
    vectors = np.concatenate(parts)
    vectors += rng.standard_normal(vectors.shape, dtype=np.float32)
    return unit(vectors), offsets


def disturbed(rng: np.random.Generator, vectors: FloatMatrix, offsets: IntVector) -> FloatMatrix:
    """Return a query: tokens of one document with as much noise again."""
    document = int(rng.integers(len(offsets) - 1))
    rows = rng.integers(offsets[document], offsets[document + 1], QUERY_TOKENS)
    noise = unit(rng.standard_normal((QUERY_TOKENS, DIM)).astype(np.float32))
    return unit(vectors[rows] + 1.2 * noise)


def unit(vectors: FloatMatrix) -> FloatMatrix:
    """Return rows scaled to unit length."""
    scaled: FloatMatrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def build(path: Path, vectors: FloatMatrix, offsets: IntVector, *, bits: int) -> float:
    """Write an index of ready vectors; return the seconds it took."""
    started = time.perf_counter()
    n_centroids = plan_n_centroids(len(vectors))
    codec = train_codec(vectors, bits=bits, n_centroids=n_centroids)
    encoder = EncoderInfo("hash", "00", DIM)
    with IndexWriter.create(path, codec, encoder=encoder, config={}) as writer:
        segment = writer.new_segment()
        for number, (start, end) in enumerate(pairwise(offsets.tolist())):
            spans = np.zeros((end - start, 2), np.int32)
            whole = np.array([0, end - start])
            codes, contexts = codec.encode_documents(vectors[start:end], whole)
            document = StoredDocument(f"d{number}", "")
            segment.add(document, codes, spans, contexts=contexts)
        segment.finish()
        writer.commit()
    return time.perf_counter() - started


def exact_top(query: FloatMatrix, vectors: FloatMatrix, offsets: IntVector) -> set[str]:
    """Return the ids of the ten best documents by float MaxSim."""
    scores = kernels.maxsim(query, vectors, offsets)
    return {f"d{number}" for number in np.argsort(-scores, kind="stable")[:10]}


def report(
    searcher: Searcher,
    queries: Sequence[FloatMatrix],
    truth: Sequence[set[str]],
    effort: Effort,
    threads: int,
) -> None:
    """Search every query and print median and 95th percentile of the time, and the recall."""
    request = SearchRequest(k=10, effort=effort, threads=threads, passages=False)
    spans = np.zeros((QUERY_TOKENS, 2), np.int32)
    times, recalls = [], []
    for query, wanted in zip(queries, truth, strict=True):
        started = time.perf_counter()
        hits = searcher.search_embeddings(TokenEmbeddings(query, spans), request)
        times.append((time.perf_counter() - started) * 1e3)
        recalls.append(len(wanted & set(hits.doc_ids)) / 10)
    print(
        f"{effort:<7} median {statistics.median(times):7.2f} ms   "
        f"p95 {sorted(times)[int(0.95 * len(times))]:7.2f} ms   recall@10 {np.mean(recalls):.3f}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--tokens", type=int, default=1500)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--bits", type=int, default=4, choices=(1, 2, 4))
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
