"""Who writes what was accepted? One thread for each index, all that waits in one go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from colmodern.errors import ColModernError, IndexLockedError, RequestRefusedError
from colmodern.serve.served import ServedIndex
from colmodern.serve.writing.commit import Committer, OwnCommitter, Stopped, writing_encoder
from colmodern.serve.writing.jobs import Journal, WriteJob, journal_folder
from colmodern.serve.writing.process import ProcessDiedError, WritingProcess

logger = logging.getLogger(__name__)

_LOCKED_SECONDS = 0.5


class Writer:
    """Has the jobs of one index committed, and lets each commit be served at once.

    They are committed by a process of its own, which loads the encoder that the index names; those
    of an encoder that was handed over, and that nobody else has, by the thread of the writer.
    """

    def __init__(self, index: ServedIndex, *, most: int, most_bytes: int) -> None:
        """Open the journal beside the index, and begin with what is left in it; see ``Journal``.

        Raises:
            EncoderError: The encoder knows queries only.
            IndexLockedError: Another server writes to the index.
            IndexWriteError: The journal cannot be written.
        """
        encoder = writing_encoder(index.encoder.encoder)
        self.journal = Journal(journal_folder(index.path), most=most, most_bytes=most_bytes)
        self._index = index
        self._committer: Committer = (
            WritingProcess(index.path) if index.names_encoder else OwnCommitter(index.path, encoder)
        )
        self._stop = threading.Event()
        # A program that ends without ``close``, as one that is interrupted while it starts, is not
        # kept running: a commit may be broken off at any moment.
        self._thread = threading.Thread(
            target=self._run, name=f"colmodern-write-{index.name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End after the commit that runs, or before it; what is left is done at the next start."""
        self._stop.set()
        self.journal.close()
        self._committer.stop()
        self._thread.join()
        self._committer.close()
        self.journal.release()

    def _run(self) -> None:
        told = ""  # what goes on failing in the same way is logged once
        while jobs := self.journal.take():
            try:
                self._do(jobs)
                told = ""
            except Stopped:
                return
            except IndexLockedError as error:
                if not told:
                    logger.info("index %s: jobs wait: %s", self._index.name, error)
                told = str(error)
                self._stop.wait(_LOCKED_SECONDS)
            except Exception as error:
                if told != str(error):
                    logger.exception(
                        "index %s: %d jobs could not be ended", self._index.name, len(jobs)
                    )
                told = str(error)
                self._stop.wait(_LOCKED_SECONDS)

    def _do(self, jobs: Sequence[WriteJob]) -> None:
        """Commit jobs together; if that fails, each by itself, so that one stops no other."""
        try:
            self._commit(jobs)
        except (IndexLockedError, Stopped):
            raise
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._do([job])
                return
            self.journal.end(jobs, error=_coded(error))
            number, is_ours = jobs[0].number, not isinstance(error, ColModernError)
            logger.error(  # noqa: TRY400
                "index %s: job %d failed: %s", self._index.name, number, error, exc_info=is_ours
            )
            return
        self._index.refresh()
        self.journal.end(jobs, generation=self._index.generation)

    def _commit(self, jobs: Sequence[WriteJob]) -> None:
        """Commit jobs; once more if the process that does it dies, which others may have caused."""
        try:
            self._committer.commit(jobs)
        except ProcessDiedError as error:
            logger.warning(
                "index %s: the process that writes died and is started again: %s",
                self._index.name,
                error,
            )
            self._committer.commit(jobs)


def _coded(error: Exception) -> ColModernError:
    if isinstance(error, ColModernError):
        return error
    message = f"The change could not be written: {type(error).__name__}; the log says more."
    return RequestRefusedError(message, code="internal")
