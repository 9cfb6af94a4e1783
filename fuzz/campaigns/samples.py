"""The small indexes that are harmed, and what they hold when nothing has gone wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import colmodern.indexer.transaction as transactions
from colmodern import HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.indexer.sources import encoding
from colmodern.storage import open_reader

__all__ = [
    "CONFIG",
    "ENCODER",
    "Sample",
    "State",
    "difference",
    "documents_of",
    "make_parts_small",
    "make_sample",
    "state_of",
]

ENCODER = HashEncoder(dim=16)
CONFIG = IndexConfig(n_centroids=8, merge=False)
_WORDS = ["oven", "key", "door", "valve", "lamp", "river", "stone", "paper", "cloud", "engine"]

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """An index in two segments, with deletions and an interrupted change, and its files.

    The files have changed since: one is new, one is gone, two have other texts.
    """

    files: Path
    index: Path

    @staticmethod
    def clear(path: Path) -> None:
        """Remove a copy, if there is one."""
        shutil.rmtree(path, ignore_errors=True)

    def copy(self, path: Path) -> Path:
        """Copy the index to a place where there may be a copy already."""
        self.clear(path)
        shutil.copytree(self.index, path)
        return path


def make_sample(folder: Path, n_files: int = 12) -> Sample:
    """Make files and an index of them below a folder."""
    files, path = folder / "files", folder / "index"
    files.mkdir(parents=True)
    for number in range(n_files):
        (files / f"{number}.md").write_text(_text(number), encoding="utf-8")
    rows = "".join(f'{{"_id": "r{n}", "text": "{_words(n)} row{n}", "n": {n}}}\n' for n in range(5))
    (files / "rows.jsonl").write_text(rows, encoding="utf-8")
    _settle(files.iterdir(), 1_000_000_000)
    indexer = Indexer(path, ENCODER, config=CONFIG)
    indexer.sync([files])
    indexer.update([(f"p{n}", f"{_words(n)} program{n}") for n in range(3)])
    indexer.delete(["r3", "p1"])
    (files / f"{n_files}.md").write_text(_text(n_files), encoding="utf-8")
    (files / "1.md").unlink()
    for number in (2, 3):
        (files / f"{number}.md").write_text(_text(number + 100), encoding="utf-8")
    _settle([files / f"{number}.md" for number in (2, 3, n_files)], 1_100_000_000)
    _interrupt(lambda: Indexer(path, _Interrupted(dim=16)).sync([files]))
    return Sample(files, path)


def state_of(path: Path) -> State:
    """Return all that an index holds and finds.

    Raises:
        ColModernError: It cannot be read.
    """
    state: State = {}
    with open_reader(path) as reader:
        state["sources"] = sorted(map(str, reader.sources()))
        state["documents"] = sorted(
            (segment.id_of(position), str(segment.document(position)))
            for segment in reader.segments
            for position in segment.live_positions()
        )
        searcher = Searcher(reader, ENCODER)
        for mode in ("late", "bm25"):
            hits = searcher.search(" ".join(_WORDS), k=1000, mode=mode, effort="exact")
            state[mode] = sorted((hit.doc_id, hit.score) for hit in hits)
    return state


def documents_of(state: State) -> set[tuple[str, str]]:
    """Return the documents of a state: their ids, and all that is kept of them."""
    return {*state["documents"]}


def difference(found: State, wanted: State) -> str:
    """Say what is found that is not wanted, and what is missing."""
    parts = {
        key: ([x for x in found[key] if x not in wanted[key]][:2],
              [x for x in wanted[key] if x not in found[key]][:2])
        for key in wanted if found[key] != wanted[key]
    }  # fmt: skip
    return str(parts)


def _settle(files: Iterable[Path], seconds: int) -> None:
    """Let files have been written long ago: a change of this moment is read twice."""
    for path in files:
        os.utime(path, (seconds, seconds))


def _text(number: int) -> str:
    return f"---\nyear: {2000 + number}\n---\n# Page {number}\n\n{_words(number)} page{number}.\n"


def _words(number: int) -> str:
    return " ".join(_WORDS[(number * k + k) % len(_WORDS)] for k in range(1, 9))


class _Interrupted(HashEncoder):
    """Is interrupted when it has encoded two batches."""

    n_left = 2

    def encode_documents(self, texts: Any) -> Any:
        self.n_left -= 1
        if self.n_left < 0:
            raise KeyboardInterrupt
        return super().encode_documents(texts)


def make_parts_small() -> None:
    """Let changes in this process finish a part after every few documents."""
    transactions.PART_TOKENS, encoding._BATCH_DOCUMENTS = 40, 4


def _interrupt(change: Callable[[], object]) -> None:
    kept = transactions.PART_TOKENS, encoding._BATCH_DOCUMENTS
    transactions.PART_TOKENS, encoding._BATCH_DOCUMENTS = 5, 1
    try:
        change()
    except KeyboardInterrupt:
        return
    finally:
        transactions.PART_TOKENS, encoding._BATCH_DOCUMENTS = kept
    raise AssertionError("the change was to be interrupted")
