"""How is a damaged index mended? What is sound stays; the rest is made again, or listed as lost.

It is one transaction as any other: what lies there stays until the repaired index takes its place,
so a repair that is killed can be started again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colmodern.codec import Codec
from colmodern.errors import IndexLockedError
from colmodern.indexer.mending import Mending
from colmodern.indexer.transaction import Transaction
from colmodern.storage import (
    LocalDirectory,
    LockedIndex,
    Manifest,
    Problem,
    SourceRecord,
    verify,
)
from colmodern.storage.format.names import MANIFEST
from colmodern.storage.snapshot.files import pending_after
from colmodern.storage.snapshot.remains import read_manifest_or_none
from colmodern.storage.snapshot.verification import problems_of
from colmodern.storage.writer.leftovers import remove_unlisted
from colmodern.types import DocumentEncoder, EncoderIdentity, Progress

__all__ = ["RepairReport", "repair_one"]


@dataclass(slots=True, kw_only=True)
class RepairReport:
    """What a repair found and did.

    Attributes:
        problems: What was wrong.
        kept: Documents that were left alone.
        copied: Documents whose codes were written again.
        encoded: Documents that were encoded again from the texts in the index.
        read: Documents that were encoded again from their files.
        lost: Ids of documents that are lost.
        n_unnamed: How many more are lost, whose ids are lost, too; where some were deleted before,
            at least so many.
        n_unreadable: Segments of which nobody knows what they held, for the manifest is lost, too.
        unsure: Ids of documents that are there and may have been deleted before.
        documents: Documents in the index now.
        tokens: Token vectors in the index now.
        seconds: Wall time.
        is_planned: Nothing was changed: the counts say what would be done, and ``documents`` and
            ``tokens`` what the damaged index names (0, if its manifest is lost).
    """

    problems: list[Problem] = field(default_factory=list)
    kept: int = 0
    copied: int = 0
    encoded: int = 0
    read: int = 0
    lost: list[str] = field(default_factory=list)
    n_unnamed: int = 0
    n_unreadable: int = 0
    unsure: list[str] = field(default_factory=list)
    documents: int = 0
    tokens: int = 0
    seconds: float = 0.0
    is_planned: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the index holds just what it held before the damage."""
        return not (self.lost or self.n_unnamed or self.n_unreadable or self.unsure)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        counts = ("documents", "tokens", "kept", "copied", "encoded", "read")
        return {
            "problems": [str(problem) for problem in self.problems],
            **{name: getattr(self, name) for name in counts},
            "lost": list(self.lost),
            "lost_unnamed": self.n_unnamed,
            "lost_segments": self.n_unreadable,
            "unsure": list(self.unsure),
            "seconds": round(self.seconds, 2),
            "dry_run": self.is_planned,
        }


def repair_one(
    path: str | Path,
    encoder: DocumentEncoder | EncoderIdentity | None = None,
    *,
    codec: Codec | None = None,
    sources: Sequence[SourceRecord] | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> RepairReport:
    """Mend one index; see ``repair``.

    Args:
        path: The folder of the index.
        encoder: As for ``repair``.
        codec: Used where everything is encoded again; None: one is trained.
        sources: The files that its documents were read from; None: as the index has it.
        dry_run: As for ``repair``.
        progress: Told how far it is.
    """
    directory = LocalDirectory(path)
    read_manifest_or_none(directory)  # what is none gets no lock file
    if dry_run:
        return _planned(directory, progress)
    locked = LockedIndex(directory, is_damaged=True)
    try:
        manifest = read_manifest_or_none(directory)
        problems = _problems(directory, manifest)
        if manifest is not None and not problems:
            # a repair may have been killed between its commit and its end
            remove_unlisted(directory, manifest, pending_after(directory, manifest))
            return RepairReport(documents=manifest.n_documents, tokens=manifest.n_tokens)
        damaged = {_name(directory, p.path) for p in problems}
        mending = Mending(directory, manifest, damaged, codec=codec, sources=sources)
        locked.build_on(mending.base, manifest)
        with Transaction.of(locked, progress=progress) as transaction:
            mending.write(transaction, encoder)
    finally:
        locked.release()
    return RepairReport(
        problems=problems,
        **mending.outcome(),
        documents=transaction.report.documents,
        tokens=transaction.report.tokens,
        seconds=transaction.report.seconds,
    )


def _planned(directory: LocalDirectory, progress: Progress | None) -> RepairReport:
    """Return what a repair would do; no lock is taken, and nothing is written.

    Raises:
        IndexLockedError: The index was changed meanwhile.
    """
    started = time.perf_counter()
    version = directory.version(MANIFEST)
    manifest = read_manifest_or_none(directory)
    problems, found = _problems(directory, manifest), {}
    if problems or manifest is None:
        mending = Mending(directory, manifest, {_name(directory, p.path) for p in problems})
        mending.collect(lambda _: None, progress)
        found = mending.outcome()
    if directory.version(MANIFEST) != version:
        path = directory.path
        raise IndexLockedError(f"The index {path} was changed meanwhile; try again.", path=path)
    return RepairReport(
        problems=problems,
        **found,
        documents=0 if manifest is None else manifest.n_documents,
        tokens=0 if manifest is None else manifest.n_tokens,
        seconds=time.perf_counter() - started,
        is_planned=True,
    )


def _problems(directory: LocalDirectory, manifest: Manifest | None) -> list[Problem]:
    return verify(directory) if manifest is None else [*problems_of(directory, manifest)]


def _name(directory: LocalDirectory, path: Path) -> str:
    return path.relative_to(directory.path).as_posix() if path != directory.path else ""
