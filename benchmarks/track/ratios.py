"""What is compared with what? Each ratio is how many times as fast something is as its anchor.

Both run by turns, and processor time counts: what else the machine does slows both alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.encoder.loads import equal_load
from benchmarks.kernels import jobs
from benchmarks.search import QUERY_TOKENS, build, disturbed, generate
from colmodern.encoder import Encoder
from colmodern.kernels import active_isa
from colmodern.request import Effort, SearchRequest
from colmodern.searcher import Searcher
from colmodern.types import TokenEmbeddings

Call = Callable[[], object]

_ROUNDS = 7
_DOCUMENTS, _TOKENS, _QUERIES = 200, 400, 4
_SIDE = 512  # of the matrices of a plain product


@dataclass(frozen=True)
class Pair:
    """Something, what it is compared with, and how often each runs in a round."""

    name: str
    subject: Call
    anchor: Call


def measured(pair: Pair) -> float:
    """Return the median of the anchor's seconds over the subject's."""
    pair.subject()
    pair.anchor()
    return statistics.median(_seconds(pair.anchor) / _seconds(pair.subject) for _ in range(_ROUNDS))


def _seconds(call: Call) -> float:
    """Return the processor time of a call, which is repeated until there is enough of it."""
    n, start = 0, time.process_time()
    while True:
        call()
        n += 1
        spent = time.process_time() - start
        if spent > 0.02:
            return spent / n


@contextmanager
def opened_pairs() -> Iterator[list[Pair]]:
    """Return all pairs, while the index that some of them search is there."""
    with tempfile.TemporaryDirectory(prefix="colmodern-track-") as folder:
        rng = np.random.default_rng(0)
        vectors, offsets = generate(rng, _DOCUMENTS, _TOKENS)
        build(Path(folder) / "index", vectors, offsets, bits=4)
        queries = [disturbed(rng, vectors, offsets) for _ in range(_QUERIES)]
        with Searcher.open(Path(folder) / "index") as searcher:
            yield [*_kernel_pairs(), *_encoder_pairs(), _search_pair(searcher, queries)]


def _plain_product() -> Call:
    """Return a product of two matrices in NumPy."""
    left, right = np.random.default_rng(0).standard_normal((2, _SIDE, _SIDE), np.float32)
    return lambda: left @ right


def _kernel_pairs() -> list[Pair]:
    product = _plain_product()
    return [
        Pair(f"{job.kernel}, a plain product", lambda job=job: job.call(job.n), product)
        for job in jobs(n_query=32, dim=128, bits=4)
    ]


def _encoder_pairs() -> list[Pair]:
    (texts,) = equal_load(512, 2048).batches
    lengths = [len(text) for text in texts]
    ids, kept = np.concatenate(texts), np.arange(sum(lengths))

    def passes(precision: str) -> Call:
        model = Encoder.load(precision=precision, n_threads=1)._runner
        return lambda: model.forward(ids, lengths, lengths, kept, threads=1)

    single = passes("fp32")
    pairs = [Pair("encoder fp32, a plain product", single, _plain_product())]
    if active_isa() != "scalar":
        pairs.append(Pair("encoder int8, encoder fp32", passes("int8"), single))
    return pairs


def _search_pair(searcher: Searcher, queries: list[np.ndarray]) -> Pair:
    spans = np.zeros((QUERY_TOKENS, 2), np.int32)

    def search(effort: Effort) -> Call:
        request = SearchRequest(k=10, effort=effort, threads=1, passages=False)

        def call() -> None:
            for query in queries:
                searcher.search_embeddings(TokenEmbeddings(query, spans), request)

        return call

    return Pair("search low, search exact", search(Effort.LOW), search(Effort.EXACT))
