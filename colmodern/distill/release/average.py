"""What is the mean of several checkpoints? The stage ``average``.

Checkpoints of one run lie in one basin; their mean is often better than the last (Izmailov et al.
2018; Clavié 2024 for ColBERT). So does the student that they started from: a mean with it keeps
what training on few pairs makes a student forget (Wortsman et al. 2022, WiSE-FT).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from colmodern.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


def average(
    checkpoints: Sequence[Path], folder: Path, *, start: Path | None = None, start_weight: float = 0
) -> None:
    """Write ``student/``: the last checkpoint, with the mean of the weights of all.

    Args:
        checkpoints: Folders of one architecture, in their order.
        folder: Where it goes.
        start: The student that they were trained from.
        start_weight: How much of it is in the mean, 0 to 1; the checkpoints share the rest.

    Raises:
        ConfigError: There is none, or they do not hold the same weights.
    """
    from safetensors.torch import load_file, save_file

    if not checkpoints:
        raise ConfigError(
            "There is no checkpoint to average; [train] keeps none.", code="stage_not_done"
        )
    last, weights = checkpoints[-1], [1.0 - start_weight] * len(checkpoints)
    if start is not None and start_weight:
        checkpoints = [start, *checkpoints]
        weights = [start_weight * len(weights), *weights]
    target = folder / "student"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(last, target)
    for file in sorted(last.rglob("*.safetensors")):
        name = file.relative_to(last)
        missing = next((path for path in checkpoints if not (path / name).is_file()), None)
        if missing is not None:
            raise ConfigError(
                f"The checkpoint {missing} has no {name}, so it cannot be averaged.",
                code="stage_not_done",
            )
        mean = mean_of([load_file(path / name) for path in checkpoints], weights)
        save_file(mean, target / name, metadata={"format": "pt"})


def mean_of(
    checkpoints: Sequence[Mapping[str, Tensor]], weights: Sequence[float]
) -> dict[str, Tensor]:
    """Return the weighted mean of each tensor, computed in 64-bit floats.

    Raises:
        ConfigError: They have not the same names and shapes.
    """
    import torch

    first = checkpoints[0]
    for other in checkpoints[1:]:
        if {n: t.shape for n, t in other.items()} != {n: t.shape for n, t in first.items()}:
            raise ConfigError(
                "Checkpoints of different shapes cannot be averaged.", code="checkpoint_mismatch"
            )
    shares = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    return {
        name: torch.tensordot(shares, torch.stack([c[name].double() for c in checkpoints]), dims=1)
        .to(tensor.dtype)
        .contiguous()
        for name, tensor in first.items()
    }
