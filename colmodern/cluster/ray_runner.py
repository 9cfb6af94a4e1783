"""Who encodes the parts of a plan on many machines? Workers that Ray starts, and starts again.

Ray carries numbers of parts and whether they are done. Texts, vectors and codes stay in files, so a
worker, a machine or the driver that dies costs the parts that were being encoded, and its store of
objects needs next to no memory.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from colmodern.cluster.worker import PartWorker
from colmodern.encoder import load_encoder
from colmodern.errors import ColModernError, ConfigError, EncoderError, MissingExtraError
from colmodern.indexer.shards.plan import PartRecord, Plan
from colmodern.indexer.shards.runner import STAGE
from colmodern.types import DocumentEncoder, Progress

__all__ = ["RayRunner"]

logger = logging.getLogger(__name__)

MOST_DEATHS = 3
"""So many workers may die with one part in hand; then it is the part, or the memory it needs."""

_STORE_BYTES = 128 << 20  # of Ray's store of objects; a driver alone needs no more
_LOOK_SECONDS = 1.0


class RayRunner:
    """Encodes parts by workers of Ray; each holds the model."""

    def __init__(
        self,
        address: str | None = None,
        *,
        encoders: int | None = None,
        gpus_each: float = 0.0,
        load: Callable[[str], DocumentEncoder] = load_encoder,
    ) -> None:
        """Say where and with how many.

        Args:
            address: Of a cluster that runs, as ``auto`` or ``HOST:6379``; None: Ray is
                started on this machine, for this run.
            encoders: How many workers; None: one for each GPU share, or for each machine, since
                one worker uses all cores of it.
            gpus_each: How much of a GPU each worker has; 0: none.
            load: Returns the encoder of a name, on the machine of a worker; it is pickled.

        Raises:
            ConfigError: A number cannot be.
            MissingExtraError: Ray is not installed.
        """
        if encoders is not None and encoders < 1:
            message = f"encoders must be at least 1, not {encoders}."
            raise ConfigError(
                message, code="option_out_of_range", option="encoders", value=encoders
            )
        if not 0 <= gpus_each <= 64:
            message = f"gpus_each must be from 0 to 64, not {gpus_each}."
            raise ConfigError(
                message, code="option_out_of_range", option="gpus_each", value=gpus_each
            )
        self._ray = import_ray()
        self._address = address
        self._encoders = encoders
        self._gpus_each = gpus_each
        self._load = load

    def run(
        self,
        plan: Plan,
        parts: Sequence[PartRecord],
        encoder: DocumentEncoder,  # noqa: ARG002  a worker loads its own
        progress: Progress | None,
    ) -> None:
        """Encode parts; return when all of them are sealed.

        Raises:
            ConfigError: There is no cluster at the address.
            EncoderError: So many workers died with a part that it is given up (``worker_lost``).
            ColModernError: A part cannot be encoded; the others that were begun are finished.
        """
        if not parts:
            return
        with self._cluster():
            n_workers = min(self._encoders or self._room(), len(parts))
            _Run(self._ray, self._started, plan, parts, n_workers, progress).finish()

    def _started(self, folder: Path) -> Any:
        """Return a new worker."""
        remote = self._ray.remote(PartWorker).options(
            num_cpus=0 if self._gpus_each else 1,
            num_gpus=self._gpus_each,
            scheduling_strategy="SPREAD",
            max_concurrency=2,  # it says how far it is while it encodes
            max_restarts=0,  # whoever gives out parts has to know of a death
        )
        return remote.remote(str(folder.absolute()), self._load)

    def _room(self) -> int:
        """Return how many workers there is room for."""
        if self._gpus_each:
            return max(1, int(self._ray.cluster_resources().get("GPU", 0) / self._gpus_each))
        return max(1, sum(bool(node["Alive"]) for node in self._ray.nodes()))

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        """Connect to Ray, or start it; what was started here ends here."""
        if self._ray.is_initialized():
            yield
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        own: dict[str, Any] = {} if self._address else {"include_dashboard": False}
        if not self._address:
            own["object_store_memory"] = _STORE_BYTES
            # By default Ray's workers yield to all else on the machine; a plain build does not.
            os.environ.setdefault("RAY_worker_niceness", "0")
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM) if is_main else None
        try:
            self._ray.init(
                address=self._address or "local",
                log_to_driver=False,
                logging_level=logging.WARNING,
                **own,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigError(
                f"There is no Ray cluster at {self._address or 'this machine'} that can be used: "
                f"{error}",
                code="cluster_unavailable",
                option="ray_address",
                value=self._address,
            ) from error
        finally:
            if is_main:
                signal.signal(signal.SIGTERM, before)  # Ray puts its own there
        try:
            yield
        finally:
            self._ray.shutdown()


def import_ray() -> Any:
    """Return the package of Ray.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtraError(purpose="The runner ray", extra="ray") from error
    return ray


