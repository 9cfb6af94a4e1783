"""How does an adapted student come to lie on disk? A copy of a student, and the weights."""

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
    student: Path,
    weights: QueryWeights | None,
    report: dict[str, Any],
    *,
    work: Path,
    output: Path,
) -> None:
    """Write a student in one step: there is the old one, none, or the new one.

    Args:
        student: The checkpoint it started from, or what training made of it.
        weights: What its queries are weighed by; None: they are not.
        report: What came out, kept beside it.
        work: A folder on the same disk to write in.
        output: Where it goes.

    Raises:
        InputError: It cannot be written.
    """
    from safetensors.numpy import save_file

    scratch, old = work / "student", work / "old"
    check_free(output)  # again: training takes a while
    try:
        for folder in (scratch, old):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(student, scratch, ignore=shutil.ignore_patterns("*.lock", "__pycache__"))
        if weights is not None:
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
