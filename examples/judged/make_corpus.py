"""Write the handbook's documents into ``corpus.jsonl``: this folder is a collection as BEIR's.

python examples/judged/make_corpus.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from colmodern.corpus import SkipTally, extract, scan

HERE = Path(__file__).parent


def rows() -> Iterator[dict[str, str]]:
    """Yield a row for each document of the handbook."""
    report = SkipTally().add
    for source in scan([HERE.parent / "handbook"]).sources:
        for document, _ in extract(source, report=report):
            yield {"_id": document.id, "title": document.title, "text": document.text}


if __name__ == "__main__":
    with (HERE / "corpus.jsonl").open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
