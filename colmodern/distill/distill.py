"""From a recipe to a student: the stages in their order, each skipped when it is done."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colmodern.distill.ledger import digest_of, digest_of_files, outputs_of, run_step, write_json
from colmodern.distill.locked import alone
from colmodern.distill.recipe import Recipe
from colmodern.distill.stages import STAGE_NAMES, STAGES, RecipeRun, Stage
from colmodern.errors import ConfigError, MissingExtraError
from colmodern.types import Progress

logger = logging.getLogger(__name__)


def distill(
    recipe: Recipe,
    *,
    data: str | Path,
    out: str | Path,
    stages: Sequence[str] = (),
    layout: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train a student by a recipe; called again after a stop, it goes on from the last checkpoint.

    Args:
        recipe: What to do.
        data: The folder that the recipe's sources lie in.
        out: Where everything goes, a folder for each stage; the student comes to lie in
            ``export/student``.
        stages: Only these; what they need must be done. Empty: all that the recipe has.
        layout: ``pylate`` or ``st``, instead of the recipe's.
        progress: Told how far it is.

    Returns:
        The folder of the student.

    Raises:
        MissingExtraError: The extra ``distill`` is not installed.
        ConfigError: The recipe cannot be followed, there is no such stage, a stage that is needed
            is not done, or another process is at work in ``out``.
        InputError: A source is missing, cannot be read or has nothing to learn from.
        EncoderError: A checkpoint cannot be read.
    """
    require_extra()
    if layout is not None:
        recipe = dataclasses.replace(
            recipe, export=dataclasses.replace(recipe.export, format=layout)
        )
    run = RecipeRun(recipe, Path(data), Path(out), progress)
    with alone(run.out):
        write_json(run.out / "recipe.json", recipe.to_dict())
        for stage in _chosen(recipe, stages):
            run_stage(stage, run)
    return run.folder("export") / "student"


def run_stage(stage: Stage, run: RecipeRun) -> bool:
    """Run a stage unless it is done; say whether there was anything to do.

    Raises:
        ConfigError: A stage that it needs is not done.
    """
    started = time.monotonic()
    worked = run_step(
        run.folder(stage.name),
        _inputs(stage, run),
        lambda folder: stage.work(run, folder),
        has_steps=stage.has_steps,
    )
    seconds = time.monotonic() - started
    logger.info("%s: %s", stage.name, f"{seconds:.0f} s" if worked else "done already")
    return worked


def _inputs(stage: Stage, run: RecipeRun) -> dict[str, Any]:
    """Return everything that decides what comes out of a stage."""
    return {
        "stage": stage.name,
        "seed": run.recipe.seed,
        "options": stage.options(run.recipe),
        "files": digest_of_files(stage.files(run)),
        "models": {name: _model_digest(name) for name in stage.models(run.recipe)},
        "needs": {
            need.name: digest_of(outputs_of(run.folder(need.name)))
            for need in STAGES
            if need.name in stage.needs and need.wanted(run.recipe)
        },
    }


def _model_digest(name: str) -> list[str]:
    from colmodern.distill.checkpoints import find_checkpoint

    folder = find_checkpoint(name)
    return [*digest_of_files(sorted(folder.rglob("*.safetensors"))).values()]


def _chosen(recipe: Recipe, names: Sequence[str]) -> list[Stage]:
    unknown = [name for name in names if name not in STAGE_NAMES]
    if unknown:
        raise ConfigError(
            f"There is no stage {unknown[0]!r}; there are {', '.join(STAGE_NAMES)}.",
            code="option_not_allowed",
        )
    missing = [s.name for s in STAGES if s.name in names and not s.wanted(recipe)]
    if missing:
        raise ConfigError(
            f"The recipe {recipe.name!r} has no table [{missing[0]}].", code="option_missing"
        )
    return [s for s in STAGES if s.wanted(recipe) and (not names or s.name in names)]


def require_extra() -> None:
    """Refuse to go on without the extra ``distill``.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import accelerate  # noqa: F401
        import datasets  # noqa: F401
        import sentence_transformers  # noqa: F401
        import torch  # noqa: F401
    except ImportError as err:
        raise MissingExtraError(purpose="Distillation", extra="distill") from err
