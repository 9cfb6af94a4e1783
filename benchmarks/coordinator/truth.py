"""What must an answer be, whichever shards are missing from it?"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Self

from colmodern import Searcher
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.storage import ShardReader
from colmodern.types import QueryEncoder

MODE = {"mode": "hybrid", "effort": "exact", "precise": True}


class Truth:
    """The hits of a shard set, found in this process, shard by shard."""

    def __init__(self, path: Path, encoder: QueryEncoder, n_shards: int, *, k: int) -> None:
        """Open the set at ``path``; answers are to have ``k`` hits."""
        self._stack = ExitStack()
        self._encoder = encoder
        self._k = k
        self._shards = {
            str(number): self._stack.enter_context(
                Searcher(ShardReader.open_shard(path, number), encoder)
            )
            for number in range(1, n_shards + 1)
        }
        self._statistics = cache(self._of_shard)
        self._hits = cache(self._in_shard)

    def __enter__(self) -> Self:
        """Return the truth itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the set."""
        self._stack.close()

    def fault(self, query: str, answer: dict[str, Any]) -> str | None:
        """Return what is wrong with an answer; None if nothing is."""
        missing = {
            one["step"]: {m["shard"] for m in answer["missing"] if m["step"] == one["step"]}
            for one in answer["missing"]
        }
        if answer["partial"] != bool(answer["missing"]):
            return "partial does not say whether something is missing"
        counted = tuple(n for n in self._shards if n not in missing.get("statistics", ()))
        searched = tuple(n for n in counted if n not in missing.get("search", ()))
        expected = self._expected(query, counted, searched)
        found = [(hit["score"], hit["id"]) for hit in answer["hits"]]
        if found != [(score, name) for score, name, _, _ in expected]:
            return f"other hits than {[name for _, name, *_ in expected]}: {found}"
        for hit, (_, name, shard, passage) in zip(answer["hits"], expected, strict=True):
            is_missing = shard in missing.get("passages", ())
            if hit["passage"] != (None if is_missing else passage):
                return f"another passage of {name}"
        return None

    def _expected(
        self, query: str, counted: Sequence[str], searched: Sequence[str]
    ) -> list[tuple[float, str, str, Any]]:
        """Return score, id, shard and passage of the hits of some shards."""
        found = [
            (hit.score, hit.doc_id, shard, hit.passage.to_dict() if hit.passage else None)
            for shard in searched
            for hit in self._hits(query, counted, shard)
        ]
        return sorted(found, key=lambda one: (-one[0], one[1]))[: self._k]

    def _of_shard(self, query: str, shard: str) -> GlobalStatistics:
        return self._shards[shard].statistics(query)

    def _in_shard(self, query: str, counted: Sequence[str], shard: str) -> Any:
        parts = [self._statistics(query, one) for one in counted]
        (tokens,) = self._encoder.encode_queries([query])
        return self._shards[shard].search_embeddings(
            tokens,
            query=query,
            statistics=functools.reduce(operator.add, parts),
            mode=MODE["mode"],
            effort=MODE["effort"],
            k=self._k,
            threads=1,
        )
