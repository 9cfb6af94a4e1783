"""What are the stages, what does each need, and what decides what comes out of it?"""

from __future__ import annotations

import logging
import platform
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from colmodern.distill.checkpoints import find_checkpoint
from colmodern.distill.options.data import PairSource
from colmodern.distill.recipe import Recipe
from colmodern.distill.training.train import phase_folder
from colmodern.errors import ConfigError
from colmodern.types import Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecipeRun:
    """One recipe on one data folder.

    Attributes:
        recipe: What to do.
        data: The folder that the recipe's files lie in.
        out: Each stage has a folder of its own in it.
        progress: Told how far it is.
    """

    recipe: Recipe
    data: Path
    out: Path
    progress: Progress | None

    def folder(self, stage: str) -> Path:
        """Return the folder of a stage."""
        return self.out / stage

    @property
    def tokenizer(self) -> Path:
        """The student's tokenizer."""
        return self.folder("prepare") / "tokenizer"

    @property
    def lists(self) -> Path:
        """The scored lists."""
        stage = "prepare" if self.recipe.prepare.scored_lists else "score"
        return self.folder(stage) / "lists.parquet"

    @property
    def axes(self) -> Path:
        """What the vectors of the warm start's teachers are projected by, if they are."""
        stage = "targets" if _keeps_targets(self.recipe) else "warm-start"
        return self.folder(stage) / "axes.npy"

    @property
    def first_student(self) -> Path:
        """The student before it sees lists."""
        name = "student" if self.recipe.warm_start else "start"
        return self.folder("warm-start") / name

    @property
    def trained_teacher(self) -> Path | None:
        """The cross-encoder of the stage ``teacher``."""
        return self.folder("teacher") / "model" if self.recipe.teacher else None

    @property
    def last_student(self) -> Path:
        """The student that is evaluated and exported."""
        return self.folder("average") / "student"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: when it runs, what it needs, what it does.

    Attributes:
        name: What the command line calls it.
        wanted: Whether a recipe has it.
        options: What of a recipe decides its output.
        needs: Stages whose output it reads; those that a recipe lacks do not count.
        files: Data files it reads.
        models: Checkpoints it reads, by name.
        work: Does it in its folder.
        has_steps: It is made of steps, each of which knows whether it is done.
    """

    name: str
    wanted: Callable[[Recipe], bool]
    options: Callable[[Recipe], Any]
    needs: tuple[str, ...]
    files: Callable[[RecipeRun], Iterable[Path]]
    models: Callable[[Recipe], Iterable[str]]
    work: Callable[[RecipeRun, Path], object]
    has_steps: bool = False


def _prepare(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.data.pairs import prepare_pairs
    from colmodern.distill.data.pieces import prepare_pieces
    from colmodern.distill.teachers.scored_lists import take_lists

    recipe = run.recipe
    if recipe.prepare.scored_lists is not None:
        take_lists(recipe.prepare.scored_lists, data=run.data, folder=folder)
    elif recipe.prepare.pairs:
        prepare_pairs(recipe.prepare, data=run.data, seed=recipe.seed, folder=folder)
    _tokenizer(run, folder)
    if recipe.prepare.sources:
        prepare_pieces(
            recipe.prepare,
            data=run.data,
            tokenizer=folder / "tokenizer" / "tokenizer.json",
            seed=recipe.seed,
            target=folder / "pieces.arrow",
        )


def _tokenizer(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.data.lists import texts
    from colmodern.distill.data.pieces import read_texts
    from colmodern.distill.student.vocabulary import load_tokenizer, train_vocabulary

    recipe, target = run.recipe, folder / "tokenizer"
    if recipe.student.tokenizer == "train":
        own = read_texts(recipe.prepare, run.data)
        tables = (("queries", "query_id"), ("documents", "document_id"))
        paired = (
            text
            for name, key in tables
            if (folder / f"{name}.parquet").exists()
            for text in texts(folder / f"{name}.parquet", key).values()
        )
        train_vocabulary(chain(own, paired), size=recipe.student.vocabulary_size, folder=target)
        return
    names = _tokenizer_models(recipe)
    if not names:
        raise ConfigError(
            "The student has no tokenizer: set start, a [warm-start] teacher, or "
            "tokenizer = 'train' in [student].",
            code="option_missing",
        )
    load_tokenizer(find_checkpoint(names[0])).save_pretrained(target)


def _targets(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.teachers.kept_targets import keep_targets

    keep_targets(
        run.recipe,
        pieces=run.folder("prepare") / "pieces.arrow",
        tokenizer=run.tokenizer,
        folder=folder,
        progress=run.progress,
    )


def _warm_start(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.training.warm_start import begin_student, warm_start

    begin_student(run.recipe, run.tokenizer, folder)
    if run.recipe.warm_start is not None:
        warm_start(
            run.recipe,
            pieces=run.folder("prepare") / "pieces.arrow",
            tokenizer=run.tokenizer,
            targets=run.folder("targets"),
            folder=folder,
            progress=run.progress,
        )


def _mine(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.data.mine import mine

    assert run.recipe.mine is not None
    mine(
        run.recipe.mine,
        prepared=run.folder("prepare"),
        student=run.first_student,
        seed=run.recipe.seed,
        folder=folder,
        progress=run.progress,
    )


def _teacher(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.teachers.cross_encoder import train_teacher

    assert run.recipe.teacher is not None
    train_teacher(
        run.recipe.teacher,
        prepared=run.folder("prepare"),
        mined=run.folder("mine"),
        folder=folder,
        seed=run.recipe.seed,
        progress=run.progress,
    )


def _score(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.teachers.score import score

    assert run.recipe.score is not None
    score(
        run.recipe.score,
        prepared=run.folder("prepare"),
        mined=run.folder("mine"),
        trained=run.trained_teacher,
        folder=folder,
        seed=run.recipe.seed,
        progress=run.progress,
    )


def _train(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.training.train import train

    train(
        run.recipe,
        prepared=run.folder("prepare"),
        lists=run.lists,
        student=run.first_student,
        axes=run.axes,
        folder=folder,
        progress=run.progress,
    )


def _average(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.release.average import average

    recipe = run.recipe
    if recipe.train is None:
        average([run.first_student], folder)
        return
    phase = recipe.train.phases[-1]
    home = phase_folder(run.folder("train"), len(recipe.train.phases), phase)
    snapshots = sorted((home / "snapshots").iterdir())[-recipe.average.last :]
    average(snapshots, folder, start=run.first_student, start_weight=recipe.average.start_weight)


def _evaluate(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.release.measure import measure

    measure(
        run.recipe.evaluate,
        run.recipe.prepare,
        students=_students(run),
        prepared=run.folder("prepare"),
        data=run.data,
        folder=folder,
        progress=run.progress,
    )


def _students(run: RecipeRun) -> dict[str, Path]:
    """Return every student there is, by the stage that made it."""
    recipe = run.recipe
    students = {"start": run.folder("warm-start") / "start"}
    if recipe.warm_start is not None:
        students["warm-start"] = run.first_student
    for number, phase in enumerate(recipe.train.phases if recipe.train else (), 1):
        students[phase.name] = phase_folder(run.folder("train"), number, phase) / "student"
    students["average"] = run.last_student
    return students


def _export(run: RecipeRun, folder: Path) -> None:
    from colmodern.distill.ledger import write_json
    from colmodern.distill.release.export import export
    from colmodern.distill.release.measure import read_rows
    from colmodern.distill.release.model_card import model_card, read_config

    recipe = run.recipe
    target = export(
        run.last_student,
        recipe.student,
        layout=recipe.export.format,
        half=recipe.export.half,
        scoring=recipe.export.scoring,
        target=folder / "student",
    )
    write_json(target / "recipe.json", recipe.to_dict())
    rows = dict(read_rows(run.folder("evaluate") / "report.json"))
    card = model_card(recipe, read_config(target), rows=rows, facts=_versions())
    (target / "README.md").write_text(card, encoding="utf-8")
    for curve in sorted(run.folder("train").glob("*/curve.png")):
        shutil.copy(curve, target / f"curve-{curve.parent.name}.png")


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    packages = ("torch", "transformers", "sentence-transformers")
    return {"machine": platform.machine(), **{name: version(name) for name in packages}}


def _data_files(run: RecipeRun) -> list[Path]:
    prepare = run.recipe.prepare
    patterns = [source.files for source in prepare.sources]
    for pair in prepare.pairs:
        patterns += _files_of(pair)
    for source in prepare.sources:
        patterns += [name for name in (source.only_ids_in, source.except_ids_in) if name]
    if prepare.scored_lists is not None:
        patterns += [
            prepare.scored_lists.lists,
            prepare.scored_lists.queries,
            prepare.scored_lists.documents,
        ]
    patterns += prepare.never
    return sorted({file for pattern in patterns for file in run.data.glob(pattern)})


def _files_of(pair: PairSource) -> list[str]:
    return [name for name in (pair.files, pair.corpus, pair.qrels, pair.except_ids_in) if name]


def _judged_files(run: RecipeRun) -> list[Path]:
    entries = run.recipe.evaluate.collections
    return sorted(
        file
        for entry in entries
        for file in (run.data / entry.path).rglob("*")
        if file.is_file() and not file.name.startswith(".")
    )


def _keeps_targets(recipe: Recipe) -> bool:
    return recipe.warm_start is not None and recipe.warm_start.target_tokens > 0


def _tokenizer_models(recipe: Recipe) -> list[str]:
    """Return the student's start and the teacher that it has its words from."""
    first = recipe.warm_start.all_teachers[0].model if recipe.warm_start else ""
    return [name for name in (recipe.student.start, first) if name]


