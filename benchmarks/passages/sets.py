"""Which questions have an answer at a known place? Meetings, joined pairs, needles, a handbook.

The map of queries is learned from all meetings and from half of the documents that are joined from
sentences. ``benchmarks/passages/crossed.py`` measures meetings by maps that have not seen them. The
other half of the sentences is put aside: every other document, so both have the same kinds. Of what
is put aside there are more questions, so that small differences show.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks.needles import haystack
from colmodern import Document
from colmodern.eval.passages import Annotated, Question

HANDBOOK = Path(__file__).parents[2] / "examples" / "judged"
_PARAGRAPHS, _SENTENCES = 20, 150
_SOME_DOCUMENTS = 45  # of those joined from sentences
_SOME_QUESTIONS, _MORE_QUESTIONS, _TO_FIT = 18, 90, 130  # about each of these
_NEEDLES, _NEEDLE_WORDS = 60, 8000


def all_sets(data: Path) -> Iterator[Annotated]:
    """Yield every set that the folder has the data for; needles and the handbook are always there.

    Args:
        data: A folder with ``qmsum-train`` and ``pairs``.
    """
    if (data / "qmsum-train").is_dir():
        yield meetings(data)
    if (path := data / "pairs" / "xquad.jsonl.gz").is_file():
        yield joined_pairs("paragraphs", _pairs(path), _PARAGRAPHS)
    if (path := data / "pairs" / "squad-sentences.jsonl.gz").is_file():
        choose, aside = _halves(_sentences(path), "sentences")
        yield _with_fewer_questions(choose, _SOME_QUESTIONS)
        yield _with_fewer_questions(aside, _MORE_QUESTIONS)
    if (path := data / "pairs" / "policyqa.jsonl.gz").is_file():
        yield joined_pairs("policies", _pairs(path), _PARAGRAPHS)
    yield _needles()
    handbook = Annotated.load(HANDBOOK)
    yield Annotated("handbook", handbook.documents, handbook.questions)


def meetings(data: Path) -> Annotated:
    """Return all meetings, with their questions."""
    found = Annotated.load(data / "qmsum-train")
    return Annotated("meetings", found.documents, found.questions)


def sentences_to_fit(data: Path) -> Annotated:
    """Return the half of the documents joined from sentences that is for choosing."""
    sentences = _sentences(data / "pairs" / "squad-sentences.jsonl.gz")
    return _with_fewer_questions(next(_halves(sentences, "sentences")), _TO_FIT)


def parts(collection: Annotated, n: int) -> list[Annotated]:
    """Return a collection in so many parts: every ``n``-th document, and the questions about it."""
    ids = list(collection.documents)
    return [_about(collection, collection.name, ids[part::n]) for part in range(n)]


def joined_pairs(
    name: str, pairs: list[tuple[str, str]], n_parts: int, n_documents: int | None = None
) -> Annotated:
    """Join answers that follow each other to documents, each answer a paragraph.

    Args:
        name: What to call the collection.
        pairs: Questions and their answers.
        n_parts: How many different answers a document has, about.
        n_documents: How many documents, taken from all over the pairs; None: all.
    """
    answers = list(dict.fromkeys(answer for _, answer in pairs))
    places: dict[str, tuple[str, int]] = {}
    texts: dict[str, str] = {}
    n_all = max(1, len(answers) // n_parts)
    for number, some in enumerate(np.array_split(np.arange(len(answers)), n_all)):
        text = ""
        for i in some:
            text += "\n\n" if text else ""
            places[answers[i]] = (f"{name}-{number}", len(text))
            text += answers[i]
        texts[f"{name}-{number}"] = text
    step = 1 if n_documents is None else max(1, len(texts) // n_documents)
    kept = {id_: Document(id_, text) for id_, text in list(texts.items())[::step]}
    questions: dict[str, list[Question]] = {id_: [] for id_ in kept}
    for number, (question, answer) in enumerate(pairs):
        document, start = places[answer]
        if document in kept:
            spans = ((start, start + len(answer)),)
            questions[document].append(Question(f"q{number}", question, document, spans))
    return Annotated(name, kept, tuple(chain.from_iterable(questions.values())))


def _sentences(path: Path) -> Annotated:
    return joined_pairs("sentences", _pairs(path), _SENTENCES, _SOME_DOCUMENTS)


def _pairs(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(row["query"], row["document"].strip()) for row in rows if row["document"].strip()]


def _halves(collection: Annotated, name: str) -> Iterator[Annotated]:
    ids = list(collection.documents)
    for half, which in ((ids[::2], "choose"), (ids[1::2], "aside")):
        yield _about(collection, f"{name}-{which}", half)


def _about(collection: Annotated, name: str, ids: Sequence[str]) -> Annotated:
    """Return some documents, and the questions about them."""
    documents = {id_: collection.documents[id_] for id_ in ids}
    questions = tuple(one for one in collection.questions if one.document in documents)
    return Annotated(name, documents, questions)


def _with_fewer_questions(collection: Annotated, n: int) -> Annotated:
    """Return at most ``n`` questions of each document, taken from all over it."""
    kept: list[Question] = []
    for id_ in collection.documents:
        own = [one for one in collection.questions if one.document == id_]
        kept += own[:: max(1, -(-len(own) // n))]
    return Annotated(collection.name, collection.documents, tuple(kept))


def _needles() -> Annotated:
    documents, needles = haystack(np.random.default_rng(0), _NEEDLES, _NEEDLE_WORDS)
    texts = {document.id: document for document in documents}
    questions = []
    for id_, needle in needles.items():
        start = texts[id_].text.index(needle.fact)
        span = (start, start + len(needle.fact))
        questions.append(Question(id_, needle.question, id_, (span,)))
    return Annotated("needles", texts, tuple(questions))
