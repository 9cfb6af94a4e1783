"""How do token sequences of any lengths go through what runs a checkpoint?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colmodern.encoder.forward.runner import Runner
from colmodern.encoder.tokens.sequences import TokenSequence, plan_packs
from colmodern.types import FloatMatrix


def encode_sequences(
    runner: Runner, sequences: Sequence[TokenSequence], *, threads: int
) -> list[FloatMatrix]:
    """Return the kept vectors of each sequence; alike ones go through the model together."""
    vectors: list[FloatMatrix] = [np.empty((0, runner.dim), np.float32)] * len(sequences)
    for pack in plan_packs(sequences, budget=runner.pack_tokens):
        found = _encode_pack(runner, [sequences[index] for index in pack], threads)
        for index, rows in zip(pack, found, strict=True):
            vectors[index] = rows
    return vectors


def _encode_pack(
    runner: Runner, sequences: Sequence[TokenSequence], threads: int
) -> list[FloatMatrix]:
    lengths = [len(sequence.ids) for sequence in sequences]
    starts = np.cumsum([0, *lengths[:-1]])
    kept = [start + s.kept for start, s in zip(starts, sequences, strict=True)]
    vectors = runner.forward(
        np.concatenate([sequence.ids for sequence in sequences]),
        lengths,
        [sequence.seen for sequence in sequences],
        np.concatenate(kept),
        threads=threads,
    )
    borders = np.cumsum([len(rows) for rows in kept])[:-1]
    return [rows.copy() for rows in np.split(vectors, borders)]
