"""What has been done already, and is it still what the recipe asks for?

Each step has a folder. ``started.json`` says what its inputs were, ``done.json`` what came out. A
step whose inputs have changed starts anew, with its old folder set aside, never deleted; a step
that was interrupted finds its own files and goes on; a step that is done is skipped.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.errors import ConfigError, InputError

logger = logging.getLogger(__name__)

_STARTED, _DONE = "started.json", "done.json"
_SCRATCH = "work"  # what lies below a folder of this name belongs to nobody once the step is done


def run_step(
    folder: Path,
    inputs: Mapping[str, Any],
    work: Callable[[Path], object],
    *,
    has_steps: bool = False,
) -> bool:
    """Do a step unless it is done; say whether there was anything to do.

    Args:
        folder: The step's own folder.
        inputs: Everything that decides what comes out, as plain values.
        work: Does the step in the folder it is given; called again after an interruption, it goes
            on with what it finds there.
        has_steps: The folder holds steps with folders of their own, which are asked one by one
            whether they are still right; it is never set aside as a whole.

    Raises:
        InputError: The folder cannot be written.
    """
    wanted = digest_of(inputs)
    if is_done(folder, wanted):
        return False
    try:
        _begin(folder, wanted, inputs, has_steps=has_steps)
    except OSError as err:
        raise InputError(
            f"Cannot write to {folder}: {err.strerror or err}.", code="file_not_written"
        ) from err
    work(folder)
    outputs = {str(path.relative_to(folder)): _facts(path) for path in _files(folder)}
    write_json(folder / _DONE, {"inputs": wanted, "outputs": outputs})
    return True


def is_done(folder: Path, inputs: str | None = None) -> bool:
    """Say whether a step is done (from the inputs of this digest), with all its files in place."""
    done = _read(folder / _DONE)
    if not done or (inputs is not None and done["inputs"] != inputs):
        return False
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, (size, _) in done["outputs"].items()
    )


def outputs_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that a finished step wrote, by its name.

    Raises:
        ConfigError: The step is not done.
    """
    if not is_done(folder):
        raise ConfigError(
            f"{folder} is not finished; run the stage {folder.name!r} first.", code="stage_not_done"
        )
    return {name: digest for name, (_, digest) in _read(folder / _DONE)["outputs"].items()}


def digest_of(values: Any) -> str:
    """Return a hex digest of plain values."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_files(files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of each file, by its name."""
    return {str(file): _sha256(file) for file in files}


def write_json(path: Path, values: Any) -> None:
    """Write plain values in one step: a reader sees the old file or the new one."""
    scratch = path.with_name(f"{path.name}.partial")
    scratch.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(path)


def write_array(path: Path, values: np.ndarray) -> None:
    """Write an array (``.npy``) in one step.

    Raises:
        InputError: The disk is full, or cannot be written.
    """
    scratch = path.with_suffix(".partial")
    try:
        with scratch.open("wb") as file:
            np.save(file, values)
        scratch.replace(path)
    except OSError as err:
        scratch.unlink(missing_ok=True)
        raise InputError(
            f"Cannot write {path}: {err.strerror or err}. What is done already is kept: make room, "
            "and run the same command again.",
            code="file_not_written",
        ) from err


def _begin(folder: Path, wanted: str, inputs: Mapping[str, Any], *, has_steps: bool) -> None:
    is_other = _read(folder / _STARTED).get("digest") != wanted
    if not has_steps and is_other and folder.exists() and any(folder.iterdir()):
        aside = _free_name(folder)
        folder.rename(aside)
        logger.warning("the inputs of %s have changed; its old files are in %s", folder, aside)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _DONE).unlink(missing_ok=True)
    write_json(folder / _STARTED, {"digest": wanted, "inputs": inputs})


def _free_name(folder: Path) -> Path:
    number = 1
    while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
        number += 1
    return aside


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name not in (_STARTED, _DONE)
        and _SCRATCH not in path.relative_to(folder).parts
    )


def _facts(path: Path) -> tuple[int, str]:
    return path.stat().st_size, _sha256(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """Return what a file of the ledger says; nothing if it is missing or was cut short."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values
