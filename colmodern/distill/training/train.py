"""How does the student learn lists? The stage ``train``: the recipe's phases in their order."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from colmodern.distill.data.lists import Lists, PhaseRows
from colmodern.distill.ledger import digest_of_files, run_step
from colmodern.distill.options.training import Phase
from colmodern.distill.recipe import Recipe
from colmodern.distill.training.curves import curve_rows, draw_curves, write_curves
from colmodern.distill.training.dev import dev_evaluator
from colmodern.distill.training.resume import checkpoints_in, last_checkpoint, step_of
from colmodern.distill.training.trainer import make_trainer
from colmodern.types import Progress

logger = logging.getLogger(__name__)

_STATE = (
    "optimizer.pt", "scheduler.pt", "trainer_state.json", "training_args.bin", "rng_state*",
    "scaler.pt", "README.md",
)  # fmt: skip


def train(
    recipe: Recipe,
    *,
    prepared: Path,
    lists: Path,
    student: Path,
    axes: Path,
    folder: Path,
    progress: Progress | None = None,
) -> None:
    """Train every phase that is not done, each from the student of the one before.

    Args:
        recipe: The whole recipe.
        prepared: The folder of the stage ``prepare``.
        lists: The table of scored lists.
        student: The checkpoint to start from.
        axes: What vectors of the warm start's teachers are projected by (``.npy``), if they are.
        folder: Where each phase gets a folder of its own: ``student/``, ``snapshots/`` to average,
            ``curve.csv`` and ``curve.png``.
        progress: Told the steps.

    Raises:
        InputError: A phase finds no list, or a table cannot be read.
    """
    assert recipe.train is not None
    read: Lists | None = None
    for number, phase in enumerate(recipe.train.phases, 1):
        home = phase_folder(folder, number, phase)
        inputs = _inputs(recipe, phase, lists, student)
        if read is None:
            read = Lists.read(lists, prepared / "queries.parquet", prepared / "documents.parquet")
        long = [source.name for source in recipe.prepare.pairs if source.long]
        rows = PhaseRows(read, phase, long_sources=long)

        run_step(
            home,
            inputs,
            partial(_train_phase, recipe, phase, rows, prepared, axes, student, progress),
        )
        shutil.rmtree(home / "work", ignore_errors=True)
        student = home / "student"


def phase_folder(folder: Path, number: int, phase: Phase) -> Path:
    """Return where a phase keeps its files; the first has number 1."""
    return folder / f"{number}-{phase.name}"


def _inputs(recipe: Recipe, phase: Phase, lists: Path, student: Path) -> dict[str, Any]:
    weights = sorted(student.rglob("*.safetensors"))
    digests = digest_of_files([lists, *weights])
    return {
        "phase": asdict(phase),
        "seed": recipe.seed,
        "warm_start": asdict(recipe.warm_start) if recipe.warm_start else None,
        "lists": digests.pop(str(lists)),
        "student": [*digests.values()],
    }


def _train_phase(
    recipe: Recipe,
    phase: Phase,
    rows: PhaseRows,
    prepared: Path,
    axes: Path,
    student: Path,
    progress: Progress | None,
    home: Path,
) -> None:
    evaluator = dev_evaluator(recipe.prepare, prepared) if phase.measure_every else None
    work = home / "work"
    trainer = make_trainer(
        recipe,
        phase,
        rows=rows,
        student=student,
        pieces=prepared / "pieces.arrow",
        axes=axes,
        evaluator=evaluator,
        work=work,
        progress=progress,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(work))
    if not trainer.is_world_process_zero():
        return
    curve = curve_rows(trainer.state.log_history)
    write_curves(curve, home / "curve.csv")
    draw_curves(curve, home / "curve.png", title=f"{recipe.name}: {phase.name}")
    _keep_snapshots(checkpoints_in(work)[-phase.keep :], home / "snapshots")
    trainer.model.save_pretrained(str(home / "student"), create_model_card=False)


def _keep_snapshots(checkpoints: list[Path], folder: Path) -> None:
    """Copy the models of the last checkpoints, without what only the trainer needs."""
    for checkpoint in checkpoints:
        target = folder / f"step-{step_of(checkpoint):07}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(checkpoint, target, ignore=shutil.ignore_patterns(*_STATE))
