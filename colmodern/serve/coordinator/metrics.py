"""What does a coordinator count? Each shard's answers, errors, second requests and circuits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from colmodern.serve.coordinator.circuit import CircuitState
from colmodern.serve.metrics import BUCKETS, Metrics

if TYPE_CHECKING:
    from colmodern.serve.coordinator.shard import Shard

_LEVEL = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class CoordinatorMetrics(Metrics):
    """The numbers of a coordinator."""

    def __init__(self) -> None:
        """Begin to count."""
        super().__init__()
        self._seconds = Histogram(
            "colmodern_shard_seconds",
            "Time until a shard has answered a step: statistics, search, passages, and others.",
            ("shard", "step"),
            registry=self._registry,
            buckets=BUCKETS,
        )
        self._errors = self._counter(
            "colmodern_shard_errors", "Requests to servers that failed, by code.", "shard", "code"
        )
        self._hedges = self._counter(
            "colmodern_shard_hedges",
            "Second requests to another server of a shard, and whose answer came first.",
            "shard",
            "first",
        )
        self._missing = self._counter(
            "colmodern_shard_missing",
            "Requests that a shard does not answer, by code; they may be refused for it.",
            "shard",
            "code",
        )
        self._partial = self._counter(
            "colmodern_partial_answers", "Answers from which a shard is missing."
        )
        self._restarts = self._counter(
            "colmodern_search_restarts", "Searches that started over: a shard had changed."
        )

    def watch(self, shards: Sequence[Shard]) -> None:
        """Also tell the circuits of these."""
        self._registry.register(_Circuits(shards))

    def count_answer(self, shard: str, step: str, seconds: float) -> None:
        """Count an answer of a shard."""
        self._seconds.labels(shard, step).observe(seconds)

    def count_error(self, shard: str, code: str) -> None:
        """Count a request to a server that failed."""
        self._errors.labels(shard, code).inc()

    def count_hedge(self, shard: str, *, is_won: bool) -> None:
        """Count a second request, and whether its answer came first."""
        self._hedges.labels(shard, "second" if is_won else "first").inc()

    def count_partial(self) -> None:
        """Count an answer without some shards."""
        self._partial.inc()

    def count_missing(self, missing: Sequence[tuple[str, str]]) -> None:
        """Count that shards do not answer a request, each with the code of why."""
        for shard, code in missing:
            self._missing.labels(shard, code).inc()

    def count_restart(self) -> None:
        """Count a search that starts over."""
        self._restarts.inc()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self._registry)


class _Circuits:
    """What is so when somebody looks."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = shards

    def collect(self) -> Iterator[Metric]:
        """Yield gauges."""
        circuits = GaugeMetricFamily(
            "colmodern_shard_circuit",
            "Whether a server is asked: 0 yes, 1 it is tried, 2 no.",
            labels=("shard", "server"),
        )
        asked = GaugeMetricFamily(
            "colmodern_shard_asked",
            "Requests that a server has not answered yet.",
            labels=("shard", "server"),
        )
        for shard in self._shards:
            for server in shard.servers:
                circuits.add_metric((shard.name, server.url), _LEVEL[server.circuit.state])
                asked.add_metric((shard.name, server.url), server.n_asked)
        yield from (circuits, asked)
