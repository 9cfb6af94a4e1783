"""A name, a number or a file name that one document has: is that document first?

    python -m benchmarks.names INDEX [--each 40] [--seed 0]

Words are drawn that stand in one document of the index alone: names of several parts
(``_kbhit_unix``, ``parseHTTPResponse``), numbers of three digits and more, and names of files and
modules with a dot. Each is asked alone, in a question, and in quotes.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from colmodern import Searcher
from colmodern.storage import IndexReader

_KINDS = {
    "name": re.compile(r"[A-Za-z_][A-Za-z0-9_]{4,40}"),
    "number": re.compile(r"[0-9]{3,12}"),
    "dotted": re.compile(r"[A-Za-z_]{2,20}\.[A-Za-z_]{2,20}"),
}
_QUERIES = {
    "alone": "{}",
    "in a question": "where is {} used and what does it do",
    "in quotes": '"{}"',
}
WAYS: dict[str, dict[str, Any]] = {
    "late": {"mode": "late"},
    "hybrid": {"mode": "hybrid"},
    "hybrid, word weight .3": {"mode": "hybrid", "word_weight": 0.3},
    "BM25": {"mode": "bm25"},
}


def main() -> None:
    """Print a table: a row a kind and way of asking, a column a mode."""
    options = _options()
    with IndexReader.open(options.index) as reader:
        texts = {document.id: document.text for document in reader.documents()}
    rng = np.random.default_rng(options.seed)
    print(f"{len(texts):,} documents\n\n| asked | {' | '.join(WAYS)} |")
    print("| -- |" + " -- |" * len(WAYS))
    with Searcher.open(options.index) as searcher:
        for kind, pattern in _KINDS.items():
            drawn = _drawn(texts.items(), pattern, options.each, rng, is_name=kind == "name")
            for asked, query in _QUERIES.items():
                cells = [
                    sum(
                        searcher.search(query.format(word), passages=False, **way).doc_ids[:1]
                        == (document,)
                        for word, document in drawn
                    )
                    for way in WAYS.values()
                ]
                print(f"| {kind} of {len(drawn)}, {asked} | {' | '.join(map(str, cells))} |")


def _drawn(
    texts: Iterable[tuple[str, str]],
    pattern: re.Pattern[str],
    n: int,
    rng: np.random.Generator,
    *,
    is_name: bool,
) -> list[tuple[str, str]]:
    """Return words that one document has, whatever their capitals, with its id."""
    where: dict[str, set[str]] = {}
    spelled: dict[str, str] = {}
    for document, text in texts:
        for match in pattern.finditer(text):
            word = match[0]
            around = text[max(0, match.start() - 1) : match.end() + 1].replace(word, "", 1)
            if any(c.isalnum() or c in "_." for c in around):
                continue
            if (
                is_name
                and (word.islower() or word.isupper() or word[1:].islower())
                and ("_" not in word.strip("_"))
            ):
                continue
            where.setdefault(word.lower(), set()).add(document)
            spelled[word.lower()] = word
    alone = sorted(word for word, documents in where.items() if len(documents) == 1)
    chosen = rng.permutation(len(alone))[:n]
    return [(spelled[alone[i]], next(iter(where[alone[i]]))) for i in chosen.tolist()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
