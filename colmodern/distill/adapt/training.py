"""How does a student learn a corpus's own words? Its teachers read some of its texts.

A warm start that goes on from the student, on the corpus alone: the stages ``prepare``, ``targets``
and ``warm-start`` of a recipe. Only the word embeddings learn: what a corpus's words mean is new to
the student, how words make a sentence is not, and is soon forgotten. docs/lab/students.md has what
it brings.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from colmodern.distill.checkpoints import find_checkpoint, is_folder
from colmodern.distill.distill import distill, require_extra
from colmodern.distill.ledger import write_json
from colmodern.distill.options.data import PrepareRecipe, TextSource
from colmodern.distill.options.student import StudentRecipe, TokenTeacher, WarmStartRecipe
from colmodern.distill.recipe import Recipe
from colmodern.errors import ConfigError, InputError
from colmodern.types import Progress

TARGET_TOKENS = 600_000
"""Teachers read so many tokens of the corpus at most."""
TOKENS = 1_000_000
"""The student reads so many, the same ones again and again."""

_RECIPE_FILE = "recipe.json"
_TEXTS = "texts.jsonl"
_LENGTHS, _LENGTH_WEIGHTS = (32, 64, 128, 256, 510), (0.15, 0.25, 0.25, 0.2, 0.15)
_MOST_TEACHERS, _LONGEST_NAME = 8, 300


def named_teachers(names: Sequence[str]) -> tuple[TokenTeacher, ...]:
    """Return teachers by name, each once and all of the same weight."""
    return tuple(TokenTeacher(model=name) for name in dict.fromkeys(names))


def recorded_teachers(student: Path, *, is_ours: bool) -> tuple[TokenTeacher, ...]:
    """Return the teachers that a student says it learned from.

    Args:
        student: Its checkpoint.
        is_ours: Whether it is the one in the package. Of another one no model is fetched from the
            hub only because a file names it.

    Raises:
        ConfigError: It does not say, or names one that would have to be fetched.
    """
    try:
        kept = json.loads((student / _RECIPE_FILE).read_text("utf-8"))["warm_start"]
        rows = kept["teachers"] or [{"model": kept["teacher"], "weight": 1.0}]
        found = [(str(one["model"]), float(one["weight"])) for one in rows]
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        found = []
    is_sound = 0 < len(found) <= _MOST_TEACHERS and all(
        0 < len(name) <= _LONGEST_NAME and 0 < weight < math.inf for name, weight in found
    )
    if not is_sound:
        raise ConfigError(
            f"{student} does not say which teachers it learned from; name one or more that have "
            "its tokens with --teacher.",
            code="option_missing",
            option="teacher",
        )
    for name, _ in found:
        if not (is_ours or name.startswith("package:") or is_folder(name)):
            raise ConfigError(
                f"{student} names the teacher {name!r}, which is not on this machine, and nothing "
                "is fetched because a file names it: name its teachers with --teacher.",
                code="option_missing",
                option="teacher",
                value=name,
            )
    return tuple(TokenTeacher(model=name, weight=weight) for name, weight in found)


def check_training(student: Path, teachers: Sequence[TokenTeacher]) -> None:
    """Refuse what cannot be trained, before anything is done.

    Raises:
        MissingExtraError: The extra ``distill`` is not installed.
        ConfigError: The student is in another layout, or a teacher is missing or has other tokens.
        EncoderError: A teacher cannot be read.
    """
    require_extra()
    from colmodern.distill.student.vocabulary import load_tokenizer, token_numbers

    if not (student / "modules.json").is_file() or not (student / "model.safetensors").is_file():
        raise ConfigError(
            f"{student} cannot be trained: its weights have to be in one model.safetensors, beside "
            "a modules.json.",
            code="checkpoint_mismatch",
        )
    words = load_tokenizer(student)
    for one in teachers:
        folder = find_checkpoint(one.model)
        try:
            token_numbers(load_tokenizer(folder), words, where=folder)
        except ConfigError as err:
            raise ConfigError(
                f"{one.model} cannot teach {student}: it has another vocabulary.",
                code="checkpoint_mismatch",
                option="teacher",
                value=one.model,
            ) from err


def trained(
    start: Path,
    texts: Sequence[str],
    teachers: Sequence[TokenTeacher],
    *,
    dim: int,
    seed: int,
    folder: Path,
    progress: Progress,
) -> Path:
    """Return the checkpoint of a student that has read some texts.

    A later call goes on where it stopped, if the texts are the same.

    Args:
        start: The student's checkpoint.
        texts: Of the corpus.
        teachers: Who teaches.
        dim: The dimensions of the student's vectors.
        seed: Decides where texts are cut.
        folder: Where the stages put their files.
        progress: Told how far it is.

    Raises:
        ConfigError: A teacher's vectors have too few dimensions.
        EncoderError: A checkpoint cannot be read.
        InputError: The disk has no room.
    """
    recipe = Recipe(
        name="adapt",
        seed=seed,
        prepare=PrepareRecipe(
            sources=(TextSource(files=_TEXTS, fields=("text",)),),
            lengths=_LENGTHS,
            length_weights=_LENGTH_WEIGHTS,
        ),
        student=StudentRecipe(start=str(start), dim=dim, n_layers=1),  # one with more keeps them
        warm_start=WarmStartRecipe(
            teachers=tuple(teachers),
            tokens=TOKENS,
            target_tokens=TARGET_TOKENS,
            learning_rate=0.0,
            embedding_learning_rate=3e-4,
            warm_up=0.05,
            decay=0.9,
            sampled_tokens=384,
        ),
    )
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    with _written(folder):
        if not _holds(folder / _TEXTS, rows):  # of other texts nothing is of use
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / _TEXTS).write_text(rows, encoding="ascii")
    stages = ("prepare", "targets", "warm-start")
    distill(recipe, data=folder, out=folder / "run", stages=stages, progress=progress)
    return folder / "run" / "warm-start" / "student"


def between(start: Path, student: Path, share: float, target: Path) -> Path:
    """Write a student whose weights lie between two: all else is as at the start.

    Args:
        start: The checkpoint that was trained.
        student: What came of it.
        share: How much of the way to it, above 0 to 1.
        target: Where it goes; what is there is replaced.

    Raises:
        ConfigError: The two do not hold the same weights.
        InputError: It cannot be written.
    """
    from safetensors.torch import load_file, save_file

    from colmodern.distill.release.average import mean_of

    with _written(target):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(start, target, ignore=shutil.ignore_patterns("*.lock", "__pycache__"))
        for file in sorted(student.rglob("*.safetensors")):
            name = file.relative_to(student)
            if not (start / name).is_file():
                raise ConfigError(
                    f"{start} has no {name}: only a student in a layout of sentence-transformers "
                    "can be trained.",
                    code="checkpoint_mismatch",
                )
            old, new = load_file(start / name), load_file(file)
            save_file(mean_of([old, new], [1.0 - share, share]), target / name, {"format": "pt"})
            (target / name).chmod(0o644)
    return target


def record_training(student: Path, teachers: Sequence[TokenTeacher], share: float) -> None:
    """Write into a student's record that it was trained on a corpus of its user's.

    Its recipe no longer makes these weights.

    Raises:
        InputError: It cannot be written.
    """
    path = student / _RECIPE_FILE
    kept: Any = None
    with suppress(OSError, ValueError, RecursionError):
        kept = json.loads(path.read_text("utf-8"))
    told = {"teachers": [one.model for one in teachers], "tokens": TOKENS, "share": share}
    known: Mapping[str, Any] = kept if isinstance(kept, dict) else {}
    with _written(path):
        write_json(path, {**known, "adapted": told})


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="ascii") == text
    except (OSError, UnicodeDecodeError):
        return False


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Say which file cannot be written.

    Raises:
        InputError: One of them.
    """
    try:
        yield
    except OSError as err:
        raise InputError(
            f"Cannot write to {path}: {err.strerror or err}.", code="file_not_written", path=path
        ) from err
