"""What do two systems find together?"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from colmodern.errors import ConfigError
from colmodern.eval.systems.system import Answer, Built, System
from colmodern.types import Document, Progress

_DEPTH = 100


class Hybrid:
    """Reciprocal rank fusion: a document scores the sum of 1 / (constant + rank) over the systems.

    Cormack, Clarke and Buettcher, Reciprocal Rank Fusion outperforms Condorcet and individual Rank
    Learning Methods, SIGIR 2009; their constant is 60.
    """

    def __init__(self, parts: Sequence[System], *, constant: int = 60) -> None:
        """Fuse systems.

        Raises:
            ConfigError: There are fewer than two, or the constant is negative.
        """
        if len(parts) < 2 or constant < 0:
            raise ConfigError(
                "A hybrid needs two systems and a constant of at least 0.",
                code="option_out_of_range",
            )
        self._parts = list(parts)
        self._constant = constant

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return " + ".join(part.name for part in self._parts)

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again, if it can make the parts."""
        specs = [part.spec for part in self._parts]
        if self._constant != 60 or any(spec is None for spec in specs):
            return None
        return "hybrid:" + "+".join(filter(None, specs))

    @property
    def options(self) -> Mapping[str, Any]:
        """The constant, and the options of each part."""
        return {"constant": self._constant, "parts": [dict(part.options) for part in self._parts]}

    def index(
        self, documents: Iterable[Document], folder: Path, *, progress: Progress | None = None
    ) -> Built:
        """Index documents with each part."""
        built = [part.index(documents, folder, progress=progress) for part in self._parts]
        return Built(
            index_bytes=_total([one.index_bytes for one in built]),
            n_tokens=next((one.n_tokens for one in built if one.n_tokens is not None), None),
            build_s=_total([one.build_s for one in built]),
            build_peak_bytes=max(
                (one.build_peak_bytes for one in built if one.build_peak_bytes), default=None
            ),
            fingerprints={
                f"{key} {number}": value
                for number, one in enumerate(built, 1)
                for key, value in one.fingerprints.items()
            },
        )

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Fuse the answers of all parts, at least 100 hits of each; times add up."""
        answers = [part.search(queries, max(k, _DEPTH)) for part in self._parts]
        for found in zip(*answers, strict=True):
            started = time.perf_counter()
            ranking = self._fuse([answer.ranking for answer in found])[:k]
            fused_s = time.perf_counter() - started
            search_s = _total([answer.search_s for answer in found])
            yield Answer(
                ranking,
                _total([answer.encode_s for answer in found]),
                None if search_s is None else search_s + fused_s,
            )

    def close(self) -> None:
        """Close all parts."""
        for part in self._parts:
            part.close()

    def _fuse(
        self, rankings: Sequence[Sequence[tuple[str, float]]]
    ) -> tuple[tuple[str, float], ...]:
        scores: dict[str, float] = {}
        for ranking in rankings:
            for rank, (document, _) in enumerate(ranking, 1):
                scores[document] = scores.get(document, 0.0) + 1.0 / (self._constant + rank)
        return tuple(sorted(scores.items(), key=lambda item: -item[1]))


def _total(numbers: Sequence[Any]) -> Any:
    return None if any(number is None for number in numbers) else sum(numbers)
