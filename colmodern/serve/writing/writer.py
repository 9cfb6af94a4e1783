"""Who writes what was accepted? One thread for each index, all that waits in one go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

from colmodern.errors import ColModernError, EncoderError, IndexLockedError, RequestRefusedError
from colmodern.indexer import Indexer, compact
from colmodern.serve.served import ServedIndex
from colmodern.serve.writing.jobs import JobKind, Journal, WriteJob
from colmodern.types import Document, DocumentEncoder

logger = logging.getLogger(__name__)

_LOCKED_SECONDS = 0.5


class _Stopped(BaseException):
    """The server ends: what is not committed stays in the journal."""


class Writer:
    """Commits the jobs of one index, and lets each commit be served at once."""

    def __init__(self, index: ServedIndex, *, most: int, most_bytes: int) -> None:
        """Open the journal beside the index, and begin with what is left in it; see ``Journal``.

        Raises:
            EncoderError: The encoder knows queries only.
            IndexLockedError: Another server writes to the index.
            IndexWriteError: The journal cannot be written.
        """
        encoder = index.encoder.encoder
        if not isinstance(encoder, DocumentEncoder):
            message = f"Encoder {encoder.name} encodes queries only, so nothing can be written."
            raise EncoderError(message, code="encoder_unsupported", value=encoder.name)
        self.journal = Journal(journal_folder(index.path), most=most, most_bytes=most_bytes)
        self._index = index
        self._indexer = Indexer(index.path, encoder)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"colmodern-write-{index.name}")
        self._thread.start()

    def close(self) -> None:
        """End after the commit that runs, or before it; what is left is done at the next start."""
        self._stop.set()
        self.journal.close()
        self._thread.join()
        self.journal.release()

    def _run(self) -> None:
        is_told = False
        while jobs := self.journal.take():
            try:
                self._do(jobs)
                is_told = False
            except _Stopped:
                return
            except IndexLockedError as error:
                if not is_told:
                    logger.info("index %s: jobs wait: %s", self._index.name, error)
                is_told = True
                self._stop.wait(_LOCKED_SECONDS)
            except Exception:
                logger.exception(
                    "index %s: %d jobs could not be ended", self._index.name, len(jobs)
                )
                self._stop.wait(_LOCKED_SECONDS)

    def _do(self, jobs: Sequence[WriteJob]) -> None:
        """Commit jobs together; if that fails, each by itself, so that one stops no other."""
        try:
            self._commit(jobs)
        except (IndexLockedError, _Stopped):
            raise
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._do([job])
                return
            number, is_ours = jobs[0].number, not isinstance(error, ColModernError)
            logger.error(  # noqa: TRY400
                "index %s: job %d failed: %s", self._index.name, number, error, exc_info=is_ours
            )
            self.journal.end(jobs, error=_coded(error))
            return
        self._index.refresh()
        self.journal.end(jobs, generation=self._index.generation)

    def _commit(self, jobs: Sequence[WriteJob]) -> None:
        """Bring the index to what it is after all jobs in their order."""
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
            compact(self._index.path)

    def _progress(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002
        if self._stop.is_set():
            raise _Stopped


def journal_folder(index: Path) -> Path:
    """Return where the jobs of an index are kept: beside it, since it holds its own files only."""
    return index.with_name(f"{index.name}.jobs")


def _coded(error: Exception) -> ColModernError:
    if isinstance(error, ColModernError):
        return error
    message = f"The change could not be written: {type(error).__name__}; the log says more."
    return RequestRefusedError(message, code="internal")
