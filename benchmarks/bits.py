"""How many bits should a dimension have? Quality and bytes on judged collections.

    python -m benchmarks.bits FOLDER... --bits 4 2 1

Each collection (BEIR layout) is encoded once with the default student, indexed with each number of
bits and searched at effort medium. Prints a Markdown table: nDCG@10, R@100 and bytes a token, with
and without the texts.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from colmodern.encoder import load_encoder
from colmodern.eval import Dataset, evaluate
from colmodern.eval.systems import Late
from colmodern.types import DocumentEncoder, TokenEmbeddings


class Remembering:
    """An encoder that encodes every document once."""

    def __init__(self, encoder: DocumentEncoder) -> None:
        """Encode with ``encoder``."""
        self._encoder = encoder
        self._known: dict[str, TokenEmbeddings] = {}
        self.name, self.dim, self.fingerprint = encoder.name, encoder.dim, encoder.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Encode queries."""
        return self._encoder.encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Encode documents that are new, remember the others."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, self._encoder.encode_documents(new), strict=True))
        return [self._known[text] for text in texts]


def main() -> None:
    """Measure each collection with each number of bits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--bits", nargs="+", type=int, default=[4, 2, 1])
    options = parser.parse_args()
    print("| collection | bits | nDCG@10 | R@100 | bytes a token | without texts |")
    print("|---|---|---|---|---|---|")
    for folder in options.folders:
        dataset = Dataset.load(folder)
        encoder = Remembering(load_encoder())
        n_chars = sum(len(d.text.encode()) + len(d.title.encode()) for d in dataset.documents)
        for bits in options.bits:
            with tempfile.TemporaryDirectory() as work:
                report = evaluate(Late(encoder, bits=bits), dataset, work=Path(work))
            values = [f"{report.measures[name]:.4f}" for name in ("nDCG@10", "R@100")]
            sizes = [report.index_bytes, report.index_bytes - n_chars]
            values += [f"{size / report.n_tokens:.1f}" for size in sizes]
            print(f"| {dataset.name} | {bits} | {' | '.join(values)} |", flush=True)


if __name__ == "__main__":
    main()
