"""Where can an index go? To Parquet, NumPy arrays, LanceDB or Qdrant."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from colmodern.errors import InputError
from colmodern.exchange.rows import ExportedDocument, rows_of
from colmodern.exchange.target import Target
from colmodern.exchange.targets import to_lancedb, to_npz, to_parquet, to_qdrant
from colmodern.storage import IndexReader, open_reader
from colmodern.types import Progress

RECONSTRUCTED = "reconstructed from the codes of the index; not the vectors that the encoder made"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Attributes:
        target: For what.
        output: Where it lies.
        documents: How many documents.
        tokens: How many token vectors.
        points: How many rows or points they became: more than documents where Qdrant wants
            documents cut.
        vectors: That they are reconstructed.
    """

    target: str
    output: str
    documents: int
    tokens: int
    points: int
    vectors: str = RECONSTRUCTED

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)


Write = Callable[[Path, IndexReader, Iterator[ExportedDocument]], int]

_WRITERS: dict[Target, Write] = {
    Target.PARQUET: to_parquet.write,
    Target.NPZ: to_npz.write,
    Target.LANCEDB: to_lancedb.write,
    Target.QDRANT: to_qdrant.write,
}


def export(
    index: str | Path,
    output: str | Path,
    *,
    to: Target | str = Target.PARQUET,
    progress: Progress | None = None,
) -> ExportReport:
    """Write the documents of an index, with reconstructed vectors, for another engine.

    Args:
        index: The folder of the index; it is not changed.
        output: A file (``parquet``, ``npz``) or a folder (``lancedb``, ``qdrant``: a local store)
            that does not exist.
        to: For what.
        progress: Told how many documents are written.

    Raises:
        InputError: Something is at ``output``, it cannot be written, or the target cannot hold the
            index (``data_empty``, ``file_not_written``, ``folder_not_empty``).
        MissingPackageError: The target's own package is not installed.
        IndexStoreError: The index cannot be read, or is damaged.
    """
    target, place = Target(to), Path(output)
    if place.exists():
        message = f"{place} exists; name a place where nothing is, or remove it."
        raise InputError(message, code="folder_not_empty", path=place)
    with open_reader(index, checked=True) as reader:
        if not reader.n_documents:
            message = f"The index {reader.path} holds no document to export."
            raise InputError(message, code="data_empty", path=reader.path)
        with _whole(place) as unfinished:
            points = _WRITERS[target](unfinished, reader, _counted(reader, progress))
        return ExportReport(str(target), str(place), reader.n_documents, reader.n_tokens, points)


def _counted(reader: IndexReader, progress: Progress | None) -> Iterator[ExportedDocument]:
    for number, row in enumerate(rows_of(reader), 1):
        yield row
        if progress is not None:
            progress("export", number, reader.n_documents)


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """Give a place beside the one that is meant, and rename it to that when all is written."""
    unfinished = place.with_name(f"{place.name}.unfinished")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove(unfinished)
        yield unfinished
        unfinished.rename(place)
    except OSError as error:
        message = f"{place} cannot be written: {error.strerror or error}."
        raise InputError(message, code="file_not_written", path=place) from error
    finally:
        _remove(unfinished)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
