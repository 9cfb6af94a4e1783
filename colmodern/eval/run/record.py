"""What is a record of a measurement? A folder that says what ran, on what, and what came out.

run.json          versions, commit, machine, options, fingerprints, means; written last
per_query.jsonl   for every query: text, lengths, relevant documents, measures, times, ranking
run.trec          the rankings for other tools, if every id can stand in such a file
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from colmodern.errors import InputError
from colmodern.eval.collection.dataset import Dataset
from colmodern.eval.results.report import QueryResult, Report
from colmodern.eval.run.environment import environment
from colmodern.eval.run.evaluate import evaluate
from colmodern.searcher import Hit, Hits, write_run
from colmodern.types import Progress

_VERSION = 1
_RUN, _PER_QUERY, _TREC = "run.json", "per_query.jsonl", "run.trec"
_PLAIN_FIELDS = (
    "dataset",
    "split",
    "dataset_fingerprint",
    "system",
    "spec",
    "options",
    "fingerprints",
    "depth",
    "measures",
    "n_documents",
    "n_tokens",
    "index_bytes",
    "build_s",
    "build_peak_bytes",
    "search_peak_bytes",
)
_QUERY_FIELDS = (
    "id",
    "text",
    "words",
    "relevant",
    "relevant_words",
    "values",
    "encode_ms",
    "search_ms",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A report, and what it takes to make it again.

    Attributes:
        report: What was measured.
        dataset_origin: What ``Dataset.load`` takes; empty for a collection from memory.
        environment: Versions, commit and machine.
        written: When, in UTC.
    """

    report: Report
    dataset_origin: str
    environment: Mapping[str, Any]
    written: str

    @classmethod
    def write(cls, folder: str | Path, report: Report, dataset: Dataset) -> Record:
        """Write a report into a new or empty folder.

        Raises:
            InputError: The folder holds something, cannot be written, or the report is not of this
                collection.
        """
        folder = Path(folder)
        if report.dataset_fingerprint != dataset.fingerprint:
            raise InputError(
                f"The report on {report.dataset} is not of {dataset!r}.", code="collection_mismatch"
            )
        record = cls(
            report=report,
            dataset_origin=dataset.origin,
            environment=environment(),
            written=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        check_is_free(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            record._write_into(folder)
        except OSError as err:
            raise InputError(
                f"Cannot write the record to {folder}: {err.strerror or err}.",
                code="file_not_written",
            ) from err
        return record

    @classmethod
    def load(cls, folder: str | Path) -> Record:
        """Read a record back.

        Raises:
            InputError: There is none, its writing was interrupted, or it has been damaged.
        """
        folder = Path(folder)
        values = _read_run(folder)
        try:
            for name, digest in values["files"].items():
                if _digest(folder / name) != digest:
                    raise InputError(
                        f"The record {folder} is damaged: {name} is not what was written.",
                        code="record_damaged",
                    )
            queries = tuple(map(_query_result, _lines(folder / _PER_QUERY)))
            report = Report(
                queries=queries, **{name: values["report"][name] for name in _PLAIN_FIELDS}
            )
            return cls(
                report=report,
                dataset_origin=values["dataset_origin"],
                environment=values["environment"],
                written=values["written"],
            )
        except OSError as err:
            raise InputError(
                f"The record {folder} is damaged: {err.strerror or err}: {err.filename}.",
                code="record_damaged",
            ) from err
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            if isinstance(err, InputError):
                raise
            raise InputError(
                f"The record {folder} is damaged: {err!r} in its files.", code="record_damaged"
            ) from err

    def __repr__(self) -> str:
        """Say what was recorded, in one line."""
        return f"<Record {self.written}: {self.report!r}>"

    def _write_into(self, folder: Path) -> None:
        with (folder / _PER_QUERY).open("w", encoding="utf-8") as lines:
            for query in self.report.queries:
                row = {name: getattr(query, name) for name in _QUERY_FIELDS}
                row["relevant"], row["values"] = dict(query.relevant), dict(query.values)
                lines.write(json.dumps({**row, "ranking": query.ranking}) + "\n")
        names = [_PER_QUERY]
        if _write_trec(folder / _TREC, self.report):
            names.append(_TREC)
        values = {
            "colmodern_record": _VERSION,
            "written": self.written,
            "dataset_origin": self.dataset_origin,
            "environment": dict(self.environment),
            "report": {name: _plain(getattr(self.report, name)) for name in _PLAIN_FIELDS},
            "summary": self.report.to_dict(),
            "files": {name: _digest(folder / name) for name in names},
        }
        scratch = folder / f"{_RUN}.{os.getpid()}.partial"
        scratch.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        scratch.replace(folder / _RUN)


def repeat(
    record: Record, *, work: str | Path | None = None, progress: Progress | None = None
) -> tuple[Report, Dataset]:
    """Run a record's measurement again; return the new report and its collection.

    Args:
        record: What was measured then.
        work: As in ``evaluate``.
        progress: Told how far it is.

    Raises:
        InputError: The collection is gone or has changed, or the system or collection was made from
            objects in memory, which no record can bring back.
    """
    then = record.report
    if then.spec is None:
        raise InputError(
            f"{then.system} was made from objects in memory, so its run cannot be repeated from a "
            "record; systems made by a spec can.",
            code="record_not_repeatable",
        )
    if not record.dataset_origin:
        raise InputError(
            f"The collection {then.dataset} was made in memory, so the run cannot be repeated.",
            code="record_not_repeatable",
        )
    dataset = Dataset.load(record.dataset_origin, then.split or None)
    if dataset.fingerprint != then.dataset_fingerprint:
        raise InputError(
            f"The collection {record.dataset_origin} has changed since the record was written "
            f"({then.dataset_fingerprint[:12]} then, {dataset.fingerprint[:12]} now).",
            code="collection_mismatch",
        )
    report = evaluate(
        then.spec, dataset, tuple(then.measures), depth=then.depth, work=work, progress=progress
    )
    return report, dataset


def check_is_free(folder: Path) -> None:
    """Refuse a folder in which something lies, before any work is done.

    Raises:
        InputError: It is a file, or a folder that is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} is not empty; a record needs a folder of its own.", code="folder_not_empty"
        )


def _write_trec(path: Path, report: Report) -> bool:
    """Write the rankings as a TREC run; return False if an id holds what it cannot carry."""
    rankings = (
        (
            query.id,
            Hits(
                query.text,
                [
                    Hit(rank, score, document)
                    for rank, (document, score) in enumerate(query.ranking, 1)
                ],
            ),
        )
        for query in report.queries
    )
    try:
        write_run(path, rankings, name=report.system.replace(" ", "-"))
    except InputError:
        return False
    return True


def _read_run(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InputError(f"There is no record {folder}: no such folder.", code="record_not_found")
    if not (folder / _RUN).exists():
        if (folder / _PER_QUERY).exists():
            raise InputError(
                f"The record {folder} was interrupted while it was written: it has no {_RUN}.",
                code="record_damaged",
            )
        raise InputError(f"{folder} is no record: it has no {_RUN}.", code="record_not_found")
    try:
        values = json.loads((folder / _RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as err:
        raise InputError(
            f"The record {folder} is damaged: {_RUN} cannot be read: {err}.", code="record_damaged"
        ) from err
    if not isinstance(values, dict) or "colmodern_record" not in values:
        raise InputError(
            f"{folder} is no record: its {_RUN} is something else.", code="record_not_found"
        )
    if values["colmodern_record"] != _VERSION:
        raise InputError(
            f"The record {folder} has version {values['colmodern_record']!r}; this program reads "
            f"version {_VERSION}.",
            code="record_damaged",
        )
    return values


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _query_result(row: Mapping[str, Any]) -> QueryResult:
    ranking = tuple((document, score) for document, score in row["ranking"])
    return QueryResult(ranking=ranking, **{name: row[name] for name in _QUERY_FIELDS})


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
