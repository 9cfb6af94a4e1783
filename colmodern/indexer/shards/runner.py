"""Who encodes the parts of a plan? This process, one part after the other, or another engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from colmodern.indexer.shards.encode import encode_part
from colmodern.indexer.shards.plan import PartRecord, Plan
from colmodern.types import DocumentEncoder, Progress

__all__ = ["STAGE", "HereRunner", "PartRunner"]

STAGE = "encoding (characters)"


class PartRunner(Protocol):
    """Encodes parts, somewhere; a part that fails with its worker is encoded again."""

    def run(
        self,
        plan: Plan,
        parts: Sequence[PartRecord],
        encoder: DocumentEncoder,
        progress: Progress | None,
    ) -> None:
        """Encode parts of a plan; return when all of them are sealed.

        Args:
            plan: The plan, in a folder that all workers see.
            parts: Those that are not encoded yet.
            encoder: The encoder; its name is enough for another process.
            progress: Told how many of all characters are encoded.

        Raises:
            ColModernError: A part cannot be encoded; what was finished stays.
        """


class HereRunner:
    """Encodes in this process: the encoder uses all cores already."""

    def run(
        self,
        plan: Plan,
        parts: Sequence[PartRecord],
        encoder: DocumentEncoder,
        progress: Progress | None,
    ) -> None:
        """Encode parts one after the other."""
        total = plan.n_chars
        before = total - sum(part.n_chars for part in parts)

        for part in parts:
            n_done = before

            def tell(n_chars: int) -> None:
                nonlocal n_done
                n_done += n_chars
                if progress is not None:
                    progress(STAGE, n_done, total)

            encode_part(plan, part, lambda: encoder, done=tell)
            before += part.n_chars
            if progress is not None:
                progress(STAGE, before, total)
