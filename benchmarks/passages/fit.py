"""Fit the map of queries by which passages are chosen, and write it beside a checkpoint.

    python -m benchmarks.passages.fit DATA OUT.safetensors [--model default] [--epochs 2]

A query's token vectors are multiplied by one matrix, and each counts by one linear function of it
(``colmodern/encoder/passage_map.py``). Both begin as if they were not there. The loss is that of
choosing a window that overlaps the answer among all windows of its document, by the sum of the
matches, on the meetings and half of the joined sentences. Needs torch (extra ``distill``); two
minutes on one core. ``benchmarks/passages/crossed.py`` measures it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch.nn import functional

from benchmarks.passages.sets import meetings, sentences_to_fit
from colmodern import Encoder
from colmodern.eval.passages import Annotated
from colmodern.passages.choice import window_ends
from colmodern.passages.pieces import PlacedText, cut, pieces_of

EPOCHS, RATE = 2, 5e-4
_BATCH = 16
_SHARPNESS = 5.0
_EVEN = float(np.log(np.e - 1))  # softplus of it is 1: every token counts the same


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A document, and the questions about it.

    Attributes:
        document: Its id.
        vectors: Shape (n_tokens, dim).
        piece_of: Shape (n_tokens,): the piece of each token; one past the last for those in none.
        windows: Shape (n_windows, widest): the pieces of each window, the last one repeated.
        queries: The token vectors of each question.
        golds: Shape (n_windows,), bool, for each question: which windows overlap its answer.
    """

    document: str
    vectors: torch.Tensor
    piece_of: torch.Tensor
    windows: torch.Tensor
    queries: list[torch.Tensor]
    golds: list[torch.Tensor]


class _Map(torch.nn.Module):
    """The map, as it is trained."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.matrix = torch.nn.Parameter(torch.eye(dim))
        self.weight = torch.nn.Parameter(torch.zeros(dim))
        self.bias = torch.nn.Parameter(torch.full((1,), _EVEN))
        self.sharpness = torch.nn.Parameter(torch.ones(()))

    def forward(self, queries: torch.Tensor) -> torch.Tensor:
        amounts = functional.softplus(queries @ self.weight + self.bias)
        return (queries @ self.matrix) * amounts[:, None]

    def loss(self, task: Task, rows: NDArray[np.int64]) -> torch.Tensor:
        """Return the mean loss of some questions about one document."""
        queries = [task.queries[row] for row in rows]
        scores = task.vectors @ self(torch.cat(queries)).T
        pieces = torch.full((int(task.windows.max()) + 2, scores.shape[1]), -9.0)
        into = task.piece_of[:, None].expand_as(scores)
        pieces = pieces.scatter_reduce(0, into, scores, "amax")
        of_windows = pieces[task.windows].amax(1).split([len(one) for one in queries], 1)
        losses = []
        for row, matches in zip(rows, of_windows, strict=True):
            chances = torch.log_softmax(matches.sum(1) * self.sharpness * _SHARPNESS, 0)
            losses.append(-torch.logsumexp(chances[task.golds[row]], 0))
        return torch.stack(losses).mean()


def fit(
    tasks: Sequence[Task], *, epochs: int = EPOCHS, rate: float = RATE, seed: int = 0
) -> dict[str, Any]:
    """Return the tensors of the map."""
    torch.set_num_threads(1)  # its order of additions, and so its result, depends on it
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = _Map(tasks[0].vectors.shape[1])
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    for epoch in range(epochs):
        steps = list(_steps(tasks, rng))
        losses = []
        for task, rows in steps:
            loss = model.loss(task, rows)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f} of {len(steps)} steps", flush=True)
    names = ("matrix", "weight", "bias")
    return {name: getattr(model, name).detach().numpy().astype(np.float32) for name in names}


def _steps(
    tasks: Sequence[Task], rng: np.random.Generator
) -> Iterator[tuple[Task, NDArray[np.int64]]]:
    steps = []
    for task in tasks:
        order = rng.permutation(len(task.queries))
        steps += [(task, order[i : i + _BATCH]) for i in range(0, len(order), _BATCH)]
    yield from (steps[i] for i in rng.permutation(len(steps)))


def tasks_of(collection: Annotated, encoder: Encoder) -> Iterator[Task]:
    """Yield the documents of a collection with their questions, encoded."""
    documents = list(collection.documents.values())
    encoded = encoder.encode_documents([one.text for one in documents])
    for document, tokens in zip(documents, encoded, strict=True):
        questions = [one for one in collection.questions if one.document == document.id]
        found = cut([PlacedText(document.text, tokens.spans)], [], threads=1)
        pieces = pieces_of(found.pieces)
        ends = window_ends(pieces)
        starts = found.units[pieces.units, 0]
        stops = found.units[pieces.units[ends - 1], 1]
        piece_of = np.full(len(tokens), len(pieces))
        for number, (a, b) in enumerate(zip(pieces.begins, pieces.ends, strict=True)):
            piece_of[a:b] = number
        numbers = np.arange(len(pieces))
        widest = int((ends - numbers).max())
        windows = np.minimum(numbers[:, None] + np.arange(widest), ends[:, None] - 1)
        golds = [
            np.any([(starts < b) & (a < stops) for a, b in one.spans], axis=0) for one in questions
        ]
        kept = [i for i, gold in enumerate(golds) if gold.any()]
        queries = encoder.encode_queries([questions[i].text for i in kept])
        yield Task(
            document.id,
            torch.from_numpy(tokens.vectors),
            torch.from_numpy(piece_of),
            torch.from_numpy(windows),
            [torch.from_numpy(one.vectors) for one in queries],
            [torch.from_numpy(golds[i]) for i in kept],
        )


def main() -> None:
    """Read the options, fit, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rate", type=float, default=RATE)
    options = parser.parse_args()
    encoder = Encoder.load(options.model)
    collections = (meetings(options.data), sentences_to_fit(options.data))
    tasks = [task for one in collections for task in tasks_of(one, encoder)]
    save_file(fit(tasks, epochs=options.epochs, rate=options.rate), options.out)


if __name__ == "__main__":
    main()
