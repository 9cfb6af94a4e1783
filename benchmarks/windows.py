"""Does time grow with the length of a document and no faster, and memory not? Which overlap?

    python -m benchmarks.windows                              documents of 25,000 to 100,000 words
    python -m benchmarks.windows --overlap ../shared/data/leval-long   nDCG@10 by overlap of windows

Documents are sentences of the examples in random order, with a fact planted in the middle of each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.long_text import long_text
from colmodern import Document, Encoder, Indexer, Searcher
from colmodern.eval import Dataset, evaluate
from colmodern.eval.run.memory import forget_peak, peak_bytes
from colmodern.eval.systems import Late

_FACT = "The missing teapot of the duchess stands behind the third barrel."
_QUESTION = "where is the missing teapot of the duchess?"
_WORDS = (25_000, 50_000, 100_000)
_OVERLAPS = (0, 32, 64, 128, 254)


def main() -> None:
    """Print a table."""
    options = _options()
    encoder = Encoder.load(options.model)
    if options.overlap:
        _overlaps(encoder, options.overlap)
    else:
        _growth(encoder)


def _growth(encoder: Encoder) -> None:
    encoder.encode_documents(["the first text pays for what is made once"])
    print("| words | tokens | seconds | tokens a second | peak MB over the model | hit | passage |")
    print("|---|---|---|---|---|---|---|")
    for n_words in _WORDS:
        parts = long_text(np.random.default_rng(n_words), n_words)
        parts.insert(len(parts) // 2, _FACT)
        forget_peak()
        before = peak_bytes() or 0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            started = time.perf_counter()
            documents = [Document("long", "\n".join(parts)), Document("short", "A short text.")]
            report = Indexer(path, encoder).build(documents)
            seconds = time.perf_counter() - started
            peak = (peak_bytes() or 0) - before
            with Searcher.open(path, encoder) as searcher:
                hits = searcher.search(_QUESTION, k=10)
        passage = hits[0].passage
        found = "right" if passage is not None and _FACT in passage.text else "wrong"
        speed = report.tokens / seconds
        print(
            f"| {n_words:,} | {report.tokens:,} | {seconds:.1f} | {speed:,.0f} | "
            f"{peak / 1e6:.0f} | {hits[0].doc_id}, {len(hits)} hits | {found} |",
            flush=True,
        )


def _overlaps(encoder: Encoder, collections: list[str]) -> None:
    print("| collection | overlap | nDCG@10 | R@100 | build s |")
    print("|---|---|---|---|---|")
    for name in collections:
        dataset = Dataset.load(name)
        for overlap in _OVERLAPS:
            with (
                tempfile.TemporaryDirectory() as folder,
                patch("colmodern.encoder.tokens.sequences.default_overlap", lambda _, n=overlap: n),
            ):
                report = evaluate(
                    Late(encoder), dataset, measures=["nDCG@10", "R@100"], work=Path(folder)
                )
            means = report.measures
            print(
                f"| {dataset.name} | {overlap} | {means['nDCG@10']:.4f} | {means['R@100']:.4f} | "
                f"{report.build_s:.0f} |",
                flush=True,
            )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--overlap", nargs="+", metavar="COLLECTION")
    return parser.parse_args()


if __name__ == "__main__":
    main()
