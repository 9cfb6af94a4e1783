"""CoIR (Li et al., 2024), and MTEB's newer ones: ``corpus``, ``queries`` and judgments as Parquet.

Rows hold ``_id`` and ``text``, judgments ``query-id``, ``corpus-id`` and ``score``. A collection of
several languages (CodeSearchNet) lies in ``LANGUAGE-corpus``, ``LANGUAGE-queries`` and
``LANGUAGE-qrels``, and is named ``FOLDER/LANGUAGE``.
"""

from __future__ import annotations

import re
from pathlib import Path

from colmodern.eval.layouts.collection import Collection, choose_split
from colmodern.eval.layouts.rows import (
    FieldNames,
    find_rows,
    read_documents,
    read_judgments,
    read_queries,
)

_SHARD = re.compile(r"(.+?)(?:-\d+-of-\d+)?(?:\.parquet|\.jsonl|\.jsonl\.gz)$")
_QRELS_FOLDERS = ("qrels", "data", "default")


def recognises(folder: Path) -> bool:
    """Whether a folder (or ``FOLDER/LANGUAGE``, which is none) looks like this layout."""
    corpus, queries, _ = _files(folder)
    return bool(corpus and queries and _judgment_files(folder))


def read(folder: Path, split: str | None) -> Collection:
    """Return what lies there.

    Raises:
        InputError: A row is wrong, or the split does not exist.
    """
    corpus, queries, where = _files(folder)
    name, files = choose_split(_judgment_files(folder), split, where)
    return Collection(
        read_documents(corpus),
        read_queries(queries, FieldNames()),
        read_judgments(files, ("query-id",), ("corpus-id",)),
        name,
    )


def _files(folder: Path) -> tuple[list[Path], list[Path], Path]:
    if folder.is_dir():
        for home in (folder, folder / "data"):
            found = find_rows(home, "corpus"), find_rows(home, "queries")
            if all(found):
                return *found, folder
        return [], [], folder
    here, language = folder.parent, folder.name
    corpus = find_rows(here / f"{language}-corpus", "corpus")
    return corpus, find_rows(here / f"{language}-queries", "queries"), here


def _judgment_files(folder: Path) -> dict[str, list[Path]]:
    homes = (
        [folder / name for name in _QRELS_FOLDERS]
        if folder.is_dir()
        else [folder.parent / f"{folder.name}-qrels"]
    )
    found: dict[str, list[Path]] = {}
    for home in homes:
        for file in sorted(home.glob("*")):
            match = _SHARD.match(file.name)
            if match and match[1] not in ("corpus", "queries"):
                found.setdefault(match[1], []).append(file)
        if found:
            break
    return found
