"""What was asked to be changed, and what became of it? Kept on disk before it is acknowledged."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from colmodern.corpus import JOBS_SUFFIX, resolved
from colmodern.errors import ColModernError, InputError, RequestRefusedError
from colmodern.storage.directory.durable import replace_file, sync_folder, writing
from colmodern.storage.directory.lock import WriterLock
from colmodern.storage.format.manifest import CHECKSUM_BYTES
from colmodern.types import Document

_KEPT_OUTCOMES = 1_000
_JOB, _OUTCOME = ".job.json", ".outcome.json"


class JobKind(StrEnum):
    """What a job does."""

    PUT = "put"
    DELETE = "delete"
    COMPACT = "compact"


class JobState(StrEnum):
    """How far a job is."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WriteJob:
    """A change that was accepted.

    Attributes:
        number: From 1, in the order in which jobs came.
        kind: What it does.
        documents: Those to add, or to put in the place of their ids.
        ids: Those to delete.
        accepted: When it was, in seconds since 1970.
    """

    number: int
    kind: JobKind
    documents: tuple[Document, ...] = ()
    ids: tuple[str, ...] = ()
    accepted: float = 0.0

    def to_json(self) -> bytes:
        """Return what its file holds."""
        rows = [
            {"id": one.id, "text": one.text, "title": one.title, "metadata": dict(one.metadata)}
            for one in self.documents
        ]
        values = {"kind": self.kind, "documents": rows, "ids": self.ids, "accepted": self.accepted}
        return _signed(values)

    @classmethod
    def from_json(cls, number: int, raw: bytes) -> WriteJob:
        """Return the job whose file holds this.

        Raises:
            ValueError: A byte was changed.
        """
        values = _values(raw)
        documents = tuple(Document(**row) for row in values["documents"])
        ids, accepted = tuple(values["ids"]), values["accepted"]
        return cls(number, JobKind(values["kind"]), documents, ids, accepted)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of a job.

    Attributes:
        kind: What it did.
        state: How far it is.
        accepted: When it was, in seconds since 1970.
        ended: When it was done or failed.
        generation: The commit that holds it.
        error: The code and message of what went wrong.
    """

    kind: JobKind
    state: JobState
    accepted: float
    ended: float | None = None
    generation: int | None = None
    error: dict[str, Any] | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        names = ("kind", "state", "accepted", "ended", "generation", "error")
        return {name: getattr(self, name) for name in names}

    def to_json(self) -> bytes:
        """Return what its file holds."""
        return _signed(self.to_dict())

    @classmethod
    def from_json(cls, raw: bytes) -> JobOutcome:
        """Return the outcome whose file holds this.

        Raises:
            ValueError: A byte was changed.
        """
        values = _values(raw)
        kind, state = JobKind(values.pop("kind")), JobState(values.pop("state"))
        return cls(kind=kind, state=state, **values)


class Journal:
    """The jobs of one index, in a folder of their own; safe to share between threads.

    A job is on the disk before it has a number. What a killed server had accepted is there again
    when the next one starts; to put or delete a document twice is the same as once.
    """

    def __init__(self, folder: Path, *, most: int, most_bytes: int = 256 << 20) -> None:
        """Open the journal in a folder; at most ``most`` jobs wait, of so many bytes together.

        One job may have any size.

        Raises:
            IndexLockedError: Another server has it.
            IndexWriteError: The folder cannot be written.
        """
        self._folder = folder
        self._most = most
        self._most_bytes = most_bytes
        self._sizes: dict[int, int] = {}  # the bytes of each job that waits
        self._lock = WriterLock(folder)
        self._changed = threading.Condition()
        self._is_open = True
        self._waiting: list[WriteJob] = []
        self._outcomes: dict[int, JobOutcome] = {}
        try:
            self._read()
        except BaseException:
            self._lock.release()
            raise
        self._last = max([*self._outcomes, 0])

    def add(
        self, kind: JobKind, documents: Sequence[Document] = (), ids: Sequence[str] = ()
    ) -> WriteJob:
        """Accept a job; when this returns, a crash does not lose it.

        Raises:
            IndexWriteError: It cannot be kept: it is not accepted.
            RequestRefusedError: Too many jobs wait.
        """
        with self._changed:
            if len(self._waiting) >= self._most:
                raise RequestRefusedError(
                    f"{len(self._waiting):,} changes wait already; send more when some are done.",
                    code="overloaded",
                    option="max_jobs",
                    value=self._most,
                )
            number = self._last + 1
            job = WriteJob(number, kind, tuple(documents), tuple(ids), round(time.time(), 3))
            raw = job.to_json()
            if self._waiting and sum(self._sizes.values()) + len(raw) > self._most_bytes:
                raise RequestRefusedError(
                    f"Changes of {sum(self._sizes.values()):,} bytes wait already; send more when "
                    "some are done.",
                    code="overloaded",
                    option="max_waiting",
                    value=self._most_bytes,
                )
            with writing(self._folder):
                replace_file(self._path(number, _JOB), raw)
                sync_folder(self._folder)
            self._last = number
            self._sizes[number] = len(raw)
            self._waiting.append(job)
            self._outcomes[number] = JobOutcome(kind, JobState.ACCEPTED, job.accepted)
            self._changed.notify_all()
            return job

    def take(self) -> list[WriteJob]:
        """Return all jobs that wait, when there is one; none when the journal is closed."""
        with self._changed:
            while self._is_open and not self._waiting:
                self._changed.wait()
            taken = list(self._waiting) if self._is_open else []
            for job in taken:
                self._outcomes[job.number] = replace(
                    self._outcomes[job.number], state=JobState.RUNNING
                )
            return taken

    def end(
        self,
        jobs: Sequence[WriteJob],
        *,
        generation: int | None = None,
        error: ColModernError | None = None,
    ) -> None:
        """Keep what became of jobs: done in a commit, or failed.

        Those of which it cannot be kept wait on: else they would run at the next start, after
        newer ones, and bring back what these have changed.

        Raises:
            IndexWriteError: It cannot be kept.
        """
        state = JobState.DONE if error is None else JobState.FAILED
        told = None if error is None else {"code": error.code, "message": str(error)}
        now = round(time.time(), 3)
        kept: set[int] = set()
        with self._changed:
            try:
                with writing(self._folder):
                    for job in jobs:
                        outcome = JobOutcome(job.kind, state, job.accepted, now, generation, told)
                        replace_file(self._path(job.number, _OUTCOME), outcome.to_json())
                        self._outcomes[job.number] = outcome
                        kept.add(job.number)
                        self._path(job.number, _JOB).unlink(missing_ok=True)
                    sync_folder(self._folder)
                    self._forget_old()
            finally:
                self._waiting = [job for job in self._waiting if job.number not in kept]
                for number in kept:
                    self._sizes.pop(number, None)

    def outcome(self, number: int) -> JobOutcome:
        """Return what became of a job; waits for nothing that is being written.

        Raises:
            RequestRefusedError: There is none of this number, or it ended long ago.
        """
        try:
            return self._outcomes[number]
        except KeyError:
            raise RequestRefusedError(
                f"There is no job {number} here, or it ended over {_KEPT_OUTCOMES:,} jobs ago.",
                code="job_not_found",
                value=number,
            ) from None

    @property
    def n_waiting(self) -> int:
        """How many jobs are not done."""
        return len(self._waiting)

    def close(self) -> None:
        """Let ``take`` return nothing, and let go of the folder; jobs that wait stay in it."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def release(self) -> None:
        """Let another server have the folder; the writer has ended."""
        self._lock.release()

    def _read(self) -> None:
        """Read what is in the folder.

        Raises:
            InputError: A file is damaged; what it holds is not guessed.
        """
        for path in sorted(self._folder.glob("*" + _OUTCOME)):
            with _damage(path):
                outcome = JobOutcome.from_json(path.read_bytes())
                self._outcomes[_number(path)] = outcome
        for path in sorted(self._folder.glob("*" + _JOB)):
            with _damage(path):
                number = _number(path)
                if number in self._outcomes:  # it ended, and the server before its file was gone
                    path.unlink()
                    continue
                raw = path.read_bytes()
                job = WriteJob.from_json(number, raw)
                self._sizes[number] = len(raw)
                self._waiting.append(job)
                self._outcomes[number] = JobOutcome(job.kind, JobState.ACCEPTED, job.accepted)

    def _forget_old(self) -> None:
        ended = [n for n, one in self._outcomes.items() if one.ended is not None]
        for number in sorted(ended)[:-_KEPT_OUTCOMES]:
            del self._outcomes[number]
            self._path(number, _OUTCOME).unlink(missing_ok=True)

    def _path(self, number: int, kind: str) -> Path:
        return _path_in(self._folder, number, kind)


