"""What would so many documents of so many tokens need? Formulas over measured rates."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from benchmarks.scale import rates

_LOAD = 0.7
"""Share of their time that servers are to be at work."""
_KEPT = 0.8
"""Share of a machine's memory for files that are mapped."""


class Machine(NamedTuple):
    """A machine.

    Attributes:
        cores: Processor cores.
        memory_bytes: Bytes of memory.
    """

    cores: int = 16
    memory_bytes: float = 128 * 2**30


class Estimate(NamedTuple):
    """What a corpus needs.

    Attributes:
        tokens: All of them.
        disk_bytes: Files of the index, texts included.
        machines: As many as hold all files in memory.
        encode_core_hours: Hours of one core to encode.
        code_core_hours: Hours of one core for codec, words and files.
        gpu_hours: Hours of one GPU to encode, instead.
        build_hours: Hours of these machines for both.
        search_core_seconds: Processor time of one search, on all machines.
        searches_a_second: What these machines answer at seven tenths of their time.
        alone_ms: A search that is alone, with all cores of all machines.
    """

    tokens: float
    disk_bytes: float
    machines: int
    encode_core_hours: float
    code_core_hours: float
    gpu_hours: float
    build_hours: float
    search_core_seconds: float
    searches_a_second: float
    alone_ms: float


def encode_seconds_a_token(length: int) -> float:
    """Return seconds of a core for a token of a document of ``length`` tokens.

    Attention makes it a line in the length; between and beyond the measured ones it is drawn on.
    """
    known = sorted(rates.ENCODE_TOKENS_A_SECOND.items())
    pairs = list(itertools.pairwise(known))
    (first, fast), (last, slow) = next((pair for pair in pairs if length <= pair[1][0]), pairs[-1])
    slope = (1 / slow - 1 / fast) / (last - first)
    return 1 / fast + slope * (length - first)


def search_ms_of_block(kind: rates.Kind) -> float:
    """Return milliseconds of a core for a search of a block of tokens, in mode hybrid."""
    late = kind.search_ms * (rates.BLOCK_TOKENS / kind.at_tokens) ** rates.GROWTH
    return late + rates.BM25_MS_A_MILLION_TOKENS * rates.BLOCK_TOKENS / 1e6


def estimate(
    documents: float, length: int, *, bits: int = 4, pool: int = 1, machine: Machine | None = None
) -> Estimate:
    """Return what ``documents`` of ``length`` tokens need.

    Args:
        documents: How many.
        length: Tokens of each.
        bits: Bits a dimension.
        pool: Tokens that share a vector: divides what is stored and searched.
        machine: Which there are; None: 16 cores, 128 GiB.
    """
    one = machine or Machine()
    tokens = documents * length
    stored = tokens / pool
    disk = stored * rates.BYTES_A_TOKEN[bits]
    machines = math.ceil(disk / (_KEPT * one.memory_bytes))
    encode = tokens * encode_seconds_a_token(length)
    code = stored * rates.CODE_SECONDS_A_TOKEN
    kind = rates.LONG if length >= 1_000 else rates.SHORT
    search = stored / rates.BLOCK_TOKENS * search_ms_of_block(kind) / 1000
    cores = machines * one.cores
    return Estimate(
        tokens=tokens,
        disk_bytes=disk,
        machines=machines,
        encode_core_hours=encode / 3600,
        code_core_hours=code / 3600,
        gpu_hours=tokens / rates.GPU_TOKENS_A_SECOND / 3600,
        build_hours=(encode + code) / 3600 / cores,
        search_core_seconds=search,
        searches_a_second=_LOAD * cores / search,
        alone_ms=1000 * search / cores,
    )
