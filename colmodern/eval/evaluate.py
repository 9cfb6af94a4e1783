"""How good, how fast, how big? One collection, one system, one report."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from colmodern.config import Effort, IndexConfig, SearchParams
from colmodern.errors import MissingExtraError
from colmodern.eval.dataset import Dataset
from colmodern.indexer import Indexer
from colmodern.searcher import Searcher
from colmodern.types import DocumentEncoder, Progress

Run = dict[str, dict[str, float]]
DEPTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured on one collection.

    Attributes:
        dataset: Its name.
        system: What searched.
        queries: How many judged queries.
        measures: Means over the queries, by name (``nDCG@10``, ``R@100``).
        search_ms_median: Median time of one search without encoding the query, milliseconds.
        search_ms_p95: 95th percentile of the same.
        build_s: Seconds to index; 0 if an index was there already.
        n_tokens: Token vectors in the index.
        index_bytes: All files of the index.
    """

    dataset: str
    system: str
    queries: int
    measures: dict[str, float]
    search_ms_median: float = 0.0
    search_ms_p95: float = 0.0
    build_s: float = 0.0
    n_tokens: int = 0
    index_bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, the measures beside the rest."""
        values: dict[str, Any] = asdict(self)
        measures = values.pop("measures")
        head = {key: values.pop(key) for key in ("dataset", "system", "queries")}
        return {**head, **measures, **values}


def evaluate_dataset(
    dataset: Dataset,
    encoder: DocumentEncoder,
    *,
    config: IndexConfig | None = None,
    effort: Effort | str = Effort.MEDIUM,
    work: Path | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Index a collection, search its judged queries and measure.

    Args:
        dataset: The collection.
        encoder: The encoder of documents and queries.
        config: How to index.
        effort: How to search.
        work: A folder to keep the index in, and to find it in again. None: a temporary one.
        threads: Threads of each search.
        progress: Told how far indexing is.
    """
    folder = Path(tempfile.mkdtemp(prefix="colmodern-eval-")) if work is None else work
    config = config or IndexConfig()
    path = folder / f"{dataset.name}-{config.bits}bit-{encoder.fingerprint[:12]}"
    try:
        started = time.perf_counter()
        is_new = not (path / "manifest.json").exists()
        if is_new:
            Indexer(path, encoder, config=config).build(dataset.documents(), progress=progress)
        build_s = time.perf_counter() - started if is_new else 0.0
        with Searcher.open(path, encoder) as searcher:
            params = SearchParams.for_k(DEPTH, effort=effort, threads=threads)
            run, times = _search_all(searcher, encoder, dataset, params)
            n_tokens = searcher.describe()["tokens"]
        return Report(
            dataset=dataset.name,
            system=f"{encoder.name}, {config.bits} bits, effort {effort}",
            queries=len(dataset.queries),
            measures=measure(dataset, run),
            search_ms_median=round(statistics.median(times) * 1e3, 3),
            search_ms_p95=round(sorted(times)[int(len(times) * 0.95)] * 1e3, 3),
            build_s=round(build_s, 1),
            n_tokens=n_tokens,
            index_bytes=sum(f.stat().st_size for f in path.rglob("*") if f.is_file()),
        )
    finally:
        if work is None:
            shutil.rmtree(folder)


def measure(
    dataset: Dataset, run: Run, names: tuple[str, ...] = ("nDCG@10", "R@100")
) -> dict[str, float]:
    """Return the mean of each measure over the judged queries; a query without hits counts 0.

    Args:
        dataset: The judgments.
        run: For each query id, the score of each document found.
        names: Measures as ir-measures writes them.

    Raises:
        MissingExtraError: ir-measures is not installed.
    """
    try:
        import ir_measures
    except ImportError as err:
        raise MissingExtraError(purpose="Evaluation", extra="eval") from err
    measures = [ir_measures.parse_measure(name) for name in names]
    values = ir_measures.calc_aggregate(measures, dataset.qrels, run)
    return {str(name): round(float(values[name]), 4) for name in measures}


def _search_all(
    searcher: Searcher, encoder: DocumentEncoder, dataset: Dataset, params: SearchParams
) -> tuple[Run, list[float]]:
    run: Run = {}
    times = []
    vectors = encoder.encode_queries(list(dataset.queries.values()))
    for query, tokens in zip(dataset.queries, vectors, strict=True):
        started = time.perf_counter()
        hits = searcher.search_embeddings(tokens, params)
        times.append(time.perf_counter() - started)
        run[query] = {hit.doc_id: hit.score for hit in hits}
    return run, times
