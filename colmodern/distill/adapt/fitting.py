"""From documents to a student that is adapted to them, or to the finding that nothing is gained.

The work takes a minute, with training half an hour, whatever the size of the corpus, and
the same documents give the same student: stopped at any moment, it is done again, training goes on
from its last checkpoint, and an index that was begun goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from colmodern.corpus import ScanOptions
from colmodern.distill.adapt.judge import Outcome
from colmodern.distill.adapt.judged import read_judged
from colmodern.distill.adapt.queries import PseudoQuery, learned_from
from colmodern.distill.adapt.reading import Material, Reading
from colmodern.distill.adapt.report import Adaptation, Attempt, Measured, first_hits
from colmodern.distill.adapt.sample import Drawn, documents_of, sample_of
from colmodern.distill.adapt.student import REPORT_FILE, check_free, write_student
from colmodern.distill.adapt.training import (
    between,
    check_training,
    named_teachers,
    record_training,
    recorded_teachers,
    trained,
)
from colmodern.distill.adapt.weights import expected_matches, fit_weights
from colmodern.distill.locked import alone
from colmodern.distill.options.student import TokenTeacher
from colmodern.encoder import DEFAULT_NAME, Encoder
from colmodern.encoder.checkpoint.sources import find_model
from colmodern.encoder.query_weights import QUERY_WEIGHTS_FILE, QueryWeights
from colmodern.errors import ConfigError, InputError
from colmodern.types import Progress

LEAST_DOCUMENTS = 20
"""Of fewer, what every document matches cannot be told."""
MAY_LOSE = 0.005
"""So much of its nDCG@10 on general queries may be lost."""
_SHARES = (1.0, 0.75, 0.5)  # of what training made of the weights
_STRENGTHS = (1.0, 0.5)
_FITTED = 1_200  # queries at most
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
        train: Whether the student also reads texts of the corpus, taught by its teachers: half
            an hour on two cores (extra ``distill``).
        teachers: Other teachers than those that its record names; naming some means ``train``.
        scan: Which files, and how they are read.
        seed: Decides what is drawn.
    """

    roots: Sequence[Path]
    output: Path
    model: str = DEFAULT_NAME
    queries: Path | None = None
    train: bool = False
    teachers: Sequence[str] = ()
    scan: ScanOptions = field(default_factory=ScanOptions)
    seed: int = 0


def adapt(request: AdaptRequest, *, progress: Progress | None = None) -> Adaptation:
    """Adapt a student to a corpus; write it if that gains anything.

    What training has done stays beside ``output``, so that the same call goes on or is quick, until
    ``forget_training`` is called.

    Args:
        request: What is to be done.
        progress: Told how far it is.

    Raises:
        ConfigError: The student is adapted already, another process writes to ``output``, or a
            teacher is missing or does not suit the student.
        EncoderError: The student or a teacher cannot be read.
        InputError: There are too few documents, files cannot be read, or a query's document is not
            there, or something else lies at ``output``.
        MissingExtraError: Training is asked for without the extra ``distill``.
    """
    check_free(request.output)
    name, start = find_model(request.model)
    if (start / QUERY_WEIGHTS_FILE).is_file() or (start / REPORT_FILE).is_file():
        raise ConfigError(
            f"{start} is adapted already; name the student that it started from.",
            code="checkpoint_mismatch",
            option="model",
            value=request.model,
        )
    given = [] if request.queries is None else read_judged(request.queries)
    tell: Progress = _untold if progress is None else progress
    output = request.output.absolute()
    teachers = named_teachers(request.teachers)
    if request.train and not teachers:
        teachers = recorded_teachers(start, is_ours=name == DEFAULT_NAME)
    if teachers:
        check_training(start, teachers)
    work = output.with_name(f".{output.name}.work")
    with alone(work):
        try:
            best, found = _Fitting(request, (name, start), teachers, given, tell, work).run()
            if found.adapted:
                write_student(best.student, best.weights, found.to_dict(), work=work, output=output)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return found


def forget_training(output: Path) -> None:
    """Remove what was kept so that a student that was stopped in its training could go on."""
    shutil.rmtree(_training_of(output), ignore_errors=True)


