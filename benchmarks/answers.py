"""Can the scores of a query tell that the index does not answer it?

    python -m benchmarks.answers FOLDER FOLDER ... [--work WORK] [--queries 60]

FOLDERs are judged collections, or have ``corpus.jsonl`` and ``passages.jsonl``. Queries of a
collection are asked as they are; with the documents that answer them taken out of the ranking; and
in the other collections. For each statistic of a ranking the area under the curve (.5: it tells
nothing, 1: all) of queries that are answered against those whose answer was taken out, the same of
queries whose first hit answers, and of queries that are answered against foreign ones.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from colmodern import Document, Encoder, Hits, Indexer, Searcher
from colmodern.eval.collection.dataset import Dataset
from colmodern.eval.passages.annotated import Annotated
from colmodern.storage import exists

_WORD_WEIGHT = 0.1
_LEAST_DOCUMENTS = 20

Statistics: TypeAlias = dict[str, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and the documents that answer it."""

    text: str
    answers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """Documents, and queries about them."""

    name: str
    documents: Sequence[Document]
    queries: Sequence[Asked]


def main() -> None:
    """Print a table: a row a collection and statistic."""
    options = _options()
    collections = [_load(folder, options.queries) for folder in options.folders]
    encoder = Encoder.load(options.model)
    with tempfile.TemporaryDirectory() as folder:
        print("| collection | statistic | answer out | first answers, answer out | foreign |")
        print("| -- | -- | -- | -- | -- |")
        for one in collections:
            path = (options.work or Path(folder)) / one.name
            if not exists(path):
                Indexer(path, encoder).build(one.documents)
            with Searcher.open(path, encoder) as searcher:
                _report(searcher, one, [other for other in collections if other is not one])


def _load(folder: Path, n: int) -> Judged:
    if list(folder.glob("passages.jsonl*")):
        annotated = Annotated.load(folder)
        asked = [Asked(one.text, frozenset([one.document])) for one in annotated.questions]
        return Judged(annotated.name, list(annotated.documents.values()), asked[:n])
    dataset = Dataset.load(folder)
    asked = [
        Asked(text, frozenset(name for name, grade in dataset.qrels[query].items() if grade > 0))
        for query, text in dataset.queries.items()
    ]
    chosen = np.random.default_rng(0).permutation(len(asked))[:n]
    queries = [asked[number] for number in chosen.tolist()]
    return Judged(dataset.name, list(dataset.documents), queries)


def _report(searcher: Searcher, own: Judged, others: Sequence[Judged]) -> None:
    answered: list[Statistics] = []
    first: list[Statistics] = []
    taken_out: list[Statistics] = []
    for one in own.queries:
        ranking = _ranking(searcher, one.text)
        answered.append(_statistics(ranking, np.ones(len(ranking[0]), np.bool_)))
        is_answer = np.isin(ranking[0], list(one.answers))
        if is_answer[ranking[1].argmax()]:
            first.append(answered[-1])
        if np.count_nonzero(~is_answer) >= _LEAST_DOCUMENTS:
            taken_out.append(_statistics(ranking, ~is_answer))
    foreign = [
        _statistics(ranking, np.ones(len(ranking[0]), np.bool_))
        for other in others
        for ranking in (_ranking(searcher, one.text) for one in other.queries)
    ]
    for name in answered[0]:
        areas = [
            _area([one[name] for one in yes], [one[name] for one in no])
            for yes, no in ((answered, taken_out), (first, taken_out), (answered, foreign))
        ]
        cells = " | ".join(f"{area:.2f}".removeprefix("0") for area in areas)
        print(f"| {own.name} | {name} | {cells} |", flush=True)


def _ranking(searcher: Searcher, query: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all documents, their late scores a query token, and their shares of BM25."""
    (tokens,) = searcher.encoder.encode_queries([query])
    hits: Hits = searcher.search_embeddings(
        tokens,
        k=searcher.n_documents,
        query=query,
        mode="hybrid",
        word_weight=_WORD_WEIGHT,
        effort="exact",
        passages=False,
    )
    late = np.array([hit.parts["late"] for hit in hits]) / len(tokens)
    late[~np.isfinite(late)] = -1.0
    words = (hits.scores - (1 - _WORD_WEIGHT) * late) / _WORD_WEIGHT
    return np.array(hits.doc_ids), late, words


def _statistics(ranking: tuple[np.ndarray, np.ndarray, np.ndarray], kept: np.ndarray) -> Statistics:
    late = -np.sort(-ranking[1][kept])
    words = float(ranking[2][kept].max())
    return {
        "best late score a query token": float(late[0]),
        "in deviations over the documents": float((late[0] - late.mean()) / late.std()),
        "less the mean of the documents": float(late[0] - late.mean()),
        "less the eleventh": float(late[0] - late[min(10, len(late) - 1)]),
        "best share of BM25": words,
        "score and share, .9 and .1": float(0.9 * late[0] + 0.1 * words),
    }


def _area(yes: Sequence[float], no: Sequence[float]) -> float:
    """Return how often one of ``yes`` is above one of ``no``; equal ones count half."""
    if not yes or not no:
        return float("nan")
    a, b = np.array(yes)[:, None], np.array(no)[None, :]
    return float(np.mean((a > b) + 0.5 * (a == b)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--work", type=Path, help="where indexes are kept, by collection")
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--model", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
