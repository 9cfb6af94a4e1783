"""A fact planted at a known place in a long document: is the document found, and the place shown?

    python -m benchmarks.needles [--documents 60] [--words 8000]

Each document has one fact, an access code, in sentences of the examples; the facts of the others
differ from it in a word or two. ``place`` counts passages that hold the code asked for.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.long_text import long_text
from colmodern import Document, Encoder, Hits, Indexer, Searcher

_COLOURS = ("red", "green", "blue", "yellow", "white")
_THINGS = ("cabinet", "gate", "locker", "boathouse")
_TOWNS = ("Lisbon", "Bergen", "Trieste", "Gdansk", "Cork")
_DEPTHS = (0.05, 0.5, 0.95)
_WAYS: dict[str, dict[str, Any]] = {
    "MaxSim": {"scoring": "maxsim"},
    "corrected": {"scoring": "corrected"},
    "passage weight 0.1": {"passage_weight": 0.1},
    "passage weight 0.5": {"passage_weight": 0.5},
    "passage weight 1": {"passage_weight": 1.0},
    "BM25": {"mode": "bm25"},
    "hybrid": {"mode": "hybrid"},
}


@dataclass(frozen=True, slots=True)
class Needle:
    """A planted fact: where it lies, what asks for it, what proves it."""

    depth: float
    question: str
    fact: str
    code: str


def main() -> None:
    """Print a table: a row a way of searching, right documents and places by depth."""
    options = _options()
    rng = np.random.default_rng(0)
    documents, needles = haystack(rng, options.documents, options.words)
    encoder = Encoder.load(options.model)
    with tempfile.TemporaryDirectory() as folder:
        Indexer(Path(folder) / "index", encoder).build(documents)
        with Searcher.open(Path(folder) / "index", encoder) as searcher:
            _report(searcher, needles)


def haystack(
    rng: np.random.Generator, n_documents: int, n_words: int
) -> tuple[list[Document], dict[str, Needle]]:
    """Return documents of so many words, and the fact that is planted in each, by its id."""
    names = list(product(_COLOURS, _THINGS, _TOWNS))
    documents, needles = [], {}
    for number, chosen in enumerate(rng.permutation(len(names))[:n_documents]):
        colour, thing, town = names[chosen]
        code = str(rng.integers(10_000, 99_999))
        fact = f"The access code of the {colour} {thing} in {town} is {code}."
        depth = _DEPTHS[number % len(_DEPTHS)]
        parts = long_text(rng, n_words)
        parts.insert(int(depth * len(parts)), fact)
        documents.append(Document(f"d{number}", "\n".join(parts)))
        question = f"what opens the {colour} {thing} in {town}?"
        needles[f"d{number}"] = Needle(depth, question, fact, code)
    return documents, needles


def _report(searcher: Searcher, needles: dict[str, Needle]) -> None:
    heads = " | ".join(f"{depth:.0%} deep" for depth in _DEPTHS)
    print(f"{len(needles)} documents, {searcher.describe()['tokens']:,} tokens\n")
    print(f"| way | {heads} | all | place |\n|---|" + "---|" * (len(_DEPTHS) + 2))
    for name, options in _WAYS.items():
        found = {
            doc_id: searcher.search(needle.question, k=10, **options)
            for doc_id, needle in needles.items()
        }
        _row(name, found, needles)


def _row(name: str, found: dict[str, Hits], needles: dict[str, Needle]) -> None:
    first = {d: bool(len(hits)) and hits[0].doc_id == d for d, hits in found.items()}
    cells = [
        f"{np.mean([first[d] for d, needle in needles.items() if needle.depth == depth]):.2f}"
        for depth in _DEPTHS
    ]
    places = [
        needles[hit.doc_id].code in hit.passage.text
        for d, hits in found.items()
        for hit in hits
        if hit.doc_id == d and hit.passage is not None
    ]
    place = f"{np.mean(places):.2f} of {len(places)}" if places else "-"
    print(
        f"| {name} | {' | '.join(cells)} | {np.mean(list(first.values())):.2f} | {place} |",
        flush=True,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--words", type=int, default=8000)
    parser.add_argument("--model", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
