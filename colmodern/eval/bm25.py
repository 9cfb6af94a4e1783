"""What would BM25 find? The baseline that every reader asks for."""

from __future__ import annotations

import logging
import re

from colmodern.errors import MissingExtraError
from colmodern.eval.dataset import Dataset
from colmodern.eval.evaluate import DEPTH, Report, Run, measure

_WORD = re.compile(r"\w+")


def evaluate_bm25(dataset: Dataset, *, k1: float = 0.9, b: float = 0.4) -> Report:
    """Measure BM25 (Lucene's form; title and text, no stemming, no stop words).

    Args:
        dataset: The collection.
        k1: Saturation of term counts.
        b: How much length counts.

    Raises:
        MissingExtraError: bm25s is not installed.
    """
    try:
        import bm25s
    except ImportError as err:
        raise MissingExtraError(purpose="BM25", extra="eval") from err
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets DEBUG for itself
    ids, words = [], []
    for document in dataset.documents():
        ids.append(document.id)
        words.append(_words(f"{document.title} {document.text}"))
    model = bm25s.BM25(k1=k1, b=b, method="lucene")
    model.index(words, show_progress=False)
    run: Run = {}
    for query, text in dataset.queries.items():
        numbers, scores = model.retrieve(
            [_words(text)], k=min(DEPTH, len(ids)), show_progress=False
        )
        run[query] = {
            ids[number]: float(score)
            for number, score in zip(numbers[0], scores[0], strict=True)
            if score > 0
        }
    return Report(
        dataset=dataset.name,
        system=f"BM25 k1={k1} b={b}",
        queries=len(dataset.queries),
        measures=measure(dataset, run),
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
