"""What was measured, and by which command: all that the estimates are made of.

One AMD Zen 5 with AVX-512 VNNI, two cores that others used too: processor time, not wall time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Kind(NamedTuple):
    """Documents of one kind.

    Attributes:
        search_ms: Processor time of one search at effort medium without BM25 and passages.
        at_tokens: In an index of so many tokens.
    """

    search_ms: float
    at_tokens: float


ENCODE_TOKENS_A_SECOND: Mapping[int, float] = {512: 58_029, 2_048: 44_383, 8_192: 22_379}
"""By tokens a document, of one core, int8 (``python -m benchmarks.encoder --cpu``)."""

GPU_TOKENS_A_SECOND = 128_000.0
"""Of one H200, the slowest of five collections (docs/how-to/encoder.md)."""

CODE_SECONDS_A_TOKEN = 71 / 8e6
"""Codec, words and files, of one core (``python -m benchmarks.build``)."""

BYTES_A_TOKEN: Mapping[int, float] = {4: 86.5, 2: 54.5}
"""All files, texts included, of scifact (``colmodern info``); 2 bits take 32 bytes less."""

SHORT = Kind(3.4, 3.2e6)
"""Documents of 300 tokens (``python -m benchmarks.growth``; docs/lab/search.md)."""

LONG = Kind(16.0, 6.3e6)
"""Papers of 6,400 tokens (the same, ``--collections``)."""

GROWTH = 0.25
"""A search takes so much longer with more tokens (a power of them): four times as many take 1.3 to
1.4 times as long at effort low."""

BLOCK_TOKENS = 16.8e6
"""Tokens for which an index has its 65,536 centroids at most; beyond, lists of postings are longer
in proportion, and so is the time."""

BM25_MS_A_MILLION_TOKENS = 0.16
"""``python -m benchmarks.bm25``: .10 ms in 96 papers of 6,400 tokens."""

PASSAGE_MS = 0.43
"""Of one hit of 8,000 tokens (``python -m benchmarks.passages.cost``)."""

HTTP_MS = 1.0
"""What a server adds to a step of its own (docs/lab/serve.md)."""

COORDINATOR_MS, COORDINATOR_MS_A_SHARD = 1.0, 0.42
"""Processor time of a coordinator for a search (``--measure-coordinator`` of this package)."""

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
STEP_MS: Mapping[str, tuple[float, ...]] = {
    "statistics": (0.084, 0.100, 0.123, 0.147, 0.176, 0.210, 0.230, 0.296, 0.337),
    "search": (1.851, 2.012, 2.310, 2.694, 3.135, 3.763, 4.168, 4.917, 6.218),
    "passages": (1.492, 1.780, 2.018, 2.242, 2.654, 3.657, 3.982, 4.410, 4.529),
}
"""Quantiles of the milliseconds that a shard works for a step (``--measure`` of this package).

Scifact in four shards of 434,000 tokens, effort low, ten hits.
"""
