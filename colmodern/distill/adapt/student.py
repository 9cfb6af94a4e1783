"""How does an adapted student come to lie on disk? A copy of its start, and the weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.distill.ledger import write_json
from colmodern.encoder.query_weights import QUERY_WEIGHTS_FILE, QueryWeights
from colmodern.errors import InputError

REPORT_FILE = "adaptation.json"


def check_free(output: Path) -> None:
    """Refuse to replace what is no adapted student.

    Raises:
        InputError: Something else is there.
    """
    is_taken = output.exists() and not (output / REPORT_FILE).is_file()
    if is_taken and not (output.is_dir() and not any(output.iterdir())):
        raise InputError(
            f"{output} holds something that is no adapted student; choose another --output.",
            code="folder_not_empty",
            path=output,
        )


def write_student(
    start: Path, weights: QueryWeights, report: dict[str, Any], *, work: Path, output: Path
) -> None:
    """Write a student in one step: there is the old one, none, or the new one.

    Args:
        start: The checkpoint it started from.
        weights: What its queries are weighed by.
        report: What came out, kept beside it.
        work: A folder on the same disk to write in.
        output: Where it goes.

    Raises:
        InputError: It cannot be written.
    """
    from safetensors.numpy import save_file

    scratch, old = work / "student", work / "old"
    try:
        for folder in (scratch, old):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(start, scratch, ignore=shutil.ignore_patterns("*.lock", "__pycache__"))
        tensors = {"weight": weights.weight, "bias": weights.bias}
        save_file(
            {name: np.ascontiguousarray(one) for name, one in tensors.items()},
            scratch / QUERY_WEIGHTS_FILE,
        )
        write_json(scratch / REPORT_FILE, report)
        if output.exists():
            output.rename(old)
        scratch.rename(output)
    except OSError as err:
        if old.exists() and not output.exists():
            old.rename(output)
        raise InputError(
            f"Cannot write the student to {output}: {err.strerror or err}.",
            code="file_not_written",
            path=output,
        ) from err