def _all_teachers(recipe: Recipe) -> list[str]:
    others = recipe.warm_start.all_teachers[1:] if recipe.warm_start else ()
    return _tokenizer_models(recipe) + [teacher.model for teacher in others]


def _warm_start_models(recipe: Recipe) -> list[str]:
    """Return what is read: of teachers whose targets are kept only the first."""
    return _tokenizer_models(recipe) if _keeps_targets(recipe) else _all_teachers(recipe)


def _target_options(recipe: Recipe) -> Any:
    if recipe.warm_start is None:
        return None
    teachers = [(teacher.model, teacher.weight) for teacher in recipe.warm_start.all_teachers]
    shape = recipe.student
    return [teachers, recipe.warm_start.target_tokens, shape.start, shape.hidden_size]


def _score_models(recipe: Recipe) -> list[str]:
    teachers = recipe.score.teachers if recipe.score else ()
    return [t.model for t in teachers if t.model not in ("", "teacher")]


def _nothing(_: Any) -> tuple[()]:
    return ()


def _always(_: Recipe) -> bool:
    return True


STAGES = (
    Stage(
        "prepare",
        _always,
        lambda r: [asdict(r.prepare), r.student.tokenizer, r.student.vocabulary_size],
        (),
        _data_files,
        _tokenizer_models,
        _prepare,
    ),
    Stage(
        "targets",
        _keeps_targets,
        _target_options,
        ("prepare",),
        _nothing,
        _all_teachers,
        _targets,
    ),
    Stage(
        "warm-start",
        _always,
        lambda r: [asdict(r.student), asdict(r.warm_start) if r.warm_start else None],
        ("prepare", "targets"),
        _nothing,
        _warm_start_models,
        _warm_start,
    ),
    Stage(
        "mine",
        lambda r: r.mine is not None,
        lambda r: asdict(r.mine) if r.mine else None,
        ("prepare", "warm-start"),
        _nothing,
        _nothing,
        _mine,
    ),
    Stage(
        "teacher",
        lambda r: r.teacher is not None,
        lambda r: asdict(r.teacher) if r.teacher else None,
        ("prepare", "mine"),
        _nothing,
        lambda r: [r.teacher.base] if r.teacher else [],
        _teacher,
    ),
    Stage(
        "score",
        lambda r: r.score is not None,
        lambda r: asdict(r.score) if r.score else None,
        ("prepare", "mine", "teacher"),
        _nothing,
        _score_models,
        _score,
    ),
    Stage(
        "train",
        lambda r: r.train is not None,
        lambda r: asdict(r.train) if r.train else None,
        ("prepare", "targets", "warm-start", "score"),
        _nothing,
        _nothing,
        _train,
        has_steps=True,
    ),
    Stage(
        "average",
        _always,
        lambda r: [asdict(r.average), asdict(r.train) if r.train else None],
        ("warm-start", "train"),
        _nothing,
        _nothing,
        _average,
    ),
    Stage(
        "evaluate",
        _always,
        lambda r: [asdict(r.evaluate), r.prepare.dev_queries, r.prepare.dev_documents],
        ("prepare", "warm-start", "train", "average"),
        _judged_files,
        _nothing,
        _evaluate,
    ),
    Stage(
        "export",
        _always,
        lambda r: r.to_dict(),
        ("average", "evaluate"),
        _nothing,
        _nothing,
        _export,
    ),
)

STAGE_NAMES = tuple(stage.name for stage in STAGES)
