"""A name, a number, a message or a file that is one document's: is that document first?

    python -m benchmarks.names INDEX [--each 40] [--seed 0]

Words are drawn that stand in one document of the index alone: names of several parts
(``_kbhit_unix``, ``parseHTTPResponse``), numbers of three digits and more, and names of files and
modules with a dot. Each is asked alone, in a question, and in quotes.

Messages of errors are drawn from Python sources, those that one document has; what is filled in
when they are shown (``%s``, ``{name}``) is a word that no document has. Files are drawn by their
ids.
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
_MESSAGE = re.compile(r"""(\w*(?:Error|Exception|Warning))\(\s*f?(["'])([^"'\\\n]{20,90})\2""")
_FILLED_IN = re.compile(r"%[srd]|\{[^{}]*\}")
_QUERIES = {
    "alone": "{}",
    "in a question": "where is {} used and what does it do",
    "in quotes": '"{}"',
}
WAYS: dict[str, dict[str, Any]] = {
    "auto": {},
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
        for kind, drawn in (
            *_messages(texts, options.each, rng),
            *_files(list(texts), options.each, rng),
        ):
            cells = [
                sum(
                    searcher.search(query, passages=False, **way).doc_ids[:1] == (document,)
                    for query, document in drawn
                )
                for way in WAYS.values()
            ]
            print(f"| {kind}, {len(drawn)} | {' | '.join(map(str, cells))} |")


def _messages(
    texts: dict[str, str], n: int, rng: np.random.Generator
) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """Yield ways to ask for messages of errors, and the queries with their documents."""
    where: dict[tuple[str, str], set[str]] = {}
    for document, text in texts.items():
        for match in _MESSAGE.finditer(text):
            where.setdefault((match[1], match[3]), set()).add(document)
    alone = sorted(
        one
        for one, documents in where.items()
        if len(documents) == 1 and sum(one[1] in text for text in texts.values()) == 1
    )
    drawn = [alone[i] for i in rng.permutation(len(alone))[:n].tolist()]
    for way in ("{1}", "{0}: {1}", "why do I get {0}: {1}", '"{1}"'):
        yield (
            f"message, `{way.format('Error', 'message')}`",
            [
                (way.format(name, _FILLED_IN.sub("foo42", message)), min(where[name, message]))
                for name, message in drawn
            ],
        )


def _files(
    ids: list[str], n: int, rng: np.random.Generator
) -> Iterable[tuple[str, list[tuple[str, str]]]]:
    """Yield ways to ask for a file, and the queries with their documents."""
    drawn = [Path(ids[i]) for i in rng.permutation(len(ids))[:n].tolist()]
    yield "file, its path", [(str(one), str(one)) for one in drawn]
    yield "file, its name", [(one.name, str(one)) for one in drawn]
    yield "file, `what is in` its name", [(f"what is in {one.name}", str(one)) for one in drawn]
    yield "file, without its ending", [(one.stem.replace("_", " "), str(one)) for one in drawn]


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
