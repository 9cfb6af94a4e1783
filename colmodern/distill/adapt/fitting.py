"""From documents to a student that is adapted to them, or to the finding that nothing is gained.

The work takes a minute whatever the size of the corpus, and the same documents give the same
student: stopped at any moment, it is done again, and an index that was begun goes on.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colmodern.corpus import ScanOptions
from colmodern.distill.adapt.general import general_trials
from colmodern.distill.adapt.judge import Outcome, Pool, Trial
from colmodern.distill.adapt.judged import read_judged
from colmodern.distill.adapt.queries import learned_from, requests
from colmodern.distill.adapt.report import Adaptation, Measured, first_hits
from colmodern.distill.adapt.sample import Drawn, documents_of, sample_of
from colmodern.distill.adapt.student import check_free, write_student
from colmodern.distill.adapt.weights import expected_matches, fit_weights
from colmodern.distill.locked import alone
from colmodern.encoder import DEFAULT_NAME, Encoder
from colmodern.encoder.checkpoint.sources import find_model
from colmodern.encoder.query_weights import QUERY_WEIGHTS_FILE, QueryWeights
from colmodern.errors import ConfigError, InputError
from colmodern.types import Document, Progress

logger = logging.getLogger(__name__)

LEAST_DOCUMENTS = 20
"""Of fewer, what every document matches cannot be told."""
MAY_LOSE = 0.005
"""So much of its nDCG@10 on general queries may be lost."""
_STRENGTHS = (1.0, 0.5)
_FITTED, _HELD_OUT = 1_200, 400  # queries at most
_LEAST_QUERIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptRequest:
    """What is to be adapted to what.

    Attributes:
        roots: Folders and files, or one index.
        output: Where the adapted student goes.
        model: The student to start from: a name or a folder.
        queries: A file of queries and ids of the documents that answer them, which decide whether
            anything is gained in place of made ones.
        scan: Which files, and how they are read.
        seed: Decides what is drawn.
    """

    roots: Sequence[Path]
    output: Path
    model: str = DEFAULT_NAME
    queries: Path | None = None
    scan: ScanOptions = field(default_factory=ScanOptions)
    seed: int = 0


def adapt(request: AdaptRequest, *, progress: Progress | None = None) -> Adaptation:
    """Fit the weights of query tokens to a corpus; write a student if that gains anything.

    Args:
        request: What is to be done.
        progress: Told how far it is.

    Raises:
        ConfigError: The student is adapted already, or another process writes to ``output``.
        EncoderError: The student cannot be read.
        InputError: There are too few documents, files cannot be read, or a query's document is not
            there, or something else lies at ``output``.
    """
    check_free(request.output)
    name, start = find_model(request.model)
    if (start / QUERY_WEIGHTS_FILE).is_file():
        raise ConfigError(
            f"{start} is adapted already; name the student that it started from.",
            code="checkpoint_mismatch",
            option="model",
            value=request.model,
        )
    given = [] if request.queries is None else read_judged(request.queries)
    tell: Progress = _untold if progress is None else progress
    output = request.output.absolute()
    work = output.with_name(f".{output.name}.work")
    with alone(work):
        try:
            weights, found = _Fitting(request, name, given, tell).run()
            if weights is not None:
                write_student(start, weights, found.to_dict(), work=work, output=output)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return found


class _Fitting:
    """One run: what was drawn and encoded, and what comes of it."""

    def __init__(
        self,
        request: AdaptRequest,
        name: str,
        given: list[tuple[str, tuple[str, ...]]],
        tell: Progress,
    ) -> None:
        self._request, self._name, self._given, self._tell = request, name, given, tell
        self._encoder = Encoder.load(name)
        self._threads = os.cpu_count() or 1

    def run(self) -> tuple[QueryWeights | None, Adaptation]:
        """Return the weights, None if nothing is gained, and what was measured."""
        sample = self._drawn()
        drawn = [one for one in sample.documents if one.id not in sample.answers]
        documents = [*drawn, *sample.answers.values()]
        self._tell("adapting (documents)", 0, len(documents))
        vectors = [one.vectors for one in self._encoder.encode_documents(_texts(documents))]
        made = learned_from(drawn, seed=self._request.seed)
        learned = [one for one in made if one.document % 2 == 0][:_FITTED]
        trials = self._trials(documents, drawn)
        if min(len(learned), len(trials)) < (1 if self._given else _LEAST_QUERIES):
            raise InputError(
                f"Only {len(made)} queries can be made from {len(documents)} documents: their "
                "texts are too short to adapt a student to.",
                code="data_empty",
            )
        self._tell("adapting (queries)", 0, len(learned))
        queries = self._encoder.encode_queries([one.text for one in learned])
        about = np.repeat([one.document for one in learned], [len(one) for one in queries])
        tokens = np.concatenate([one.vectors for one in queries])
        expected = expected_matches(tokens, about.tolist(), vectors)
        pool = Pool(vectors, scoring=self._encoder.scoring, threads=self._threads)
        general = general_trials(self._encoder, seed=self._request.seed, threads=self._threads)
        return self._best(
            [(one, fit_weights(tokens, expected, strength=one)) for one in _STRENGTHS],
            (pool, trials),
            general,
            [one.id for one in documents],
            len(drawn),
        )

    def _best(
        self,
        candidates: list[tuple[float, QueryWeights]],
        own: tuple[Pool, list[Trial]],
        general: tuple[Pool, list[Trial]],
        ids: list[str],
        n_documents: int,
    ) -> tuple[QueryWeights | None, Adaptation]:
        """Return the strongest weights that gain something and lose little elsewhere."""
        before, before_general = self._judged(own, None), self._judged(general, None)
        found = None
        for strength, weights in candidates:
            after, after_general = self._judged(own, weights), self._judged(general, weights)
            measured = Measured.of(before, after)
            elsewhere = Measured.of(before_general, after_general)
            is_good = measured.gain > 0 and elsewhere.gain >= -MAY_LOSE
            logger.info("strength %g: held out %s, general %s", strength, measured, elsewhere)
            if is_good or found is None:
                found = Adaptation(
                    model=str(self._request.output.absolute()) if is_good else self._name,
                    start=self._name,
                    adapted=is_good,
                    strength=strength if is_good else 0.0,
                    documents=n_documents,
                    held_out=measured,
                    general=elsewhere,
                    changed=first_hits(own[1], before, after, ids) if is_good else (),
                )
            if is_good:
                return weights, found
        assert found is not None
        return None, found

    def _judged(self, what: tuple[Pool, list[Trial]], weights: QueryWeights | None) -> Outcome:
        pool, trials = what
        self._tell("adapting (measuring)", 0, len(trials))
        return pool.judge(trials, weights)

    def _drawn(self) -> Drawn:
        request = self._request
        wanted = frozenset(one for _, ids in self._given for one in ids)
        documents = documents_of(
            request.roots, request.scan, every_file=bool(wanted), seed=request.seed
        )
        sample = sample_of(documents, wanted, seed=request.seed)
        if len(sample.documents) < LEAST_DOCUMENTS:
            raise InputError(
                f"There are {len(sample.documents)} documents with text; adapting needs "
                f"{LEAST_DOCUMENTS}, to tell what all have in common.",
                code="data_empty",
            )
        for missing in sorted(wanted - sample.answers.keys())[:1]:
            raise InputError(
                f"There is no document {missing!r}, which {request.queries} names.",
                code="document_not_found",
                document=missing,
            )
        return sample

    def _trials(self, documents: list[Document], drawn: list[Document]) -> list[Trial]:
        """Return what decides: the queries that were given, or made ones of other documents."""
        if self._given:
            numbers = {one.id: number for number, one in enumerate(documents)}
            texts = [text for text, _ in self._given]
            return [
                Trial(text, query.vectors, tuple(numbers[one] for one in ids))
                for (text, ids), query in zip(
                    self._given, self._encoder.encode_queries(texts), strict=True
                )
                if len(query)
            ]
        asked = requests(drawn, seed=self._request.seed)
        held = [one for one in asked if one.document % 2 == 1][:_HELD_OUT]
        queries = self._encoder.encode_queries([one.text for one in held])
        masked = self._encoder.encode_documents([one.masked for one in held])
        return [
            Trial(one.text, query.vectors, (one.document,), rest.vectors)
            for one, query, rest in zip(held, queries, masked, strict=True)
            if len(query)
        ]


def _texts(documents: Sequence[Document]) -> list[str]:
    return [f"{one.title} {one.text}" if one.title else one.text for one in documents]


def _untold(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
