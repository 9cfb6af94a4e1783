"""How does an agent on this machine get its work done? With indexes that the first call opens."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from colmodern.errors import ColModernError
from colmodern.serve.admission import Admission
from colmodern.serve.config import ServeConfig
from colmodern.serve.mcp.desk import Caller
from colmodern.serve.served import Library, ServedIndex, Work
from colmodern.serve.stopwatch import Stopwatch
from colmodern.types import QueryEncoder

logger = logging.getLogger(__name__)

T = TypeVar("T")
Find = Callable[[], Mapping[str, Path]]


class LocalDesk:
    """Opens the indexes at the first call, and looks for new commits at each."""

    def __init__(
        self, find: Find, config: ServeConfig, *, encoder: QueryEncoder | None = None
    ) -> None:
        """Work on the indexes that ``find`` returns when it is called, by name."""
        self.config = config
        self.is_local = True
        self._find = find
        self._encoder = encoder
        self._library: Library | None = None
        self._opening = threading.Lock()
        self._refreshing = threading.Lock()
        self._admission = Admission(
            threads=config.threads or os.cpu_count() or 1, queue=config.queue
        )

    async def run(
        self,
        _caller: Caller,
        work: Work[T],
        *,
        is_change: bool = False,
        is_apart: bool = False,  # noqa: ARG002  there is one process
    ) -> T:
        """Return what ``work`` returns; see ``Desk.run``."""
        library = await asyncio.to_thread(self._opened)
        watch = Stopwatch(math.inf if is_change else self.config.deadline)
        try:
            if is_change:
                return await asyncio.to_thread(work, library, watch, 1)
            async with watch.bound():
                return await self._admission.run(partial(work, library, watch))
        except asyncio.CancelledError:
            watch.cancel()
            raise

    def close(self) -> None:
        """Let go of the indexes, once the work that runs has ended."""
        self._admission.close()
        if self._library is not None:
            self._library.close()

    def _opened(self) -> Library:
        """Return the indexes in their newest state; one that failed to open is tried again."""
        with self._opening:
            if self._library is None:
                found = self._find()
                opened = [ServedIndex(name, at, self._encoder) for name, at in found.items()]
                self._library = Library(opened)
        with self._refreshing:
            for index in self._library:
                _refresh(index)
        return self._library


def _refresh(index: ServedIndex) -> None:
    try:
        index.refresh(retry=False)
    except (ColModernError, OSError, ValueError) as error:
        logger.error(  # noqa: TRY400
            "index %s: generation %d is served on: %s", index.name, index.generation, error
        )
