"""How does a teacher score a document for a query? One class a kind of teacher."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from colmodern.distill.checkpoints import (
    find_checkpoint,
    load_frozen,
    multiplies_bf16,
    training_device,
)
from colmodern.distill.data.batches import chunks
from colmodern.distill.losses.functions import maxsim_scores
from colmodern.distill.options.teachers import ListTeacher
from colmodern.distill.student.vocabulary import load_tokenizer
from colmodern.errors import ConfigError, EncoderError
from colmodern.eval.systems import make_system
from colmodern.types import Document

if TYPE_CHECKING:
    from torch import Tensor

ToScore: TypeAlias = Sequence[tuple[str, Sequence[str]]]  # queries, each with its documents

_CPU_BUDGET = 8192  # tokens that go through a teacher at once
_GPU_BUDGET = 65_536


class Scorer(Protocol):
    """A teacher of lists."""

    def score(self, lists: ToScore) -> list[list[float]]:
        """Return the score of every document of every list; more is better."""
        ...


def make_scorer(teacher: ListTeacher, *, trained: Path | None, documents: Sequence[str]) -> Scorer:
    """Return a teacher, ready to score.

    Args:
        teacher: Which one.
        trained: The cross-encoder of the stage ``teacher``, which ``model = "teacher"`` means.
        documents: All documents, whose word counts BM25 needs.

    Raises:
        ConfigError: The teacher is not there.
        EncoderError: It cannot be read.
    """
    if teacher.kind == "bm25":
        return Bm25Scorer(documents)
    if teacher.model == "teacher":
        if trained is None:
            raise ConfigError(
                '[[score.teacher]] model = "teacher" needs a [teacher] table.',
                code="option_missing",
            )
        folder = trained
    else:
        folder = find_checkpoint(teacher.model)
    if teacher.kind == "cross-encoder":
        return CrossScorer(folder, teacher.max_length)
    if teacher.kind == "single-vector":
        return SingleScorer(folder, teacher.max_length)
    return LateScorer(folder, teacher.max_length)


class Bm25Scorer:
    """BM25, so that a pipeline can be tried without any model."""

    def __init__(self, documents: Sequence[str]) -> None:
        """Count the words of all documents."""
        self._system = make_system("bm25")
        self._numbers = {text: str(number) for number, text in enumerate(documents)}
        rows = [Document(number, text) for text, number in self._numbers.items()]
        self._system.index(rows, Path())
        self._n = len(rows)

    def score(self, lists: ToScore) -> list[list[float]]:
        """Return BM25's scores; a document without a word of the query scores 0."""
        queries = {str(number): query for number, (query, _) in enumerate(lists)}
        scored = []
        for (_, documents), answer in zip(
            lists, self._system.search(queries, self._n), strict=True
        ):
            found = dict(answer.ranking)
            scored.append([float(found.get(self._numbers[text], 0.0)) for text in documents])
        return scored


class CrossScorer:
    """A cross-encoder of sentence-transformers: reads query and document together."""

    def __init__(self, folder: Path, max_length: int) -> None:
        """Load the model.

        Raises:
            EncoderError: It cannot be read, or gives more than one number a pair.
        """
        from sentence_transformers import CrossEncoder

        try:
            self._model = CrossEncoder(str(folder), max_length=max_length, local_files_only=True)
        except Exception as err:  # transformers, safetensors and disk have no common base
            raise _unreadable(folder, err) from err
        if self._model.num_labels != 1:
            raise EncoderError(
                f"The cross-encoder in {folder} gives {self._model.num_labels} numbers a pair; a "
                "teacher of lists gives one.",
                code="encoder_unsupported",
            )

    def score(self, lists: ToScore) -> list[list[float]]:
        """Return the logits of every pair."""
        import torch

        pairs = [(query, document) for query, documents in lists for document in documents]
        scores = np.zeros(len(pairs))
        for chunk in chunks([len(q) + len(d) for q, d in pairs], 4 * _budget()):
            with _half_precision():
                scores[chunk] = self._model.predict(
                    [pairs[i] for i in chunk],
                    batch_size=len(chunk),
                    activation_fn=torch.nn.Identity(),
                    show_progress_bar=False,
                )
        return _split(scores, lists)


