"""What does training minimise? KL between score lists, contrast in the batch, the warm start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from sentence_transformers import MultiVectorEncoder
from sentence_transformers.multi_vector_encoder.losses import MultiVectorDistillKLDivLoss
from torch import Tensor, nn

from colmodern.distill.data.batches import batch_at, collate
from colmodern.distill.losses.embedding import Embedded, EmbedOptions, embed
from colmodern.distill.losses.functions import contrastive_loss, list_kl, maxsim_scores
from colmodern.distill.losses.token_loss import token_losses
from colmodern.distill.options.student import WarmStartRecipe
from colmodern.distill.options.training import Phase
from colmodern.distill.student.vocabulary import Markers
from colmodern.distill.teachers.token_teachers import TokenTeachers

_ELEMENTS = 1 << 26  # of a block of similarities


class ListLoss(MultiVectorDistillKLDivLoss):
    """The loss of a phase, for rows of a query, documents (the positive first) and scores.

    What sentence-transformers' loss lacks is added: both lists are scaled to [0, 1] before their
    temperatures; the documents of all rows serve as negatives of a contrastive term; identical
    documents are encoded once; the warm start's loss can be kept as a regulariser.
    """

    def __init__(
        self,
        model: MultiVectorEncoder,
        phase: Phase,
        *,
        n_head: tuple[int, int] = (1, 1),
        regulariser: TokenRegulariser | None = None,
    ) -> None:
        """Make the loss of a phase.

        Args:
            model: The student.
            phase: Weights, temperatures and how texts go through the model.
            n_head: Tokens before the text of a query and of a document: [CLS] and a prefix.
            regulariser: The warm start's loss on other pieces.
        """
        super().__init__(
            model,
            student_temperature=phase.student_temperature,
            teacher_temperature=phase.teacher_temperature,
        )
        self.phase = phase
        self.regulariser = regulariser
        self.query_options = EmbedOptions(
            task="query", n_head=n_head[0], budget=phase.tokens_a_chunk, cached=phase.cached
        )
        self.document_options = EmbedOptions(
            task="document",
            n_head=n_head[1],
            window=phase.window,
            budget=phase.tokens_a_chunk,
            cached=phase.cached,
        )

    def forward(  # type: ignore[override]
        self, sentence_features: Iterable[dict[str, Any]], labels: Tensor
    ) -> dict[str, Tensor]:
        """Return the weighted parts of the loss.

        Args:
            sentence_features: The query's column and those of the documents, tokenised.
            labels: The teachers' scores, shape (n_rows, n_ways).
        """
        columns = list(sentence_features)
        queries = embed(self.model, columns[:1], self.query_options)
        documents = embed(self.model, columns[1:], self.document_options)
        scores = score_all(queries, documents)[queries.numbers[0]]
        numbers = documents.numbers.T  # (n_rows, n_ways)
        parts: dict[str, Tensor] = {}
        if self.phase.kl_weight:
            kl = list_kl(
                scores.gather(1, numbers),
                labels.float(),
                student_temperature=self.student_temperature,
                teacher_temperature=self.teacher_temperature,
            )
            parts["kl"] = self.phase.kl_weight * kl
        if self.phase.contrastive_weight:
            contrast = contrastive_loss(
                scores,
                numbers[:, 0],
                self._answers(queries.numbers[0], numbers[:, 0], scores.shape[1]),
                temperature=self.phase.contrastive_temperature,
            )
            parts["contrastive"] = self.phase.contrastive_weight * contrast
        if self.regulariser is not None:
            parts["regulariser"] = self.phase.regulariser_weight * self.regulariser(self.model)
        return parts

    @staticmethod
    def _answers(queries: Tensor, positives: Tensor, n_documents: int) -> Tensor:
        """Return which documents are the positive of the same query in any row."""
        same = queries[:, None] == queries[None, :]
        owned = nn.functional.one_hot(positives, n_documents).bool()
        return (same[:, :, None] & owned[None, :, :]).any(1)


def score_all(queries: Embedded, documents: Embedded) -> Tensor:
    """Return the MaxSim of every query with every document, (n_queries, n_documents)."""
    per_document = queries.values.shape[0] * queries.values.shape[1] * documents.values.shape[1]
    block = max(1, _ELEMENTS // max(1, per_document))
    blocks = [slice(start, start + block) for start in range(0, len(documents.values), block)]
    return torch.cat(
        [
            maxsim_scores(
                queries.values, queries.mask, documents.values[part], documents.mask[part]
            )
            for part in blocks
        ],
        dim=1,
    )


class TokenRegulariser:
    """The warm start's loss on pieces that are drawn for each micro-batch."""

    def __init__(
        self,
        teachers: TokenTeachers,
        pieces: tuple[np.ndarray, np.ndarray],
        *,
        markers: Markers,
        options: WarmStartRecipe,
        budget: int,
        draw: Callable[[], int],
    ) -> None:
        """Keep what is needed.

        Args:
            teachers: The frozen teachers of the warm start.
            pieces: Token ids and offsets.
            markers: Ids around every piece.
            options: Weights within the loss.
            budget: Tokens a micro-batch.
            draw: Gives the number that decides the pieces; another one each time.
        """
        self._teachers = teachers
        self._ids, self._offsets = pieces
        self._markers = markers
        self._options = options
        self._budget = budget
        self._draw = draw

    def __call__(self, model: nn.Module) -> Tensor:
        """Return the loss of a student (a transformer, a projection, further modules)."""
        inner: Any = getattr(model, "module", model)
        device = next(inner.parameters()).device
        draw = self._draw()
        batch = batch_at(self._offsets, self._budget, 17, draw)
        ids, mask = collate(batch, self._ids, self._offsets, self._markers)
        ids, mask = ids.to(device), mask.to(device)
        target = self._teachers.to(device)(ids, mask)
        keep = mask.bool()
        features = inner[0]({"input_ids": ids, "attention_mask": mask})
        hidden = features["token_embeddings"][keep].float()
        return token_losses(
            hidden,
            target,
            ids,
            keep,
            project=inner[1].linear,
            markers=self._markers,
            options=self._options,
            draw=draw,
        )["loss"]
