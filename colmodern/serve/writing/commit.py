"""What does an index become by some jobs, and who may say so? One process at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from unicodedata import normalize

from colmodern.errors import EncoderError, IndexLockedError
from colmodern.indexer import Indexer, compact
from colmodern.serve.writing.jobs import JobKind, WriteJob, journal_folder
from colmodern.storage.directory.lock import WriterLock
from colmodern.types import Document, DocumentEncoder, QueryEncoder

_TURN_SECONDS = 0.05


class Stopped(BaseException):
    """The server ends: what is not committed stays in the journal."""


def writing_encoder(encoder: QueryEncoder) -> DocumentEncoder:
    """Return an encoder that can encode what is written.

    Raises:
        EncoderError: It knows queries only.
    """
    if not isinstance(encoder, DocumentEncoder):
        message = f"Encoder {encoder.name} encodes queries only, so nothing can be written."
        raise EncoderError(message, code="encoder_unsupported", value=encoder.name)
    return encoder


class Committer(Protocol):
    """Changes one index."""

    def commit(self, jobs: Sequence[WriteJob]) -> None:
        """Bring the index to what it is after all jobs in their order.

        That is a commit of all that they put, one of all that they delete, and one that merges.

        Raises:
            IndexLockedError: Another process writes to the index.
            Stopped: The server ends.
        """
        ...

    def stop(self) -> None:
        """Let a commit that runs end soon, done or not."""
        ...

    def close(self) -> None:
        """Let go of what it has; no commit runs any more."""
        ...


class OwnCommitter:
    """Commits in this process.

    It waits until no other commits jobs of this index: that of a server that was killed may be in
    the middle of one, and must not go on with it after newer ones.
    """

    def __init__(self, path: Path, encoder: DocumentEncoder) -> None:
        """Change the index in the folder ``path``."""
        self._path = path
        self._indexer = Indexer(path, encoder)
        self._stop = threading.Event()
        self._turn: WriterLock | None = None

    def commit(self, jobs: Sequence[WriteJob]) -> None:
        """See ``Committer``."""
        self._wait_for_turn()
        last: dict[str, Document | None] = {}
        for job in jobs:
            last.update((normalize("NFC", one.id), one) for one in job.documents)
            last.update((normalize("NFC", doc_id), None) for doc_id in job.ids)
        added = [one for one in last.values() if one is not None]
        deleted = [doc_id for doc_id, one in last.items() if one is None]
        if added:
            self._indexer.update(added, progress=self._progress)
        if deleted:
            self._indexer.delete(deleted)
        if any(job.kind is JobKind.COMPACT for job in jobs):
            compact(self._path)

    def stop(self) -> None:
        """See ``Committer``."""
        self._stop.set()

    def close(self) -> None:
        """See ``Committer``."""
        if self._turn is not None:
            self._turn.release()

    def _wait_for_turn(self) -> None:
        while self._turn is None:
            try:
                self._turn = WriterLock(journal_folder(self._path) / "writing")
            except IndexLockedError:
                if self._stop.wait(_TURN_SECONDS):
                    raise Stopped from None

    def _progress(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002
        if self._stop.is_set():
            raise Stopped
