"""Write what ``colmodern adapt`` must not lose: pieces of the handbook, and questions about them.

python examples/judged/make_general.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "colmodern/distill/adapt/general.json"
_PIECE = 1_500  # characters, and the rest of the paragraph


def pieces(text: str) -> list[tuple[int, int]]:
    """Return the start and end of each piece of a text, cut between paragraphs."""
    found, start = [], 0
    while start < len(text):
        end = text.find("\n\n", start + _PIECE)
        end = len(text) if end < 0 else end
        found.append((start, end))
        start = end
    return found


def general() -> dict[str, Any]:
    """Return texts, and queries with the numbers of the texts that answer them."""
    texts: list[str] = []
    places: dict[str, list[tuple[int, int, int]]] = {}
    for line in (HERE / "corpus.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        for start, end in pieces(row["text"]):
            places.setdefault(row["_id"], []).append((start, end, len(texts)))
            texts.append(row["text"][start:end].strip())
    queries = []
    for line in (HERE / "passages.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        answers = [
            number
            for start, end, number in places[row["document"]]
            if any(start < b and a < end for a, b in row["spans"])
        ]
        queries.append({"text": row["text"], "answers": answers})
    return {"texts": texts, "queries": queries}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(general(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
