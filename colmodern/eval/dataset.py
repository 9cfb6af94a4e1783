"""What is a judged collection? Documents, queries and which documents answer which query."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colmodern.errors import InputError
from colmodern.searcher import read_queries
from colmodern.types import Document


@dataclass(frozen=True, slots=True)
class Dataset:
    """A judged collection in BEIR's layout.

    Attributes:
        name: The folder's name.
        corpus: The file of its documents.
        queries: Text by query id: only queries with a judgment.
        qrels: For every query id, the grade of each judged document.
    """

    name: str
    corpus: Path
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]

    @classmethod
    def load(cls, folder: str | Path, *, split: str | None = None) -> Dataset:
        """Read ``corpus.jsonl``, ``queries.jsonl`` (either with ``.gz``) and ``qrels/SPLIT.tsv``.

        Args:
            folder: The folder.
            split: Which judgments; None takes the only file, else ``test``, else ``dev``.

        Raises:
            InputError: A file is missing or wrong; the sentence says which and what is there.
        """
        folder = Path(folder)
        corpus = _file(folder, "corpus.jsonl")
        texts = read_queries(_file(folder, "queries.jsonl"))
        judgments = _judgments_file(folder / "qrels", split)
        qrels = _read_qrels(judgments)
        unknown = sorted(set(qrels) - set(texts))
        if unknown:
            raise InputError(f"{judgments} judges query {unknown[0]!r}, which has no text.")
        return cls(folder.resolve().name, corpus, {q: texts[q] for q in qrels}, qrels)

    def documents(self) -> Iterator[Document]:
        """Yield every document.

        Raises:
            InputError: The file cannot be read, or a row is no document.
        """
        opener = gzip.open if self.corpus.suffix == ".gz" else open
        try:
            with opener(self.corpus, "rt", encoding="utf-8-sig") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        row = _row(line, f"{self.corpus}, line {number}")
                        yield Document(str(row["_id"]), row["text"], str(row.get("title") or ""))
        except UnicodeDecodeError as err:
            raise InputError(f"{self.corpus} is not UTF-8 text: {err}.") from err
        except (OSError, EOFError, zlib.error) as err:
            raise InputError(f"Cannot read the documents in {self.corpus}: {err}.") from err


def _file(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.exists():
            return candidate
    raise InputError(f"{folder} is no collection in BEIR's layout: it has no {name}[.gz].")


def _judgments_file(folder: Path, split: str | None) -> Path:
    found = {path.stem: path for path in sorted(folder.glob("*.tsv"))}
    if split is None and len(found) == 1:
        return next(iter(found.values()))
    for name in ("test", "dev") if split is None else (split,):
        if name in found:
            return found[name]
    there = ", ".join(found) or "none"
    wanted = f"{split!r} " if split else ""
    raise InputError(f"No judgments {wanted}in {folder}; the splits there are: {there}.")


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as err:
        raise InputError(f"Cannot read the judgments in {path}: {err}.") from err
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fields = line.split("\t")
        if number == 1 and not fields[-1].strip().lstrip("-").isdigit():
            continue
        try:
            query, document, grade = fields
            qrels.setdefault(query, {})[document] = int(grade)
        except ValueError as err:
            raise InputError(
                f"{path}, line {number}: a judgment is query, document and grade with tabs."
            ) from err
    if not qrels:
        raise InputError(f"{path} holds no judgment.")
    return qrels


def _row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise InputError(f"{place} is not JSON: {err}.") from err
    if not isinstance(row, dict) or "_id" not in row or not isinstance(row.get("text"), str):
        raise InputError(f'{place} needs "_id" and "text".')
    return row