def journal_folder(index: Path) -> Path:
    """Return where the jobs of an index are kept: beside it, since it holds its own files only.

    It is one folder whatever paths lead to the index.
    """
    index = resolved(index)
    return index.with_name(index.name + JOBS_SUFFIX)


def read_job(folder: Path, number: int) -> WriteJob:
    """Return a job that waits, as it was accepted.

    Raises:
        InputError: Its file is damaged, or it does not wait any more.
    """
    path = _path_in(folder, number, _JOB)
    with _damage(path):
        return WriteJob.from_json(number, path.read_bytes())


def _path_in(folder: Path, number: int, kind: str) -> Path:
    return folder / f"{number:012d}{kind}"


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"The job in {path} cannot be read ({type(error).__name__}: {error}). Remove the file "
            "if what it asks for is done, or send it again.",
            code="file_unreadable",
            path=path,
        ) from error


def _signed(values: Mapping[str, Any]) -> bytes:
    """Return values as a line of JSON, and its checksum: a job is written to the index as it is."""
    line = json.dumps(values).encode()
    return b"%b\n%b" % (line, _checksum(line))


def _values(raw: bytes) -> dict[str, Any]:
    line, _, checksum = raw.rpartition(b"\n")
    if checksum != _checksum(line):
        raise ValueError("its checksum is another one")
    values: dict[str, Any] = json.loads(line)
    return values


def _checksum(line: bytes) -> bytes:
    return blake2b(line, digest_size=CHECKSUM_BYTES).hexdigest().encode()


def _number(path: Path) -> int:
    return int(path.name.partition(".")[0])
