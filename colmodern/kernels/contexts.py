"""What do the tokens of a stretch of text have in common, once their centroids are taken off?

A document is cut into blocks of tokens. The mean of what the centroids leave over in a block is its
context: a third of the residuals' energy on real text. It is coded once for the block, in 4 bits a
dimension, and residuals are taken against centroid and context.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from colmodern.frozen import frozen
from colmodern.kernels.checks import check_array
from colmodern.types import IntVector

BLOCK_TOKENS = 96
"""How many tokens share a context; the last block of a document has 48 to 143, or all there are."""

LEVELS = np.array(
    [-63, -48, -37, -29, -22, -15, -9, -3, 3, 9, 15, 22, 29, 37, 48, 63], dtype=np.int8
)
"""What codes of a context stand for, in steps: the levels of the normal law, as for residuals."""

_DEVIATIONS = 0.04326  # of a component of a random direction, in a step


@frozen(eq=False)
class Contexts:
    """The contexts of some documents, a row each block: ``gain * direction``.

    Attributes:
        residuals: Shape (n_blocks, dim // 2), uint8: the direction, packed, 4 bits a dimension.
        gains: Shape (n_blocks,), float16: how far to go in that direction.
        offsets: Shape (n_documents + 1,), int64: where the blocks of each document begin.
    """

    residuals: NDArray[np.uint8]
    gains: NDArray[np.float16]
    offsets: IntVector

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.gains)

    @property
    def dim(self) -> int:
        """How many dimensions a context has."""
        return 2 * int(self.residuals.shape[1])

    @property
    def level_step(self) -> float:
        """What one means in a level, for a context of unit length."""
        return level_step(self.dim)

    @property
    def nbytes(self) -> int:
        """How many bytes the contexts take; where documents begin is not counted."""
        return self.residuals.nbytes + self.gains.nbytes

    def of(self, document: int) -> Contexts:
        """Return those of one document; views, nothing is copied."""
        return self.of_documents(document, document + 1)

    def of_documents(self, first: int, last: int) -> Contexts:
        """Return those of the documents first .. last - 1; nothing but offsets is copied."""
        offsets = self.offsets[first : last + 1]
        blocks = slice(*offsets[[0, -1]].tolist())
        return Contexts(self.residuals[blocks], self.gains[blocks], offsets - offsets[0])

    def values(self) -> NDArray[np.int8]:
        """Return the directions in whole steps, shape (n_blocks, dim), int8."""
        codes = np.stack([self.residuals & 15, self.residuals >> 4], axis=2)
        values: NDArray[np.int8] = LEVELS[codes.reshape(len(self), self.dim)]
        return values

    def steps(self) -> NDArray[np.float32]:
        """Return what one means in each context, shape (n_blocks,), float32."""
        steps: NDArray[np.float32] = self.gains.astype(np.float32) * np.float32(self.level_step)
        return steps

    def vectors(self) -> NDArray[np.float32]:
        """Return the contexts as vectors, rotated as centroids are, (n_blocks, dim), float32."""
        vectors: NDArray[np.float32] = self.values() * self.steps()[:, np.newaxis]
        return vectors


def level_step(dim: int) -> float:
    """Return what one means in a level, for a context of unit length."""
    return float(np.float32(_DEVIATIONS / math.sqrt(dim)))


def n_blocks(n_tokens: IntVector) -> IntVector:
    """Return how many blocks documents of so many tokens have, int64."""
    wanted = (np.asarray(n_tokens, np.int64) + BLOCK_TOKENS // 2) // BLOCK_TOKENS
    blocks: IntVector = np.where(np.asarray(n_tokens) > 0, np.maximum(wanted, 1), 0)
    return blocks


def block_offsets(offsets: IntVector) -> IntVector:
    """Return where the blocks of each document begin among all blocks.

    Args:
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
    """
    ends = np.zeros(len(offsets), np.int64)
    np.cumsum(n_blocks(np.diff(offsets)), out=ends[1:])
    return ends


def block_bounds(offsets: IntVector) -> IntVector:
    """Return where the tokens of each block begin, and where the last end: (n_blocks + 1,), int64.

    Args:
        offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
    """
    blocks = n_blocks(np.diff(offsets))
    firsts = np.repeat(block_offsets(offsets)[:-1], blocks)
    numbers = np.arange(len(firsts)) - firsts
    starts = np.repeat(offsets[:-1], blocks) + numbers * BLOCK_TOKENS
    return np.append(starts, offsets[-1]).astype(np.int64)


def check_contexts(contexts: Contexts, dim: int, n_documents: int) -> None:
    """Raise unless contexts have the types and shapes that a kernel reads."""
    check_array("contexts.residuals", contexts.residuals, (np.uint8,), ("n_blocks", dim // 2))
    check_array("contexts.gains", contexts.gains, (np.float16,), (len(contexts.residuals),))
    check_array("contexts.offsets", contexts.offsets, (np.int64,), (n_documents + 1,))


def check_blocks(contexts: Contexts, offsets: IntVector, documents: IntVector) -> None:
    """Raise ValueError unless documents have a context for each block (for NumPy kernels)."""
    starts, ends = contexts.offsets[documents], contexts.offsets[documents + 1]
    wanted = n_blocks(offsets[documents + 1] - offsets[documents])
    wrong = (starts < 0) | (ends > len(contexts)) | (ends - starts != wanted)
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"contexts of document {documents[i]} are {starts[i]} to {ends[i]}, "
            f"expected {wanted[i]} within {len(contexts)}."
        )
