"""What is counted? In the names and units that Prometheus knows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from colmodern.serve.admission import Admission
from colmodern.serve.searching.pool import SearchPool
from colmodern.serve.served import Library
from colmodern.serve.writing.writer import Writer

CONTENT_TYPE = CONTENT_TYPE_LATEST

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The numbers of every server; of this process alone, whose threads they count."""

    def __init__(self) -> None:
        """Begin to count."""
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "colmodern_request_seconds",
            "Time from a request to its answer.",
            ("route", "status"),
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._stages = Histogram(
            "colmodern_stage_seconds",
            "Time of a stage of a search: queue, filter, encode, words, candidates, rescore, "
            "passages; of a coordinator statistics and search too.",
            ("stage",),
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._refused = Counter(
            "colmodern_refused",
            "Requests that failed, by code.",
            ("code",),
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        # A look-up of labels takes a lock and as long as what is counted.
        self._of_request = cache(self._requests.labels)
        self._of_stage = cache(self._stages.labels)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._of_request(route, str(status)).observe(seconds)

    def count_stages(self, seconds: Mapping[str, float]) -> None:
        """Count the stages of a search."""
        for stage, value in seconds.items():
            self._of_stage(stage).observe(value)

    def count_refusal(self, code: str) -> None:
        """Count a request that failed."""
        self._refused.labels(code).inc()

    def page(self) -> bytes:
        """Return what Prometheus reads."""
        return generate_latest(self._registry)


class IndexMetrics(Metrics):
    """The numbers of a server of indexes."""

    def __init__(
        self,
        library: Library,
        admission: Admission,
        writers: Mapping[str, Writer],
        pool: SearchPool | None = None,
    ) -> None:
        """Begin to count."""
        super().__init__()
        self._refresh_failures = Counter(
            "colmodern_refresh_failures",
            "Commits that could not be opened; the state before is served on.",
            ("index",),
            registry=self._registry,
        )
        self._registry.register(_State(library, admission, writers))
        if pool is not None:
            self._registry.register(_Processes(pool))

    def count_refresh_failure(self, index: str) -> None:
        """Count a commit that could not be opened."""
        self._refresh_failures.labels(index).inc()


class _Processes:
    """What is so of the processes that search, when somebody looks."""

    def __init__(self, pool: SearchPool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """Yield gauges and a counter."""
        yield GaugeMetricFamily("colmodern_workers", "Processes that search.", self._pool.n_alive)
        yield GaugeMetricFamily(
            "colmodern_worker_resident_bytes",
            "Their memory; pages of files that they share count in each.",
            self._pool.resident_bytes(),
        )
        yield CounterMetricFamily(
            "colmodern_worker_deaths", "Of them, so many died.", self._pool.n_deaths
        )


class _State:
    """What is so when somebody looks."""

    def __init__(
        self, library: Library, admission: Admission, writers: Mapping[str, Writer]
    ) -> None:
        self._library = library
        self._admission = admission
        self._writers = writers

    def collect(self) -> Iterator[Metric]:
        """Yield gauges."""
        yield GaugeMetricFamily(
            "colmodern_queue", "Requests that wait for a thread.", self._admission.n_waiting
        )
        yield GaugeMetricFamily(
            "colmodern_busy_threads", "Threads that search.", self._admission.n_busy
        )
        generation = GaugeMetricFamily(
            "colmodern_index_generation", "The commit that is served.", labels=("index",)
        )
        age = GaugeMetricFamily(
            "colmodern_index_age_seconds", "Since that commit was opened.", labels=("index",)
        )
        mapped = GaugeMetricFamily(
            "colmodern_index_mapped_bytes", "Bytes of its files.", labels=("index",)
        )
        tokens = CounterMetricFamily(
            "colmodern_encoded_tokens", "Tokens of queries encoded.", labels=("index",)
        )
        for one in self._library:
            generation.add_metric((one.name,), one.generation)
            age.add_metric((one.name,), max(0.0, time.time() - one.opened))
            mapped.add_metric((one.name,), one.mapped_bytes)
            tokens.add_metric((one.name,), one.encoder.n_tokens)
        jobs = GaugeMetricFamily(
            "colmodern_jobs", "Changes that are accepted and not committed.", labels=("index",)
        )
        for name, writer in self._writers.items():
            jobs.add_metric((name,), writer.journal.n_waiting)
        yield from (generation, age, mapped, tokens, jobs)
