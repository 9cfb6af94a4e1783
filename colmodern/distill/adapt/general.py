"""What must not be lost: questions about a handbook that no user's corpus has anything to do with.

``general.json`` is made from the handbook in ``examples/`` (``examples/judged/make_general.py``).
To 36 questions come queries made from its texts, as they are made from a corpus, so that one rank
of one question does not decide.
"""

from __future__ import annotations

import json
from pathlib import Path

from colmodern.distill.adapt.judge import Pool, Trial
from colmodern.distill.adapt.queries import requests
from colmodern.encoder import Encoder
from colmodern.types import Document, FloatMatrix

_FILE = Path(__file__).with_name("general.json")
_MADE = 120  # queries made from its texts


def general_trials(encoder: Encoder, *, seed: int, threads: int) -> tuple[Pool, list[Trial]]:
    """Return the handbook's texts and what is asked about them, encoded."""
    kept = json.loads(_FILE.read_text("utf-8"))
    texts = kept["texts"]
    documents = encoder.encode_documents(texts)
    pool = Pool([one.vectors for one in documents], scoring=encoder.scoring, threads=threads)
    asked: list[tuple[str, tuple[int, ...], FloatMatrix | None]] = [
        (one["text"], tuple(one["answers"]), None) for one in kept["queries"]
    ]
    numbered = [Document(str(number), text) for number, text in enumerate(texts)]
    made = requests(numbered, seed=seed)
    masked = encoder.encode_documents([one.masked for one in made[:_MADE]])
    asked += [
        (one.text, (one.document,), without.vectors)
        for one, without in zip(made, masked, strict=False)
    ]
    queries = encoder.encode_queries([text for text, _, _ in asked])
    return pool, [
        Trial(text, query.vectors, answers, without)
        for (text, answers, without), query in zip(asked, queries, strict=True)
    ]
