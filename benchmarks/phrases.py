"""A phrase of six words from a long document, in quotes: is the document first?

    python -m benchmarks.phrases FOLDER [--index INDEX] [--phrases 150] [--words 6] [--seed 0]

FOLDER has ``corpus.jsonl[.gz]``. A phrase is drawn from the words of a document drawn at random; it
may run over the end of a sentence. ``shown`` counts first hits whose passage holds it, ``plain``
first hits without the quotes. ``ms`` is the mean time of the processor, one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colmodern import Document, Encoder, Indexer, Searcher
from colmodern.eval.layouts.rows import find_rows, read_documents
from colmodern.text.phrases import holds, phrases_of

_WAYS: dict[str, dict[str, Any]] = {
    "late": {"mode": "late"},
    "hybrid": {"mode": "hybrid"},
    "hybrid, word weight .3": {"mode": "hybrid", "word_weight": 0.3},
    "BM25": {"mode": "bm25"},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A phrase, and the document it is from."""

    text: str
    document: str


def main() -> None:
    """Print a table: a row a way of searching."""
    options = _options()
    documents = list(read_documents(find_rows(options.folder, "corpus")))
    drawn = _draw(documents, options.phrases, options.words, np.random.default_rng(options.seed))
    encoder = Encoder.load(options.model)
    with tempfile.TemporaryDirectory() as folder:
        index = options.index or Path(folder) / "index"
        if options.index is None:
            Indexer(index, encoder).build(documents)
        with Searcher.open(index, encoder) as searcher:
            _report(searcher, drawn)


def _draw(
    documents: Sequence[Document], n: int, n_words: int, rng: np.random.Generator
) -> list[Drawn]:
    drawn: list[Drawn] = []
    while len(drawn) < n:
        document = documents[int(rng.integers(len(documents)))]
        words = document.text.replace('"', " ").split()
        if len(words) < 2 * n_words:
            continue
        start = int(rng.integers(len(words) - n_words))
        text = " ".join(words[start : start + n_words])
        if len(phrases_of(f'"{text}"')) == 1:
            drawn.append(Drawn(text, document.id))
    return drawn


def _report(searcher: Searcher, drawn: Sequence[Drawn]) -> None:
    print(f"{searcher.n_documents:,} documents, {len(drawn)} phrases\n")
    print("| way | first | shown | ms | worst | plain | ms |")
    print("| -- | -- | -- | -- | -- | -- | -- |")
    for name, options in _WAYS.items():
        first = shown = plain = 0
        spent: dict[str, list[float]] = {"quoted": [], "plain": []}
        for one in drawn:
            start = time.process_time()
            hits = searcher.search(f'"{one.text}"', threads=1, **options)
            spent["quoted"].append(1000 * (time.process_time() - start))
            first += hits.doc_ids[:1] == (one.document,)
            (phrase,) = phrases_of(f'"{one.text}"')
            passage = hits[0].passage if hits else None
            shown += passage is not None and holds(passage.text, phrase)
            start = time.process_time()
            plain += searcher.search(one.text, threads=1, **options).doc_ids[:1] == (one.document,)
            spent["plain"].append(1000 * (time.process_time() - start))
        print(
            f"| {name} | {first} | {shown} | {np.mean(spent['quoted']):.1f} "
            f"| {max(spent['quoted']):.1f} | {plain} | {np.mean(spent['plain']):.1f} |",
            flush=True,
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", type=Path, help="an index of the folder's documents")
    parser.add_argument("--phrases", type=int, default=150)
    parser.add_argument("--words", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
