"""Long documents made of the sentences in ``examples``, for measurements of length."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def sentences() -> list[str]:
    """Return all sentences of the judged example, in order."""
    rows = (_EXAMPLES / "judged" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = (json.loads(row)["text"] for row in rows)
    return [f"{part.strip()}." for text in texts for part in text.split(". ") if part.strip()]


def long_text(rng: np.random.Generator, n_words: int) -> list[str]:
    """Return sentences in random order, ``n_words`` words in all, in lines."""
    pool = sentences()
    chosen: list[str] = []
    words = 0
    while words < n_words:
        chosen.append(pool[int(rng.integers(len(pool)))])
        words += len(chosen[-1].split())
    return chosen