class LateScorer:
    """MaxSim of an encoder's token vectors, markers left out; it was not trained for MaxSim."""

    def __init__(self, folder: Path, max_length: int) -> None:
        """Load the encoder.

        Raises:
            EncoderError: It cannot be read.
        """
        import torch

        model: Any = load_frozen(folder, dtype=torch.float32)
        self._model = model.to(training_device())
        self._tokenizer = load_tokenizer(folder)
        self._max_length = max_length

    def score(self, lists: ToScore) -> list[list[float]]:
        """Return the sum over query tokens of the best cosine in each document."""
        vectors = self._encode(_distinct(lists))
        return [
            _maxsims(vectors[query], [vectors[document] for document in documents])
            for query, documents in lists
        ]

    def _encode(self, texts: list[str]) -> dict[str, Tensor]:
        import torch

        found: dict[str, Tensor] = {}
        for chunk in chunks([len(text) for text in texts], 4 * _budget()):
            rows = self._tokenizer(
                [texts[i] for i in chunk],
                padding=True,
                truncation=True,
                max_length=self._max_length,
                return_tensors="pt",
                return_special_tokens_mask=True,
            )
            rows = rows.to(training_device())
            special = rows.pop("special_tokens_mask").bool()
            with torch.inference_mode(), _half_precision():
                hidden = self._model(**rows).last_hidden_state
            unit = torch.nn.functional.normalize(hidden.float(), dim=-1)
            for i, row, drop in zip(chunk, unit, special, strict=True):
                found[texts[i]] = row[~drop]
        return found


class SingleScorer:
    """The cosine of a sentence-transformers model's vectors."""

    def __init__(self, folder: Path, max_length: int) -> None:
        """Load the model.

        Raises:
            EncoderError: It cannot be read.
        """
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(str(folder), local_files_only=True)
        except Exception as err:  # transformers, safetensors and disk have no common base
            raise _unreadable(folder, err) from err
        self._model.max_seq_length = max_length

    def score(self, lists: ToScore) -> list[list[float]]:
        """Return the cosines."""
        texts = _distinct(lists)
        with _half_precision():
            rows: Any = self._model.encode(
                texts, normalize_embeddings=True, show_progress_bar=False, batch_size=128
            )
        vectors = dict(zip(texts, np.asarray(rows, np.float32), strict=True))
        return [
            [float(vectors[query] @ vectors[document]) for document in documents]
            for query, documents in lists
        ]


def _maxsims(query: Tensor, documents: Sequence[Tensor]) -> list[float]:
    """Return MaxSim with each document, 0 with one of no tokens."""
    import torch

    if not any(map(len, documents)):
        return [0.0] * len(documents)
    mask = torch.zeros(len(documents), max(map(len, documents)), dtype=torch.bool)
    for row, document in zip(mask, documents, strict=True):
        row[: len(document)] = True
    together = torch.nn.utils.rnn.pad_sequence(list(documents), batch_first=True)
    scores = maxsim_scores(
        query[None],
        torch.ones(1, len(query), dtype=torch.bool, device=query.device),
        together,
        mask.to(query.device),
    )
    values: list[float] = scores[0].tolist()
    return values


def _distinct(lists: ToScore) -> list[str]:
    texts = dict.fromkeys(text for query, documents in lists for text in (query, *documents))
    return list(texts)


def _split(scores: Any, lists: ToScore) -> list[list[float]]:
    ends = np.cumsum([len(documents) for _, documents in lists])[:-1]
    return [[float(score) for score in part] for part in np.split(scores, ends)]


def _budget() -> int:
    return _CPU_BUDGET if training_device().type == "cpu" else _GPU_BUDGET


def _half_precision() -> AbstractContextManager[Any]:
    import torch

    return torch.autocast(training_device().type, dtype=torch.bfloat16, enabled=multiplies_bf16())


def _unreadable(folder: Path, err: Exception) -> EncoderError:
    reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
    return EncoderError(
        f"Cannot load the teacher in {folder}: {reason}. If it was downloaded, the download may "
        "have been interrupted: fetch it again.",
        code="encoder_unreadable",
    )
