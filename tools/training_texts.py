"""Texts to train on, of any folder: ``python -m tools.training_texts FOLDER OUT.jsonl.gz``.

Files are read as ``colmodern index`` reads them, in an order drawn by the seed, until there are
enough words, so that one kind of text does not outweigh others. A row is ``{"text": ...}``. The
same files give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from colmodern.corpus import ScanOptions, extract, scan
from colmodern.errors import ColModernError


def write_texts(folder: Path, out: Path, *, n_words: int, seed: int) -> tuple[int, int]:
    """Write the rows; return how many texts there are, and how many words.

    Args:
        folder: Read with all folders in it.
        out: The file of rows, gzip.
        n_words: No text is added once there are so many; fewer if the folder has fewer.
        seed: Decides the order of files.
    """
    options = ScanOptions()
    sources = [*scan([folder], options).sources]
    random.Random(seed).shuffle(sources)
    texts = words = 0
    with (
        out.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8") as lines,
    ):
        for source in sources:
            if words >= n_words:
                break
            try:
                found = [extracted.document.text for extracted in extract(source, options)]
            except ColModernError as err:
                print(f"left out: {err}", file=sys.stderr)
                continue
            for text in filter(None, found):
                lines.write(json.dumps({"text": text}) + "\n")
                words += len(text.split())
                texts += 1
    return texts, words


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the rows, and say how many words they have."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args(arguments)
    texts, words = write_texts(asked.folder, asked.out, n_words=asked.words, seed=asked.seed)
    print(f"{asked.out}: {texts} texts, {words} words")


if __name__ == "__main__":
    main()
