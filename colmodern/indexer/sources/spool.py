"""Where do documents wait between being read and being encoded? In one temporary file on disk.

So memory stays bounded whatever the corpus, every document is read once, its size is known before
the slow work starts (which makes the progress bar right), and a random sample can be drawn.
"""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from colmodern.storage import StoredDocument
from colmodern.types import IntVector


class Spool:
    """Documents on disk, in the order they were added, readable in any order."""

    def __init__(self, folder: Path) -> None:
        """Open an empty spool below ``folder``, which must exist; the file has no name there."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by __exit__
        self._offsets = array("q", [0])
        self._chars = array("q")

    def __enter__(self) -> Self:
        """Return the spool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the disk space back."""
        self._file.close()

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self._chars)

    @property
    def chars(self) -> IntVector:
        """Characters of each document (title and text), int64."""
        return np.asarray(self._chars, dtype=np.int64)

    def add(self, document: StoredDocument) -> None:
        """Append one document."""
        data = document_row(document)
        self._file.write(data)
        self._offsets.append(self._offsets[-1] + len(data))
        self._chars.append(len(document.title) + len(document.text))

    def content_hashes(self) -> dict[str, str]:
        """Return the content hash of each document by id, in the order they were added."""
        return {d.id: d.content_hash for d in self.read(range(len(self)))}

    def read(self, order: Iterable[int]) -> Iterator[StoredDocument]:
        """Yield documents by number."""
        self._file.flush()
        for number in order:
            start, end = self._offsets[number], self._offsets[number + 1]
            self._file.seek(start)
            yield document_of(json.loads(self._file.read(end - start)))


def document_row(document: StoredDocument) -> bytes:
    """Return a document as a line of JSON without its end."""
    row = [
        document.id,
        document.text,
        document.title,
        dict(document.metadata),
        document.source,
        document.content_hash,
    ]
    return json.dumps(row, ensure_ascii=True).encode("ascii")


def document_of(row: Sequence[Any]) -> StoredDocument:
    """Return the document of a row, as ``document_row`` writes it."""
    identifier, text, title, metadata, source, content_hash = row
    return StoredDocument(
        id=identifier,
        text=text,
        title=title,
        metadata=metadata,
        source=source,
        content_hash=content_hash,
    )
