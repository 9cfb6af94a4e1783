"""How are many texts of many lengths turned into token vectors while training?

Identical texts go through the model once, long ones in windows if wanted, all sorted by length and
cut into chunks of about as many tokens, so that little is padded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.checkpoint import checkpoint

from colmodern.distill.data.batches import chunks

# A padded position further than half a local window (128) from the last token attends to nothing,
# which attention kernels may answer with NaN; its gradient would spoil the whole step.
_SPREAD = 64


@dataclass(frozen=True, slots=True)
class Embedded:
    """Token vectors of the different texts of a batch.

    Attributes:
        values: Shape (n_texts, longest, dim), rows L2-normalised where the mask is true.
        mask: Which tokens score, shape (n_texts, longest), bool.
        numbers: The text of each input row, shape (n_columns, n_rows), int64.
    """

    values: Tensor
    mask: Tensor
    numbers: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedOptions:
    """How texts go through the model.

    Attributes:
        task: ``query`` or ``document``.
        n_head: Tokens at the start that every window begins with: [CLS] and a prefix.
        window: Longer texts are cut into windows of so many tokens; 0: never.
        budget: Tokens of a chunk, padding included.
        cached: Compute chunks again in the backward pass instead of keeping activations.
    """

    task: str
    n_head: int = 1
    window: int = 0
    budget: int = 4096
    cached: bool = False


def embed(
    model: nn.Module, columns: Sequence[Mapping[str, Any]], options: EmbedOptions
) -> Embedded:
    """Return the token vectors of all texts of some columns of a batch.

    Args:
        model: A multi-vector encoder, perhaps wrapped.
        columns: ``input_ids`` and ``attention_mask`` of each column, (n_rows, longest).
        options: See there.
    """
    texts, numbers = _distinct(columns)
    windows, owners = [], []
    for owner, text in enumerate(texts):
        for window in cut(text, options.window, options.n_head):
            windows.append(window)
            owners.append(owner)
    vectors: list[list[Tensor]] = [[] for _ in texts]
    found: dict[int, Tensor] = {}
    device = columns[0]["input_ids"].device
    for chunk in chunks([len(window) for window in windows], options.budget, spread=_SPREAD):
        rows = _run(model, [windows[i] for i in chunk], options, device)
        found.update(zip(chunk, rows, strict=True))
    for index, owner in enumerate(owners):
        vectors[owner].append(found[index])
    whole = [torch.cat(parts) for parts in vectors]
    values = pad_sequence(whole, batch_first=True)
    lengths = torch.tensor([len(rows) for rows in whole], device=device)
    mask = torch.arange(values.shape[1], device=device) < lengths[:, None]
    return Embedded(values, mask, torch.tensor(numbers, device=device))


def cut(text: Tensor, window: int, n_head: int) -> Iterator[Tensor]:
    """Yield the windows of a text, each between the markers of the whole.

    Args:
        text: Token ids, shape (n,): head, body, one closing marker.
        window: Tokens of a window, markers included; 0, or a text as short: the text itself.
        n_head: Tokens that every window starts with.
    """
    if not window or len(text) <= window:
        yield text
        return
    head, body, tail = text[:n_head], text[n_head:-1], text[-1:]
    size = window - n_head - 1
    for start in range(0, len(body), size):
        yield torch.cat([head, body[start : start + size], tail])


def _distinct(columns: Sequence[Mapping[str, Any]]) -> tuple[list[Tensor], list[list[int]]]:
    """Return the different texts without padding, and the number of each row's."""
    texts: list[Tensor] = []
    known: dict[tuple[int, ...], int] = {}
    numbers = []
    for column in columns:
        row_numbers = []
        for ids, mask in zip(column["input_ids"], column["attention_mask"], strict=True):
            text = ids[mask.bool()]
            key = tuple(text.tolist())
            if key not in known:
                known[key] = len(texts)
                texts.append(text)
            row_numbers.append(known[key])
        numbers.append(row_numbers)
    return texts, numbers


def _run(
    model: nn.Module, texts: list[Tensor], options: EmbedOptions, device: torch.device
) -> list[Tensor]:
    """Return the vectors of the tokens that score, for each text."""
    ids = pad_sequence(texts, batch_first=True)
    lengths = torch.tensor([len(text) for text in texts], device=device)
    mask = (torch.arange(ids.shape[1], device=device) < lengths[:, None]).long()

    def forward(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        output = model({"input_ids": ids, "attention_mask": mask}, task=options.task)
        return output["token_embeddings"], output["attention_mask"]

    if options.cached and torch.is_grad_enabled():
        values, scoring = checkpoint(forward, ids, mask, use_reentrant=False)
    else:
        values, scoring = forward(ids, mask)
    return [row[keep] for row, keep in zip(values.float(), scoring.bool(), strict=True)]
