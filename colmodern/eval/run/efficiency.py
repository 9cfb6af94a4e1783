"""How fast and how large is an encoder? The table of the ModernBERT paper, for any encoder.

Warner et al., Smarter, Better, Faster, Longer (arXiv:2412.13663), give for each model the largest
batch that fits into memory and the tokens it processes a second, at 512 and at 8,192 tokens,
for documents of one length and of varying length, the mean of ten runs. They use a GPU and 8,192
documents; here the memory is the process's, and the number of documents is the caller's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from colmodern.errors import ConfigError
from colmodern.eval.results.markup import table_html
from colmodern.eval.run.memory import forget_peak, peak_bytes, resident_bytes
from colmodern.types import DocumentEncoder, Progress

_WORDS = (
    *("the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as", "was", "with", "be"),
    *("by", "on", "not", "he", "his", "but", "at", "are", "this", "have", "from", "or", "had"),
    *("an", "they", "which", "one", "you", "were", "all", "her", "she", "there", "would", "their"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencyRow:
    """One set of documents.

    Attributes:
        length: The most tokens of a document.
        kind: ``fixed``: all have ``length`` tokens; ``variable``: normally distributed around half
            of it.
        documents: How many documents were encoded at once, in each run.
        tokens_a_document: Token vectors that came back, in the mean; fewer than asked for where an
            encoder cuts its documents or drops tokens.
        tokens_a_second: Mean of the runs.
        deviation: Standard deviation of the runs.
        peak_bytes: What the process needed at most while encoding them, beyond what it held before
            the first document; None: not known on this system.
        max_batch: How many such documents fit into the memory budget at once; see ``efficiency``.
    """

    length: int
    kind: str
    documents: int
    tokens_a_document: float
    tokens_a_second: float
    deviation: float
    peak_bytes: int | None
    max_batch: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """The efficiency of an encoder.

    Attributes:
        encoder: Its name.
        dim: The length of its token vectors.
        repeats: Over how many runs means are.
        memory_bytes: The budget for ``max_batch``.
        rows: A row for each length and kind.
    """

    encoder: str
    dim: int
    repeats: int
    memory_bytes: int
    rows: tuple[EfficiencyRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    def __repr__(self) -> str:
        """Say what was measured, in one line."""
        rows = ", ".join(
            f"{row.length:,} {row.kind} {row.tokens_a_second:,.0f}/s" for row in self.rows
        )
        return f"<Efficiency {self.encoder}: tokens {rows}>"

    def __str__(self) -> str:
        """Return a table for people."""
        head = f"{self._title()}\nlength  kind      max batch      tokens/s         +-     peak MB"
        return "\n".join([head, *map(_line, self.rows)])

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        return table_html([asdict(row) for row in self.rows], caption=self._title())

    def _title(self) -> str:
        return (
            f"{self.encoder}, dim {self.dim}, mean of {self.repeats} runs, "
            f"budget {self.memory_bytes / 1e6:,.0f} MB"
        )


def efficiency(
    encoder: DocumentEncoder,
    *,
    lengths: Sequence[int] = (512, 8192),
    tokens: int = 32_768,
    repeats: int = 10,
    memory_bytes: int = 4 << 30,
    seed: int = 0,
    progress: Progress | None = None,
) -> Efficiency:
    """Return how many tokens an encoder takes in a second, and how many documents fit into memory.

    Documents are made of common words that are one token each. Peak memory is taken at half of
    them and at all of them, encoded in one call; ``max_batch`` is extrapolated linearly, each
    further document costing at least its own vectors. It is an estimate, of the process's memory:
    that of a GPU is not seen.

    Args:
        encoder: What to measure.
        lengths: Tokens of a document.
        tokens: At most so many tokens in one run, and at least two documents.
        repeats: How many timed runs; one that warms up is not counted.
        memory_bytes: The budget of memory beyond what the process holds already.
        seed: Decides words and lengths.
        progress: Told how far it is.

    Raises:
        ConfigError: A number is out of range.
    """
    for name, value in (("tokens", tokens), ("repeats", repeats), ("memory_bytes", memory_bytes)):
        if value < 1:
            raise ConfigError(
                f"{name} must be at least 1, not {value}.", code="option_out_of_range"
            )
    words, special = _single_token_words(encoder)
    least = special + 1
    if not lengths or min(lengths) < 2 * least:
        raise ConfigError(
            f"lengths must be at least {2 * least} tokens for {encoder.name}, not {list(lengths)}.",
            code="option_out_of_range",
        )
    before = resident_bytes()
    rows = []
    for made in _document_sets(lengths, tokens, words, special, seed):
        peaks = _peaks(encoder, made.texts, before)
        speeds, n_tokens = _speeds(encoder, made, repeats, progress)
        own_bytes = n_tokens * encoder.dim * 4 // len(made.texts)
        rows.append(
            EfficiencyRow(
                length=made.length,
                kind=made.kind,
                documents=len(made.texts),
                tokens_a_document=round(n_tokens / len(made.texts), 1),
                tokens_a_second=round(float(np.mean(speeds)), 1),
                deviation=round(float(np.std(speeds)), 1),
                peak_bytes=peaks[-1][1] if peaks else None,
                max_batch=_max_batch(peaks, own_bytes, memory_bytes),
            )
        )
    return Efficiency(
        encoder=encoder.name,
        dim=encoder.dim,
        repeats=repeats,
        memory_bytes=memory_bytes,
        rows=tuple(rows),
    )


@dataclass(frozen=True, slots=True)
class _DocumentSet:
    length: int
    kind: str
    texts: list[str]


def _document_sets(
    lengths: Sequence[int], tokens: int, words: Sequence[str], special: int, seed: int
) -> Iterator[_DocumentSet]:
    for length in sorted(lengths):
        for kind in ("fixed", "variable"):
            rng = np.random.default_rng(seed)
            n_documents = max(2, tokens // length)
            counts = np.full(n_documents, length)
            if kind == "variable":
                drawn = rng.normal(length / 2, length / 8, n_documents).round().astype(int)
                counts = drawn.clip(special + 1, length)
            texts = [" ".join(rng.choice(words, size=n - special)) for n in counts.tolist()]
            yield _DocumentSet(length, kind, texts)


def _single_token_words(encoder: DocumentEncoder) -> tuple[list[str], int]:
    """Return words that are one token each, and how many tokens a document has beside its words."""
    sizes = list(map(len, encoder.encode_documents(list(_WORDS))))
    least = min(sizes)
    return [word for word, size in zip(_WORDS, sizes, strict=True) if size == least], least - 1


def _peaks(
    encoder: DocumentEncoder, texts: Sequence[str], before: int | None
) -> list[tuple[int, int]]:
    """Return numbers of documents encoded in one call, each with the peak memory beyond before.

    The smaller number comes first: memory that is free again may stay with the process.
    """
    found = []
    for n_documents in (len(texts) // 2, len(texts)):
        forget_peak()
        encoder.encode_documents(texts[:n_documents])
        peak = peak_bytes()
        if before is None or peak is None:
            return []
        found.append((n_documents, max(0, peak - before)))
    return found


def _speeds(
    encoder: DocumentEncoder, made: _DocumentSet, repeats: int, progress: Progress | None
) -> tuple[list[float], int]:
    """Return the tokens a second of each run, and the tokens of one."""
    speeds, n_tokens = [], 0
    for run in range(repeats):
        started = time.perf_counter()
        n_tokens = sum(map(len, encoder.encode_documents(made.texts)))
        speeds.append(n_tokens / (time.perf_counter() - started))
        if progress is not None:
            progress(f"{made.length:,} tokens, {made.kind}", run + 1, repeats)
    return speeds, n_tokens


def _max_batch(peaks: Sequence[tuple[int, int]], own_bytes: int, budget: int) -> int | None:
    """Return how many documents fit, on the line through both peaks; None if nobody knows."""
    if not peaks:
        return None
    (n_few, low), (n_all, high) = peaks
    a_document = max((high - low) / (n_all - n_few), own_bytes, 1)
    return max(0, n_all + int((budget - high) // a_document))


def _line(row: EfficiencyRow) -> str:
    batch = "-" if row.max_batch is None else f"{row.max_batch:,}"
    peak = "-" if row.peak_bytes is None else f"{row.peak_bytes / 1e6:,.0f}"
    return (
        f"{row.length:>6,}  {row.kind:<8}  {batch:>9}  {row.tokens_a_second:>12,.0f}  "
        f"{row.deviation:>9,.0f}  {peak:>10}"
    )
