"""How does one change of a shard set happen? Planned, encoded in parts, committed in one step.

It has what a transaction of one index has for texts. Nobody sees anything of it before the commit;
what an attempt that was killed has finished is taken over part by part.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from colmodern.codec import Codec
from colmodern.errors import ConfigError, IndexExistsError, IndexNotFoundError
from colmodern.indexer.kept_config import config_of
from colmodern.indexer.plan import PART_TOKENS
from colmodern.indexer.report import IndexReport
from colmodern.indexer.shards.commit import commit_plan, unfinished
from colmodern.indexer.shards.plan import Plan
from colmodern.indexer.shards.planning import Planner
from colmodern.indexer.shards.runner import HereRunner, PartRunner
from colmodern.indexer.sources.files import FileChanges
from colmodern.indexer.sources.spool import Spool
from colmodern.request import IndexConfig
from colmodern.storage import (
    LocalDirectory,
    LockedShardSet,
    Manifest,
    ShardSetReader,
)
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.shard_set import MOST_SHARDS
from colmodern.types import DocumentEncoder, Progress

__all__ = ["ShardedTransaction", "checked_shards"]

logger = logging.getLogger(__name__)


class ShardedTransaction:
    """One change of the shard set in a folder, from its lock to its commit; use ``open``.

    Attributes:
        path: The folder of the set.
        manifest: What is there, as the manifest of one index; None: there is no set yet.
        spool: Documents that wait to be encoded.
        report: What is done.
        progress: Told how far it is.
        plan: What is done, once it is planned; None: nothing.
    """

    def __init__(
        self,
        path: Path,
        locked: LockedShardSet,
        spool: Spool,
        progress: Progress | None,
        *,
        n_shards: int | None,
        runner: PartRunner | None,
        part_tokens: int | None,
        plans_only: bool,
    ) -> None:
        """Start without changes; callers use ``open``."""
        self.plan: Plan | None = None
        self._plans_only = plans_only
        self.path = path
        self.spool = spool
        self.report = IndexReport()
        self.progress = progress
        self._locked = locked
        self._runner = runner or HereRunner()
        self._part_tokens = part_tokens or PART_TOKENS
        self._snapshot = None if locked.record is None else locked.snapshot()
        self.manifest: Manifest | None = None if self._snapshot is None else self._snapshot.manifest
        n_now = n_shards if locked.record is None else len(locked.record.shards)
        assert n_now is not None  # whoever makes a set says how many
        if n_shards not in (None, n_now):
            raise ConfigError(
                f"The shard set {path} has {n_now} shards, not {n_shards}, and each document has "
                "its place by that number. Index into another folder to have another.",
                code="option_conflict",
                option="shards",
                value=n_shards,
            )
        self.n_shards = n_now

    @classmethod
    @contextmanager
    def open(
        cls,
        path: Path,
        *,
        exists: bool | None = None,
        progress: Progress | None = None,
        n_shards: int | None = None,
        runner: PartRunner | None = None,
        part_tokens: int | None = None,
        plans_only: bool = False,
    ) -> Iterator[Self]:
        """Take the lock, look at what is there, and let it go at the end.

        Args:
            path: The folder of the set.
            exists: Whether there must be a set, or must be none; None: there may be one.
            progress: Told how far the change is.
            n_shards: How many shards a new set gets; one that is there must have as many.
            runner: Who encodes; None: this process.
            part_tokens: How many tokens a part has, about.
            plans_only: Whether the change ends when its plan is written.

        Raises:
            ConfigError: The set that is there has another number of shards.
            IndexNotFoundError: There is no set.
            IndexExistsError: There is one, or the folder holds files of somebody else.
            IndexLockedError: Another process is writing to it.
            IndexWriteError: The disk is full or refuses.
        """
        started = time.perf_counter()
        with writing(path):
            locked = LockedShardSet(LocalDirectory(path))
            try:
                if exists is False and locked.record is not None:
                    message = (
                        f"There is a shard set at {path} already. Update it, or choose another."
                    )
                    raise IndexExistsError(message, path=path)
                if exists and locked.record is None:
                    message = f"There is no shard set at {path}. Make one with `colmodern index`."
                    raise IndexNotFoundError(message, path=path)
                with Spool(path) as spool:
                    transaction = cls(
                        path,
                        locked,
                        spool,
                        progress,
                        n_shards=n_shards,
                        runner=runner,
                        part_tokens=part_tokens,
                        plans_only=plans_only,
                    )
                    try:
                        yield transaction
                    finally:
                        transaction._let_go()
            finally:
                locked.release()
        transaction.report.seconds = time.perf_counter() - started

    @property
    def snapshot(self) -> ShardSetReader:
        """The state that is there."""
        if self._snapshot is None:
            message = f"There is no shard set at {self.path}."
            raise IndexNotFoundError(message, path=self.path)
        return self._snapshot

    @property
    def config(self) -> IndexConfig:
        """How the set that is there was built."""
        return config_of(self.snapshot.manifest.config)

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each live document by id; none where there is no set."""
        return {} if self._snapshot is None else self._snapshot.content_hashes()

    def content_hash(self, document_id: str) -> str | None:
        """Return the content hash of a live document; None: there is no such document."""
        return None if self._snapshot is None else self._snapshot.content_hash(document_id)

    def write_texts(
        self,
        encoder: DocumentEncoder,
        config: IndexConfig,
        changes: FileChanges,
        codec: Codec | None = None,
        *,
        is_new: bool,
    ) -> None:
        """Plan, encode and commit: the spool is added, what is gone deleted.

        Args:
            encoder: Makes the vectors.
            config: How the set is built.
            changes: What is deleted, and what to remember of files.
            codec: The codec of a new set; None: one is trained.
            is_new: Whether the set is to be made of the spool alone.
        """
        snapshot = None if is_new else self.snapshot
        planner = Planner(self.spool, self._locked, snapshot, self.n_shards, self._part_tokens)
        plan = self.plan = planner.write(encoder, config, changes, codec, progress=self.progress)
        if not is_new:
            gone = changes.deleted - planner.hashes.keys()
            self.report.deleted = len(gone & self.content_hashes().keys())
        if plan is None:
            self._count()
            return
        waiting = unfinished(plan)
        n_waiting = sum(part.n_documents for part in waiting)
        self.report.continued = sum(part.n_documents for part in plan.parts) - n_waiting
        if self._plans_only:
            return
        self._runner.run(plan, waiting, encoder, self.progress)
        self._let_go()  # of files that the commit removes
        record = commit_plan(self._locked, plan)
        self.report.documents, self.report.tokens = record.n_documents, record.n_tokens

    def _count(self) -> None:
        self.report.documents = self.snapshot.n_documents
        self.report.tokens = self.snapshot.n_tokens

    def _let_go(self) -> None:
        if self._snapshot is not None:
            self._snapshot.close()


def checked_shards(n_shards: int | None) -> int | None:
    """Return a number of shards that there can be.

    Raises:
        ConfigError: It is none.
    """
    if n_shards is not None and (type(n_shards) is not int or not 0 < n_shards <= MOST_SHARDS):
        raise ConfigError(
            f"shards must be from 1 to {MOST_SHARDS:,}, not {n_shards!r}.",
            code="option_out_of_range",
            option="shards",
            value=n_shards,
        )
    return n_shards
