"""How far is a student from its teacher? Pure functions of tensors.

Nothing here knows of models, data or optimisers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def cosine_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the mean of 1 - cosine over tokens.

    Args:
        student: Shape (n_tokens, hidden), any norm.
        teacher: Shape (n_tokens, hidden), rows L2-normalised.
    """
    from torch.nn.functional import normalize

    return 1.0 - (normalize(student, dim=-1) * teacher).sum(-1).mean()


def similarity_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Return the mean squared difference between two matrices of token-token similarities.

    The two sides may have different dimensions, which is the point: a projection to few dimensions
    is right when it keeps the inner products.

    Args:
        student: Shape (n_tokens, student_dim), rows L2-normalised.
        teacher: Shape (n_tokens, teacher_dim), rows L2-normalised.
    """
    return (student @ student.T - teacher @ teacher.T).square().mean()


def maxsim_loss(
    student: Tensor, teacher: Tensor, rows: Tensor, pieces: Tensor, n_pieces: int
) -> Tensor:
    """Return the mean squared difference of the best match of some tokens in every piece.

    Search adds up maxima, so the few high similarities decide; a plain mean over token pairs hardly
    sees them. A token's best match in its own piece is itself and is left out.

    Args:
        student: Shape (n_tokens, student_dim), rows L2-normalised.
        teacher: Shape (n_tokens, teacher_dim), rows L2-normalised.
        rows: Indices of the tokens that play the query, shape (n_rows,).
        pieces: Which piece each token belongs to, shape (n_tokens,), int64.
        n_pieces: How many pieces there are.
    """
    difference = _best_matches(student, rows, pieces, n_pieces) - _best_matches(
        teacher, rows, pieces, n_pieces
    )
    others = pieces[rows][:, None] != pieces.new_tensor(range(n_pieces))[None, :]
    return difference[others].square().mean()


def _best_matches(vectors: Tensor, rows: Tensor, pieces: Tensor, n_pieces: int) -> Tensor:
    """Return the maximum similarity of each row token in each piece, shape (n_rows, n_pieces)."""
    similarities = vectors[rows] @ vectors.T
    best = similarities.new_full((len(rows), n_pieces), -1.0)
    return best.scatter_reduce(
        1, pieces.expand(len(rows), -1), similarities, "amax", include_self=False
    )