class _Run:
    """The parts that are still to be encoded, and the workers that do."""

    def __init__(
        self,
        ray: Any,
        start: Callable[[Path], Any],
        plan: Plan,
        parts: Sequence[PartRecord],
        n_workers: int,
        progress: Progress | None,
    ) -> None:
        """Start the workers; none has a part yet."""
        self._ray = ray
        self._start = start
        self._plan = plan
        self._progress = progress
        # The largest first, so that no worker is left with one when the others are done.
        self._waiting = deque(sorted(parts, key=lambda part: -part.n_chars))
        self._running: dict[Any, tuple[PartRecord, Any]] = {}
        self._deaths: dict[int, int] = {}
        self._n_before = plan.n_chars - sum(part.n_chars for part in parts)
        self._n_done = 0
        self._began = time.monotonic()
        self._failure: ColModernError | None = None
        self._free = [start(plan.folder) for _ in range(n_workers)]

    def finish(self) -> None:
        """Give out parts until all are done."""
        while self._running or (self._waiting and self._failure is None):
            while self._free and self._waiting and self._failure is None:
                worker, part = self._free.pop(), self._waiting.popleft()
                self._running[worker.encode.remote(part.number)] = part, worker
            done, _ = self._ray.wait(list(self._running), timeout=_LOOK_SECONDS)
            for reference in done:
                self._end(reference, *self._running.pop(reference))
            self._tell()
        if self._failure is not None:
            raise self._failure
        seconds = time.monotonic() - self._began
        logger.info(
            "encoded %d characters in %.0f s, %.0f a second",
            self._n_done,
            seconds,
            self._n_done / max(seconds, 1e-3),
        )

    def _end(self, reference: Any, part: PartRecord, worker: Any) -> None:
        """Take the outcome of a part; one whose worker died waits again."""
        errors = self._ray.exceptions
        try:
            self._ray.get(reference)
        except errors.RayTaskError as error:
            cause = error.cause
            if not isinstance(cause, ColModernError):
                raise
            self._failure = cause
        except (errors.RayActorError, errors.NodeDiedError) as error:
            logger.info("a worker ended: %s", error)
            self._lost(part)
            worker = self._start(self._plan.folder)
        else:
            self._n_done += part.n_chars
        self._free.append(worker)

    def _lost(self, part: PartRecord) -> None:
        """Let a part be encoded again, unless too many workers died of it."""
        deaths = self._deaths[part.number] = self._deaths.get(part.number, 0) + 1
        logger.warning("a worker died while it encoded part %d; again", part.number)
        self._waiting.appendleft(part)
        if deaths >= MOST_DEATHS:
            self._failure = EncoderError(
                f"{deaths} workers ended while they encoded part {part.number} of "
                f"{self._plan.folder} ({part.n_documents} documents). Give workers more memory, or "
                "encode it by itself to see why: colmodern part encode.",
                code="worker_lost",
                value=part.number,
            )

    def _tell(self) -> None:
        """Say how many characters are encoded, also of parts that are not done."""
        if self._progress is None:
            return
        asked = [worker.n_chars.remote() for _, worker in self._running.values()]
        n_more = 0
        for reference in asked:
            try:
                n_more += self._ray.get(reference, timeout=_LOOK_SECONDS)
            except self._ray.exceptions.RayError:
                continue  # it is starting, or died: that is told by its part
        done = min(self._n_before + self._n_done + n_more, self._plan.n_chars)
        self._progress(STAGE, done, self._plan.n_chars)