def _training_of(output: Path) -> Path:
    return output.absolute().with_name(f".{output.name}.training")


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A student that may be better, and how it was measured."""

    student: Path
    weights: QueryWeights | None
    trained: float
    strength: float
    own: Outcome
    general: Outcome


class _Fitting:
    """One run: what was drawn and encoded, and what comes of it."""

    def __init__(
        self,
        request: AdaptRequest,
        start: tuple[str, Path],
        teachers: Sequence[TokenTeacher],
        given: list[tuple[str, tuple[str, ...]]],
        tell: Progress,
        work: Path,
    ) -> None:
        self._request, self._given, self._tell, self._work = request, given, tell, work
        self._name, self._start = start
        self._teachers = teachers
        self._tried: list[Attempt] = []

    def run(self) -> tuple[_Found, Adaptation]:
        """Return the best student that was found, and what there is to say of it."""
        request = self._request
        sample = self._drawn()
        material = Material.of(sample, self._given)
        made = learned_from(material.drawn, seed=request.seed)
        learned = [one for one in made if one.document % 2 == 0][:_FITTED]
        start = self._reading(self._start, material)
        if min(len(learned), len(start.own[1])) < (1 if self._given else _LEAST_QUERIES):
            raise InputError(
                f"Only {len(made)} queries can be made from {len(material.documents)} documents: "
                "their texts are too short to adapt a student to.",
                code="data_empty",
            )
        best = before = self._measured(start, None)
        read = start
        if self._teachers:
            found = self._trained(start, before, sample.texts, material)
            if found is not None:
                read, best = found
        best = self._weighed(read, before, best, learned)
        is_adapted = best is not before
        return best, Adaptation(
            model=str(request.output.absolute()) if is_adapted else self._name,
            start=self._name,
            adapted=is_adapted,
            strength=best.strength,
            trained=best.trained,
            documents=len(material.drawn),
            held_out=Measured.of(before.own, best.own),
            general=Measured.of(before.general, best.general),
            changed=first_hits(start.own[1], before.own, best.own, material.ids),
            tried=tuple(self._tried),
        )

    def _trained(
        self,
        start: Reading,
        before: _Found,
        texts: Sequence[str],
        material: Material,
    ) -> tuple[Reading, _Found] | None:
        """Return a student that has read the corpus, if it gains anything and loses little.

        Of its weights and those of the start, mixed in several shares, the mixture is taken that
        gains most by made and general queries together: a little of what is learned of a corpus is
        of use elsewhere, all of it is not.
        """
        student = trained(
            self._start,
            texts,
            self._teachers,
            dim=start.encoder.dim,
            seed=self._request.seed,
            folder=_training_of(self._request.output),
            progress=self._tell,
        )
        best: tuple[Attempt, Reading, _Found] | None = None
        for share in _SHARES:
            target = between(self._start, student, share, self._work / f"share-{share:g}")
            record_training(target, self._teachers, share)
            read = self._reading(target, material)
            found = self._measured(read, None, trained=share)
            attempt = _attempt(f"{share:.0%} of the training", found, before, before)
            self._tried.append(attempt)
            if attempt.kept and (best is None or attempt.gain > best[0].gain):
                best = attempt, read, found
        self._tried = [
            replace(one, kept=best is not None and one is best[0]) for one in self._tried
        ]
        return None if best is None else best[1:]

    def _weighed(
        self, read: Reading, before: _Found, best: _Found, learned: Sequence[PseudoQuery]
    ) -> _Found:
        """Return the best student so far with the strongest weights that gain something more."""
        self._tell("adapting (queries)", 0, len(learned))
        queries = read.encoder.encode_queries([one.text for one in learned])
        about = np.repeat([one.document for one in learned], [len(one) for one in queries])
        tokens = np.concatenate([one.vectors for one in queries])
        expected = expected_matches(tokens, about.tolist(), read.vectors)
        for strength in _STRENGTHS:
            weights = fit_weights(tokens, expected, strength=strength)
            found = self._measured(read, weights, trained=best.trained, strength=strength)
            attempt = _attempt(f"query tokens weighed by {strength:.0%}", found, best, before)
            self._tried.append(attempt)
            if attempt.kept:
                return found
        return best

    def _reading(self, student: Path, material: Material) -> Reading:
        """Return what a student makes of everything."""
        self._tell("adapting (documents)", 0, len(material.documents))
        encoder = Encoder.load(self._name if student == self._start else student)
        return Reading.of(student, encoder, material, seed=self._request.seed)

    def _measured(
        self,
        read: Reading,
        weights: QueryWeights | None,
        *,
        trained: float = 0.0,
        strength: float = 0.0,
    ) -> _Found:
        outcomes = []
        for pool, trials in (read.own, read.general):
            self._tell("adapting (measuring)", 0, len(trials))
            outcomes.append(pool.judge(trials, weights))
        return _Found(read.student, weights, trained, strength, *outcomes)

    def _drawn(self) -> Drawn:
        request = self._request
        wanted = frozenset(one for _, ids in self._given for one in ids)
        documents = documents_of(
            request.roots,
            request.scan,
            every_file=bool(wanted),
            seed=request.seed,
            apart=[request.output, self._work, _training_of(request.output)],
        )
        sample = sample_of(documents, wanted, seed=request.seed, with_texts=bool(self._teachers))
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


def _attempt(what: str, found: _Found, than: _Found, before: _Found) -> Attempt:
    """Return how a student did: whether it gains, and has lost little elsewhere since the start."""
    own = Measured.of(than.own, found.own)
    general = Measured.of(before.general, found.general)
    return Attempt(what, own, general, kept=own.gain > 0 and general.gain >= -MAY_LOSE)


def _untold(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
