"""What happens while a trainer runs: progress, and the number of the micro-batch."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from colmodern.types import Progress


class ReportProgress(TrainerCallback):
    """Calls a function with the number of steps done; what it raises ends the training."""

    def __init__(self, stage: str, progress: Progress | None) -> None:
        """Keep the callback."""
        self._stage = stage
        self._progress = progress

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Call it with the steps done."""
        if self._progress is not None:
            self._progress(self._stage, state.global_step, state.max_steps)


class MicroBatch(TrainerCallback):
    """Counts micro-batches, so that each draws its own numbers, also after an interruption."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._step = self._micro = 0

    def on_step_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Remember the step."""
        self._step, self._micro = state.global_step, 0

    def draw(self) -> int:
        """Return a number that no other micro-batch has."""
        self._micro += 1
        return self._step * 1000 + self._micro
