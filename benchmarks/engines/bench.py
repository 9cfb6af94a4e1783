"""The steps of a measurement.

Every result is a JSON file, so that a step can be done again by itself.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import measures
from benchmarks.engines.adapters import EngineError
from benchmarks.engines.process import run_job
from benchmarks.engines.truth import exact_scores
from benchmarks.engines.variants import AS_FAST_PLAID, SAMPLED, Variant
from benchmarks.engines.vector_set import VectorSet

_BUILD_THREADS = 2
_KMEANS_TOKENS = 400_000
_TUNING_QUERIES = 50
_TUNING_BUDGET = 6.0
_TUNING_AT_LEAST = 10
_SEARCH_BUDGET = 20.0
_SEARCH_AT_LEAST = 15
_RECALL_AT_LEAST = 25
_RECALL_BUDGET = 300.0
_BRIEF = 7
_COLD_STARTS = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """One set of vectors, and where its results go.

    Attributes:
        name: The name of the set.
        vectors: Its vectors.
        work: Gets ``indexes``, ``results``, ``logs`` and ``truth``, each with a folder a set.
        peers_python: The interpreter of the peers' environment.
        brief: Try few points of a grid, for a trial of the benchmark itself.
    """

    name: str
    vectors: VectorSet
    work: Path
    peers_python: Path
    brief: bool = False

    def truth(self) -> NDArray[np.float32]:
        """Return the exact scores, computed on the first call ever."""
        return exact_scores(self.vectors, self.work / "truth" / f"{self.name}.npy")

    def result(self, variant: str, step: str) -> dict[str, Any] | None:
        """Return the result of a step, if it was done."""
        path = self._result_path(variant, step)
        if not path.exists():
            return None
        stored: dict[str, Any] = json.loads(path.read_text())
        return stored

    def build(self, variant: Variant) -> None:
        """Build an index from nothing."""
        folder = self._index(variant)
        shutil.rmtree(folder, ignore_errors=True)
        self._forget(variant, "tune", "recall", "search")
        folder.parent.mkdir(parents=True, exist_ok=True)
        wanted = variant.options | variant.of_set.get(self.name, {})
        options = {name: self._option(value) for name, value in wanted.items()}
        self._save(variant, "build", self._run(variant, "build", _BUILD_THREADS, options=options))

    def _option(self, value: Any) -> Any:
        if value == AS_FAST_PLAID:
            return self._centroids_of_fast_plaid()
        return self._documents_for_kmeans() if value == SAMPLED else value

    def tune(self, variant: Variant) -> None:
        """Try all points of a grid on some of the queries, with one thread."""
        self._forget(variant, "recall", "search")
        points = variant.grid[:: _BRIEF if self.brief else 1]
        budget = _TUNING_BUDGET / (_BRIEF if self.brief else 1)
        passes = _passes(
            points, n_queries=_TUNING_QUERIES, budget=budget, at_least=_TUNING_AT_LEAST
        )
        done = self._run(variant, "search", 1, first=points[0], passes=passes, log="tune")
        self._save(variant, "tune", done | {"passes": self._measured(done["passes"])})

    def points(self, variant: Variant) -> dict[str, dict[str, Any]]:
        """Return the points to measure in full: the fixed ones and the best of the grid."""
        if not variant.grid:
            return variant.points
        tuned = self.result(variant.name, "tune")
        if tuned is None:
            raise EngineError(f"{variant.name} on {self.name}: do the step tune first.")
        tried = [
            measures.Operating(one["point"], one["recall_10"], one["median_ms"])
            for one in tuned["passes"]
        ]
        return variant.points | measures.chosen_points(tried)

    def _first(self, variant: Variant) -> dict[str, Any]:
        """Return the point of the first query after opening."""
        points = self.points(variant)
        return next(iter(points.values())) if variant.is_peer else points["medium"]

    def recall(self, variant: Variant) -> None:
        """Ask all queries at every point, or as many as five minutes allow.

        On a busy machine these may be fewer; what is found for them stays the same.
        """
        points = self.points(variant)
        passes = _passes(
            points.values(),
            n_queries=self.vectors.describe()["queries"],
            budget=_RECALL_BUDGET / (_BRIEF if self.brief else 1),
            at_least=_RECALL_AT_LEAST,
        )
        done = self._run(
            variant, "search", 2, first=self._first(variant), passes=passes, log="recall"
        )
        found = dict(zip(points, self._measured(done["passes"]), strict=True))
        self._save(variant, "recall", {"points": found})

    def search(self, variant: Variant) -> None:
        """Measure cold starts, then latency with one and two threads, then recall@100.

        A pass that measures latency ends when it has taken long enough.
        """
        points = self.points(variant)
        default = self._first(variant)
        n_queries = self.vectors.describe()["queries"]
        found = self.result(variant.name, "recall")
        if found is None:
            raise EngineError(f"{variant.name} on {self.name}: do the step recall first.")
        recalls = found["points"]

        def passes(k: int) -> list[dict[str, Any]]:
            return _passes(
                points.values(),
                k=k,
                n_queries=n_queries,
                budget=_SEARCH_BUDGET,
                at_least=_SEARCH_AT_LEAST,
            )

        cold = [
            self._run(variant, "search", 1, first=default, passes=[], log="cold")
            for _ in range(_COLD_STARTS)
        ]
        one = self._run(variant, "search", 1, first=default, passes=passes(10), log="search-1")
        two = self._run(variant, "search", 2, first=default, passes=passes(10), log="search-2")
        deep = self._run(variant, "search", 2, first=default, passes=passes(100), log="search-100")
        by_k = zip(
            points,
            self._measured(one["passes"]),
            self._measured(two["passes"]),
            self._measured(deep["passes"]),
            strict=True,
        )
        result = {
            "at": one["at"],
            "load_before": cold[0]["load_before"],
            "import_seconds": statistics.median(run["import_seconds"] for run in cold),
            "open_seconds": statistics.median(run["open_seconds"] for run in cold),
            "first_query_seconds": statistics.median(run["first_query_seconds"] for run in cold),
            "peak_mib": one["peak_mib"],
            "peak_own_mib": one["peak_own_mib"],
            "points": [
                {
                    "name": name,
                    "point": first["point"],
                    "one": first,
                    "two": second,
                    "deep": third,
                    "recall": recalls[name],
                }
                for name, first, second, third in by_k
            ],
        }
        self._save(variant, "search", result)

    def _measured(self, passes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return figures in place of the times and hits of each pass."""
        truth = self.truth()
        return [
            {
                "point": one["point"],
                "k": one["k"],
                "queries": len(one["hits"]),
                "recall_10": measures.recall(one["hits"], truth, 10),
                f"recall_{one['k']}": measures.recall(one["hits"], truth, one["k"]),
                "median_ms": statistics.median(one["seconds"]) * 1e3,
                "p95_ms": measures.percentile(one["seconds"], 0.95) * 1e3,
                "busy_cores": one["busy_cores"],
            }
            for one in passes
        ]

    def _run(
        self, variant: Variant, step: str, threads: int, *, log: str | None = None, **job: Any
    ) -> dict[str, Any]:
        print(f"{self.name}: {variant.name}, {log or step}", flush=True)
        job |= {
            "step": step,
            "adapter": variant.adapter,
            "vectors": str(self.vectors.folder.resolve()),
            "index": str(self._index(variant).resolve()),
            "threads": threads,
        }
        python = self.peers_python if variant.is_peer else Path(sys.executable)
        path = self.work / "logs" / self.name / f"{variant.name}.{log or step}.log"
        return run_job(python, job, threads=threads, log=path)

    def _centroids_of_fast_plaid(self) -> int:
        built = self.result("fast-plaid-4", "build")
        if built is None:
            raise EngineError(f"Build fast-plaid-4 on {self.name} first: its centroids are wanted.")
        centroids: int = built["about"]["centroids"]
        return centroids

    def _documents_for_kmeans(self) -> int:
        about = self.vectors.describe()
        return min(about["documents"], _KMEANS_TOKENS * about["documents"] // about["tokens"])

    def _index(self, variant: Variant) -> Path:
        return self.work / "indexes" / self.name / variant.name

    def _result_path(self, variant: str, step: str) -> Path:
        return self.work / "results" / self.name / f"{variant}.{step}.json"

    def _forget(self, variant: Variant, *steps: str) -> None:
        """Drop results of steps that rest on what is about to be done again."""
        for step in steps:
            self._result_path(variant.name, step).unlink(missing_ok=True)

    def _save(self, variant: Variant, step: str, result: dict[str, Any]) -> None:
        path = self._result_path(variant.name, step)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")


def _passes(
    points: Iterable[dict[str, Any]], *, n_queries: int, budget: float, at_least: int, k: int = 10
) -> list[dict[str, Any]]:
    """Return the options of ``worker.one_pass``, for each point once."""
    return [
        {"k": k, "point": point, "n_queries": n_queries, "budget": budget, "at_least": at_least}
        for point in points
    ]
