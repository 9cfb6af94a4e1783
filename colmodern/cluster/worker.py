"""What does a worker do? It holds a model, and encodes the parts that it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from colmodern.indexer.shards.encode import encode_part
from colmodern.indexer.shards.plan import Plan, read_plan
from colmodern.types import DocumentEncoder

__all__ = ["PartWorker"]


class PartWorker:
    """Encodes parts of one plan, one at a time; another thread may ask how far it is."""

    def __init__(self, folder: str, load: Callable[[str], DocumentEncoder]) -> None:
        """Read nothing yet: plan and model are read when the first part needs them.

        Args:
            folder: The folder of the plan, as this machine sees it.
            load: Returns the encoder of a name.
        """
        self._folder = Path(folder)
        self._plan: Plan | None = None
        self._load = load
        self._encoder: DocumentEncoder | None = None
        self._n_chars = 0
        self._counts = threading.Lock()

    def encode(self, number: int) -> bool:
        """Encode a part, unless that is done; return whether anything was to be done.

        Raises:
            IndexNotFoundError: This machine does not see the plan.
            ColModernError: As ``encode_part``.
        """
        self._n_chars = 0
        plan = self._plan = self._plan or read_plan(self._folder)
        return encode_part(plan, plan.part(number), self._loaded, done=self._count)

    def n_chars(self) -> int:
        """Return how many characters of the part that is encoded are done."""
        return self._n_chars

    def _loaded(self) -> DocumentEncoder:
        assert self._plan is not None
        if self._encoder is None:
            self._encoder = self._load(self._plan.encoder.name)
        return self._encoder

    def _count(self, n_chars: int) -> None:
        with self._counts:
            self._n_chars += n_chars
