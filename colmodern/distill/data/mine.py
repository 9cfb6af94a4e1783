"""Which documents are hard negatives of a query? The stage ``mine``.

Every search that ``colmodern eval`` can measure can mine: BM25, a single-vector model, our own.
Each source of pairs is a collection of its own. What ranks within the wanted ranks and is no
positive is a candidate; some of them are drawn by the seed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from colmodern.distill.checkpoints import training_device
from colmodern.distill.data.tables import NEGATIVES, read_table, write_table
from colmodern.distill.options.data import Miner, MineRecipe
from colmodern.errors import ConfigError, InputError
from colmodern.eval.systems import MINILM, Answer, Dense, System, make_system
from colmodern.eval.systems.quotes import quoted
from colmodern.types import Document, Progress

logger = logging.getLogger(__name__)

STUDENT = "student"


def mine(
    recipe: MineRecipe,
    *,
    prepared: Path,
    student: Path | None,
    seed: int,
    folder: Path,
    progress: Progress | None = None,
) -> None:
    """Write a table of negatives for each source and miner; those that are there are not redone.

    Args:
        recipe: Who mines.
        prepared: The folder of the stage ``prepare``.
        student: The warm-started student, for the miner ``student``.
        seed: Decides which candidates are drawn.
        folder: Where the tables go.
        progress: Told how far it is.

    Raises:
        InputError: A table of ``prepared`` cannot be read, or no negative was found at all.
    """
    queries = read_table(
        prepared / "queries.parquet", ("query_id", "source", "text", "document_ids")
    ).to_pylist()
    documents = read_table(
        prepared / "documents.parquet", ("document_id", "source", "text")
    ).to_pylist()
    found = 0
    sources = list(dict.fromkeys(query["source"] for query in queries))
    for source, name in zip(sources, _file_names(sources), strict=True):
        asked = [query for query in queries if query["source"] == source]
        texts = [Document(d["document_id"], d["text"]) for d in documents if d["source"] == source]
        for number, miner in enumerate(recipe.miners):
            path = folder / f"{name}-{number}.parquet"
            if not path.exists():
                system = _system(miner, student)
                work = folder / "work" / f"{name}-{number}"
                write_table(_mine_one(system, miner, asked, texts, work, seed, progress), path)
            found += sum(map(len, read_table(path, ("document_ids",))["document_ids"].to_pylist()))
    if not found:
        raise InputError(
            f"No negative was found for {len(queries)} queries: there are only "
            f"{len(documents)} documents, or the ranks of the miners are too low.",
            code="data_empty",
        )
    logger.info("mined %d negatives for %d queries", found, len(queries))


def read_negatives(folder: Path) -> dict[str, list[str]]:
    """Return the negatives of each query, those of its miners in turn, each once."""
    by_query: dict[str, list[list[str]]] = {}
    for path in sorted(folder.glob("*.parquet")):
        table = read_table(path, ("query_id", "document_ids"))
        for query, documents in zip(
            table["query_id"].to_pylist(), table["document_ids"].to_pylist(), strict=True
        ):
            by_query.setdefault(query, []).append(documents)
    return {query: list(dict.fromkeys(_in_turn(lists))) for query, lists in by_query.items()}


def _mine_one(
    system: System,
    miner: Miner,
    queries: Sequence[Mapping[str, Any]],
    documents: Sequence[Document],
    work: Path,
    seed: int,
    progress: Progress | None,
) -> pa.Table:
    work.mkdir(parents=True, exist_ok=True)
    texts = {query["query_id"]: query["text"] for query in queries}
    depth = miner.ranks[-1] + max(len(query["document_ids"]) for query in queries)
    rows = []
    try:
        system.index(documents, work, progress=progress)
        search = system.search_together if isinstance(system, Dense) else system.search
        answers = search(texts, min(depth, len(documents)))
        for query, answer in zip(queries, answers, strict=True):
            rows.append(_draw(query, answer, miner, seed))
            if progress is not None:
                progress(f"mine {query['source']}", len(rows), len(queries))
    finally:
        system.close()
    return pa.Table.from_pylist(rows, NEGATIVES)


def _draw(query: Mapping[str, Any], answer: Answer, miner: Miner, seed: int) -> dict[str, Any]:
    """Return negatives of a query in the order of their ranks, which skip its positives."""
    positives = set(query["document_ids"])
    ranked = [document for document, _ in answer.ranking if document not in positives]
    first, last = miner.ranks[0], miner.ranks[-1]
    candidates = list(enumerate(ranked, start=1))[first - 1 : last]
    if len(candidates) > miner.count:
        rng = np.random.default_rng([seed, int(query["query_id"][1:])])
        kept = sorted(rng.choice(len(candidates), miner.count, replace=False).tolist())
        candidates = [candidates[index] for index in kept]
    return {
        "query_id": query["query_id"],
        "document_ids": [document for _, document in candidates],
        "ranks": [rank for rank, _ in candidates],
    }


def _system(miner: Miner, student: Path | None) -> System:
    if miner.system == MINILM:
        return Dense(MINILM, device=training_device().type)
    if miner.system != STUDENT:
        return make_system(miner.system)
    if student is None:
        raise ConfigError(
            "The miner 'student' needs the stage warm-start to be done.", code="stage_not_done"
        )
    return make_system(f"late:high,model={quoted(str(student))}")


def _in_turn(lists: Iterable[list[str]]) -> Iterator[str]:
    """Yield the first of every list, then the second, and so on."""
    columns = [list(entries) for entries in lists]
    longest = max(map(len, columns), default=0)
    return chain.from_iterable(
        (entries[i] for entries in columns if i < len(entries)) for i in range(longest)
    )


def _file_names(sources: Sequence[str]) -> list[str]:
    """Return what the files of each source are called; no two alike, whatever the system folds."""
    names: list[str] = []
    for source in sources:
        plain = name = re.sub(r"[^\w.-]", "_", source)
        taken = {one.lower() for one in names}
        for number in count(2):
            if name.lower() not in taken:
                break
            name = f"{plain}+{number}"
        names.append(name)
    return names
