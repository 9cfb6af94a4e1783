"""What does a student make of the sample, of the queries that decide, and of the general ones?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from colmodern.distill.adapt.general import general_trials
from colmodern.distill.adapt.judge import Pool, Trial
from colmodern.distill.adapt.queries import requests
from colmodern.distill.adapt.sample import Drawn
from colmodern.encoder import Encoder
from colmodern.types import Document, FloatMatrix

_HELD_OUT = 400  # queries at most


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What students are compared on.

    Attributes:
        drawn: Documents that stand for the corpus.
        documents: The same, and those that the given queries are answered by.
        given: Queries of the user's, with the ids of the documents that answer each.
    """

    drawn: list[Document]
    documents: list[Document]
    given: Sequence[tuple[str, tuple[str, ...]]]

    @classmethod
    def of(cls, sample: Drawn, given: Sequence[tuple[str, tuple[str, ...]]]) -> Self:
        """Return what a sample gives."""
        drawn = [one for one in sample.documents if one.id not in sample.answers]
        return cls(drawn, [*drawn, *sample.answers.values()], given)

    @property
    def ids(self) -> list[str]:
        """The ids of the documents."""
        return [one.id for one in self.documents]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a student makes of it.

    Attributes:
        student: Its checkpoint.
        encoder: The encoder that runs it.
        vectors: The token vectors of each document, (n_tokens, dim), float32.
        own: Documents of the corpus, and queries that are to find them.
        general: The same of the handbook.
    """

    student: Path
    encoder: Encoder
    vectors: list[FloatMatrix]
    own: tuple[Pool, list[Trial]]
    general: tuple[Pool, list[Trial]]

    @classmethod
    def of(cls, student: Path, encoder: Encoder, material: Material, *, seed: int) -> Self:
        """Encode everything."""
        threads = os.cpu_count() or 1
        vectors = [one.vectors for one in encoder.encode_documents(_texts(material.documents))]
        pool = Pool(vectors, scoring=encoder.scoring, threads=threads)
        trials = _given(encoder, material) if material.given else _made(encoder, material, seed)
        general = general_trials(encoder, seed=seed, threads=threads)
        return cls(student, encoder, vectors, (pool, trials), general)


def _given(encoder: Encoder, material: Material) -> list[Trial]:
    """Return the queries of the user's."""
    numbers = {one: number for number, one in enumerate(material.ids)}
    queries = encoder.encode_queries([text for text, _ in material.given])
    return [
        Trial(text, query.vectors, tuple(numbers[one] for one in ids))
        for (text, ids), query in zip(material.given, queries, strict=True)
        if len(query)
    ]


def _made(encoder: Encoder, material: Material, seed: int) -> list[Trial]:
    """Return queries made of documents that nothing is learned from."""
    asked = requests(material.drawn, seed=seed)
    held = [one for one in asked if one.document % 2 == 1][:_HELD_OUT]
    queries = encoder.encode_queries([one.text for one in held])
    masked = encoder.encode_documents([one.masked for one in held])
    return [
        Trial(one.text, query.vectors, (one.document,), rest.vectors)
        for one, query, rest in zip(held, queries, masked, strict=True)
        if len(query)
    ]


def _texts(documents: Sequence[Document]) -> list[str]:
    return [f"{one.title} {one.text}" if one.title else one.text for one in documents]
