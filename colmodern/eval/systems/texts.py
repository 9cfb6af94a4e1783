"""Where are the texts of documents, when a few of them are wanted by their ids?"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from colmodern.types import Document


class TextStore:
    """Titles and texts by document id, in one SQLite file; memory does not grow with them."""

    def __init__(self, path: Path) -> None:
        """Open the store at ``path``, which ``write`` has made."""
        self._database = sqlite3.connect(path)

    @classmethod
    def write(cls, path: Path, documents: Iterable[Document]) -> None:
        """Make a store of documents, whole or not at all."""
        scratch = path.with_name(f"{path.name}.{os.getpid()}.partial")
        scratch.unlink(missing_ok=True)
        database = sqlite3.connect(scratch)
        try:
            with database:
                database.execute("create table documents (id text primary key, text text)")
                database.executemany("insert into documents values (?, ?)", map(_row, documents))
        finally:
            database.close()
        scratch.replace(path)

    def texts(self, ids: Sequence[str]) -> list[str]:
        """Return the text of each document, its title in front; they must be there."""
        rows = (
            self._database.execute("select text from documents where id = ?", (name,)).fetchone()
            for name in ids
        )
        return [row[0] for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _row(document: Document) -> tuple[str, str]:
    return document.id, f"{document.title} {document.text}" if document.title else document.text
