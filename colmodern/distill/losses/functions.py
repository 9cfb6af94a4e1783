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
    depends on them. A token's best match in its own piece is itself and is left out.

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
    in_other_pieces = pieces[rows][:, None] != pieces.new_tensor(range(n_pieces))[None, :]
    return difference[in_other_pieces].square().mean()


def _best_matches(vectors: Tensor, rows: Tensor, pieces: Tensor, n_pieces: int) -> Tensor:
    """Return the maximum similarity of each row token in each piece, shape (n_rows, n_pieces)."""
    similarities = vectors[rows] @ vectors.T
    best = similarities.new_full((len(rows), n_pieces), -1.0)
    return best.scatter_reduce(
        1, pieces.expand(len(rows), -1), similarities, "amax", include_self=False
    )


def scale_to_unit(scores: Tensor) -> Tensor:
    """Return each list scaled to [0, 1] by its minimum and maximum; a constant list becomes zeros.

    JaColBERTv2.5 (Clavié 2024) found this to be what lists of different teachers need. The result
    does not change when a list is shifted or multiplied by a positive number.

    Args:
        scores: Shape (n_lists, n), any range.
    """
    low, high = scores.amin(-1, keepdim=True), scores.amax(-1, keepdim=True)
    spread = high - low
    return (scores - low) / spread.where(spread > 0, spread.new_ones(()))


def list_kl(
    student: Tensor,
    teacher: Tensor,
    *,
    student_temperature: float,
    teacher_temperature: float,
) -> Tensor:
    """Return the KL divergence of the student's lists from the teacher's, a mean over lists.

    Both sides are scaled to [0, 1], divided by their temperature and turned into probabilities.

    Args:
        student: Scores, shape (n_lists, n).
        teacher: Scores, shape (n_lists, n).
        student_temperature: Above 0.
        teacher_temperature: Above 0.
    """
    from torch.nn.functional import kl_div, log_softmax

    ours = log_softmax(scale_to_unit(student) / student_temperature, dim=-1)
    theirs = log_softmax(scale_to_unit(teacher) / teacher_temperature, dim=-1)
    return kl_div(ours, theirs, reduction="batchmean", log_target=True)


def contrastive_loss(
    scores: Tensor, positives: Tensor, ignore: Tensor, *, temperature: float
) -> Tensor:
    """Return the cross-entropy of the positive among all documents of a batch.

    Args:
        scores: Of every query with every document, shape (n_queries, n_documents).
        positives: The number of each query's positive, shape (n_queries,), int64.
        ignore: Documents that may answer the query as well, shape (n_queries, n_documents), bool;
            the positive itself is never ignored.
        temperature: Above 0.
    """
    import torch
    from torch.nn.functional import cross_entropy, one_hot

    own = one_hot(positives, scores.shape[1]).bool()
    masked = scores.masked_fill(ignore & ~own, -torch.inf)
    return cross_entropy(masked / temperature, positives)


def maxsim_scores(
    queries: Tensor, query_mask: Tensor, documents: Tensor, document_mask: Tensor
) -> Tensor:
    """Return the MaxSim of every query with every document, shape (n_queries, n_documents).

    A masked document token never wins a maximum, however negative the others are; a masked query
    token adds nothing; a document of no tokens scores 0.

    Args:
        queries: Shape (n_queries, longest, dim).
        query_mask: Which tokens count, (n_queries, longest), bool.
        documents: Shape (n_documents, longest, dim).
        document_mask: Which tokens count, (n_documents, longest), bool.
    """
    import torch

    similarities = torch.einsum("qid,ejd->qeij", queries, documents)
    hidden = ~document_mask[None, :, None, :]
    best = similarities.masked_fill(hidden, -torch.inf).amax(-1)
    counted = query_mask[:, None, :] & document_mask.any(-1)[None, :, None]
    return best.masked_fill(~counted, 0.0).sum(-1)
