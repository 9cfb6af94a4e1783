"""How far are a student's token vectors from its teacher's on some pieces of text?

The loss of the warm start, and its regulariser later: the cosine of every hidden state, the
similarities between sampled tokens after the projection, the best match of sampled tokens in every
other piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from colmodern.distill.losses.functions import cosine_loss, maxsim_loss, similarity_loss
from colmodern.distill.options.student import WarmStartRecipe
from colmodern.distill.student.vocabulary import Markers

if TYPE_CHECKING:
    from torch import Tensor


def token_losses(
    hidden: Tensor,
    target: Tensor,
    ids: Tensor,
    keep: Tensor,
    *,
    project: Callable[[Tensor], Tensor],
    markers: Markers,
    options: WarmStartRecipe,
    draw: int,
) -> dict[str, Tensor]:
    """Return the parts of the loss, and their weighted sum under ``loss``.

    Args:
        hidden: The student's hidden states of the tokens in ``keep``, (n_tokens, hidden), float32.
        target: The teacher's unit vectors of the same tokens, (n_tokens, teacher_hidden).
        ids: Token ids, (n_pieces, longest).
        keep: Which of them are tokens, (n_pieces, longest), bool.
        project: From hidden states to the student's dimensions; rows need no norm.
        markers: Their similarities do not count, since they do not score.
        options: Weights and how many tokens are sampled.
        draw: Decides which.
    """
    import torch
    from torch.nn.functional import normalize

    numbers = torch.arange(len(ids), device=ids.device).unsqueeze(1).expand_as(ids)[keep]
    flat = ids[keep]
    real = ((flat != markers.cls) & (flat != markers.sep)).nonzero().squeeze(1)
    rng = torch.Generator().manual_seed(draw)
    order = torch.randperm(len(real), generator=rng).to(ids.device)
    rows = torch.arange(min(options.sampled_tokens, len(real)), device=ids.device)
    vectors = normalize(project(hidden[real]).float(), dim=-1)[order]
    wanted, numbers = target[real][order], numbers[real][order]
    parts = {
        "cosine": cosine_loss(hidden, target),
        "similarity": similarity_loss(vectors[rows], wanted[rows]),
        "maxsim": maxsim_loss(vectors, wanted, rows, numbers, len(ids)),
    }
    parts["loss"] = (
        parts["cosine"]
        + options.similarity_weight * parts["similarity"]
        + options.maxsim_weight * parts["maxsim"]
    )
    return parts
