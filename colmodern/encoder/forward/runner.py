"""What runs a checkpoint: compiled code, NumPy, or a backend from outside this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from colmodern.encoder.checkpoint.specs import Checkpoint
from colmodern.types import FloatMatrix, IntVector

PACK_TOKENS = 8192


class Runner(Protocol):
    """Turns packs of token ids into token vectors.

    Attributes:
        dim: The length of a token vector.
        precision: What its products are computed in: ``fp32``, ``bf16`` or ``int8``.
        isa: What they are computed with.
        pack_tokens: About how many tokens go through it at once.
    """

    dim: int
    precision: str
    isa: str
    pack_tokens: int

    def forward(
        self,
        ids: IntVector,
        lengths: Sequence[int],
        seen: Sequence[int],
        kept: IntVector,
        *,
        threads: int,
    ) -> FloatMatrix:
        """Return the vectors of the kept rows of a pack.

        Args:
            ids: The token ids of all sequences one after another, shape (n,).
            lengths: How many tokens each sequence has.
            seen: How many tokens of each, from its first, the others may look at.
            kept: Rows of ``ids`` whose vectors are wanted, ascending.
            threads: How many threads to use.

        Returns:
            Shape (len(kept), dim), float32, rows of length 1.
        """
        ...


OpenRunner: TypeAlias = Callable[[Checkpoint], Runner]
"""Takes a checkpoint, and returns what runs it."""
