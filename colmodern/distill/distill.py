"""From a recipe to a student: the stages in their order, each skipped when its output is there."""

from __future__ import annotations

import json
import logging
import platform
from pathlib import Path
from typing import Any

from colmodern.distill.export import export_student
from colmodern.distill.pieces import prepare
from colmodern.distill.recipe import Recipe
from colmodern.distill.teacher import find_teacher
from colmodern.distill.warm_start import warm_start
from colmodern.errors import ConfigError, MissingExtraError
from colmodern.types import Progress

logger = logging.getLogger(__name__)


def distill(
    recipe: Recipe, *, data: str | Path, out: str | Path, progress: Progress | None = None
) -> Path:
    """Train a student by a recipe; called again after a stop, it goes on from the last checkpoint.

    Args:
        recipe: What to do.
        data: The folder that the recipe's sources lie in.
        out: Where everything goes: pieces, checkpoint, log, and the student in ``student/``.
        progress: Told how far it is.

    Returns:
        The folder of the student.

    Raises:
        MissingExtraError: The extra ``distill`` is not installed.
        ConfigError: ``out`` holds the work of another recipe, or the recipe cannot be followed.
        InputError: A source is missing or cannot be read.
    """
    try:
        import sentence_transformers
        import torch
        import transformers
    except ImportError as err:
        raise MissingExtraError(purpose="Distillation", extra="distill") from err
    from tokenizers import Tokenizer

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    _check_recipe(out / "recipe.json", recipe)
    teacher = find_teacher(recipe.warm_start.teacher)
    pieces = out / "pieces.arrow"
    if not pieces.exists():
        tokenizer = Tokenizer.from_file(str(teacher / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        prepare(
            recipe.prepare, data=Path(data), tokenizer=tokenizer, seed=recipe.seed, target=pieces
        )
    trainee = warm_start(recipe, pieces=pieces, folder=out, progress=progress)
    facts: dict[str, Any] = {
        "steps": trainee.step,
        "tokens": trainee.tokens,
        **_last_losses(out / "log.jsonl"),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sentence-transformers": sentence_transformers.__version__,
        "machine": platform.machine(),
    }
    return export_student(
        trainee.student,
        trainee.projection,
        recipe=recipe,
        tokenizer=teacher,
        folder=out / "student",
        facts=facts,
    )


def _check_recipe(path: Path, recipe: Recipe) -> None:
    """Refuse to mix two recipes in one folder; remember this one."""
    wanted = json.dumps(recipe.to_dict(), indent=2)
    if not path.exists():
        path.write_text(wanted, encoding="utf-8")
    elif json.loads(path.read_text(encoding="utf-8")) != json.loads(wanted):
        raise ConfigError(
            f"{path.parent} holds the work of another recipe (see {path.name}); "
            "choose another --out, or remove it."
        )


def _last_losses(log: Path) -> dict[str, float]:
    """Return the mean of each loss over the last twenty log entries."""
    if not log.exists():
        return {}
    lines = log.read_text(encoding="utf-8").splitlines()[-20:]
    entries = [json.loads(line) for line in lines]
    return {
        f"{name}, mean of the last entries of the log": round(
            sum(entry[name] for entry in entries) / len(entries), 5
        )
        for name in ("cosine", "similarity", "maxsim", "loss")
    }
