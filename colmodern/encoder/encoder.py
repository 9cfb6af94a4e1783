"""How does a text become token vectors?

``Encoder`` joins the rest of this room: a checkpoint is read, texts are cut into tokens and
windows, packed, sent through the model, and projected.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.encoder.checkpoint import WEIGHTS_FILE, Checkpoint, DenseSpec, read_json
from colmodern.encoder.fingerprint import fingerprint
from colmodern.encoder.layouts import read_checkpoint
from colmodern.encoder.model_config import ModernBertConfig
from colmodern.encoder.modernbert import ModernBert, RunJobs
from colmodern.encoder.projection import Projection
from colmodern.encoder.sequences import (
    EncodingPlan,
    TokenSequence,
    join_vectors,
    plan_document,
    plan_packs,
    plan_query,
)
from colmodern.encoder.sources import DEFAULT_NAME, find_model
from colmodern.encoder.tensors import open_tensors
from colmodern.encoder.tokenizer import TextTokenizer, TokenisedText
from colmodern.encoder.weights import read_weights
from colmodern.encoder.workers import Workers
from colmodern.errors import EncoderError
from colmodern.types import FloatMatrix, IntVector, TokenEmbeddings

logger = logging.getLogger(__name__)

_PACK_TOKENS = 8192
_BATCH_CHARACTERS = 64 * _PACK_TOKENS  # texts tokenised together, to find sequences of one length


class Encoder:
    """A late-interaction model on a ModernBERT backbone, run in NumPy.

    Satisfies ``DocumentEncoder``. Safe to use from several threads. The same texts give the same
    vectors on any number of threads; batched with other texts they may differ in the last bits
    (about 1e-6).
    """

    def __init__(self, checkpoint: Checkpoint, *, name: str, n_threads: int | None = None) -> None:
        """Read the weights and the tokenizer of a checkpoint; ``Encoder.load`` is the usual way.

        Raises:
            EncoderError: A file is missing, damaged or does not fit the others.
        """
        self._checkpoint = checkpoint
        self._name = name
        path = checkpoint.folder / "config.json"
        config = ModernBertConfig.from_json(read_json(path), where=str(path))
        self._tensors = open_tensors(checkpoint.folder / WEIGHTS_FILE)
        weights = read_weights(checkpoint.folder / WEIGHTS_FILE, self._tensors, config)
        self._model = ModernBert(config, weights)
        self._projection = Projection(checkpoint.projection, hidden_size=config.hidden_size)
        self._tokenizer = TextTokenizer(checkpoint)
        self._workers = Workers(n_threads)
        self._skipped = self._skipped_ids()
        self._filler = self._filler_id()
        self._check_lengths()

    @classmethod
    def load(
        cls,
        name_or_path: str | Path = DEFAULT_NAME,
        *,
        document_length: int | None = None,
        n_threads: int | None = None,
    ) -> Encoder:
        """Return the encoder of a checkpoint.

        Args:
            name_or_path: ``default``, a folder in one of the layouts of docs/encoder.md, or a
                name on the Hugging Face Hub, fetched once if it is not in the local cache.
            document_length: Tokens of a window, in place of what the checkpoint says. Many
                checkpoints say 300 though the backbone takes 8,192.
            n_threads: How many threads encode; None is one for each usable core.

        Raises:
            EncoderError: There is no such model, or it cannot be read or run.
            ValueError: ``document_length`` or ``n_threads`` is less than 1.
        """
        if document_length is not None and document_length < 1:
            raise ValueError(f"document_length must be at least 1, got {document_length}.")
        name, folder = find_model(name_or_path)
        checkpoint = read_checkpoint(folder)
        if document_length is not None:
            checkpoint = replace(checkpoint, document_length=document_length)
        return cls(checkpoint, name=name, n_threads=n_threads)

    @property
    def name(self) -> str:
        """What ``Encoder.load`` takes to load this encoder again: the name or the absolute path."""
        return self._name

    @property
    def dim(self) -> int:
        """The length of a token vector."""
        return self._projection.dim

    @property
    def document_length(self) -> int:
        """Tokens of a window; longer documents are cut into several."""
        return self._checkpoint.document_length or self._max_length

    @property
    def query_length(self) -> int:
        """The most tokens of a query; longer ones are cut, with a warning in the log."""
        length = self._checkpoint.query_length
        expansion = self._checkpoint.expansion
        if expansion is None:
            return length or self._max_length
        if expansion.strategy == "fixed":
            return expansion.length
        return max(length or self._max_length, expansion.length)

    @cached_property
    def fingerprint(self) -> str:
        """A hex digest of all that decides the vectors; see the module ``fingerprint``."""
        tensors = {"backbone": self._tensors}
        for index, step in enumerate(self._checkpoint.projection):
            if isinstance(step, DenseSpec):
                tensors[f"projection {index}"] = open_tensors(step.file)
        tokenizer = self._checkpoint.folder / "tokenizer.json"
        return fingerprint(self._settings(), tokenizer, tensors)

    def encode_documents(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each document, whatever its length.

        Memory is bounded by a pack of tokens beside the texts and the results; time is linear in
        the number of windows.

        Raises:
            TypeError: ``texts`` is one string, or holds something that is no string.
        """

        def plan(text: TokenisedText) -> EncodingPlan:
            return plan_document(
                text, limit=self.document_length, skipped=self._skipped["document"]
            )

        return [
            result
            for batch in _batches(texts)
            for result in self._encode([plan(text) for text in self._tokenise(batch, "document")])
        ]

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each query; an empty query has none.

        A query longer than ``query_length`` is cut, as the model's authors do, and the log says
        so.

        Raises:
            TypeError: ``texts`` is one string, or holds something that is no string.
        """
        return [
            result
            for batch in _batches(texts)
            for result in self._encode(self._plan_queries(batch))
        ]

    def __repr__(self) -> str:
        """Say which model this is, in one line."""
        config = self._model.config
        return (
            f"<Encoder {self._name}: ModernBERT, {len(config.global_layers)} layers, hidden "
            f"{config.hidden_size}, dim {self.dim}, queries {self.query_length}, "
            f"windows {self.document_length}>"
        )

    def _plan_queries(self, texts: Sequence[str]) -> list[EncodingPlan]:
        tokenised = self._tokenise(texts, "query")
        cut = [i for i, text in enumerate(tokenised) if len(text.ids) > self.query_length]
        if cut:
            logger.warning(
                "%d of %d queries are longer than the %d tokens this model takes and were cut; "
                "the first has %d: %.60r",
                len(cut), len(texts), self.query_length, len(tokenised[cut[0]].ids), texts[cut[0]],
            )  # fmt: skip
        return [
            plan_query(
                text,
                limit=self.query_length,
                skipped=self._skipped["query"],
                expansion=self._checkpoint.expansion,
                filler=self._filler,
            )
            for text in tokenised
        ]

    def _tokenise(self, texts: Sequence[str], task: str) -> list[TokenisedText]:
        query = task == "query"
        prompt = self._checkpoint.query_prompt if query else self._checkpoint.document_prompt
        return self._tokenizer.encode(texts, prompt=prompt)

    def _encode(self, plans: Sequence[EncodingPlan]) -> list[TokenEmbeddings]:
        sequences = [sequence for plan in plans for sequence in plan.sequences]
        vectors: list[FloatMatrix] = [np.empty((0, self.dim), np.float32)] * len(sequences)
        with self._workers.running() as run_jobs:
            for pack in plan_packs(sequences, budget=_PACK_TOKENS):
                found = self._encode_pack([sequences[index] for index in pack], run_jobs)
                for index, rows in zip(pack, found, strict=True):
                    vectors[index] = rows
        remaining = iter(vectors)
        return [
            TokenEmbeddings(
                join_vectors([next(remaining) for _ in plan.sequences], self.dim), plan.spans
            )
            for plan in plans
        ]

    def _encode_pack(
        self, sequences: Sequence[TokenSequence], run_jobs: RunJobs
    ) -> list[FloatMatrix]:
        lengths = [len(sequence.ids) for sequence in sequences]
        hidden = self._model.encode(
            np.concatenate([sequence.ids for sequence in sequences]),
            lengths,
            seen=[sequence.seen for sequence in sequences],
            run_jobs=run_jobs,
        )
        starts = np.cumsum([0, *lengths[:-1]])
        kept = [start + s.kept for start, s in zip(starts, sequences, strict=True)]
        vectors = self._projection(hidden[np.concatenate(kept)])
        borders = np.cumsum([len(rows) for rows in kept])[:-1]
        return [rows.copy() for rows in np.split(vectors, borders)]

    @property
    def _max_length(self) -> int:
        if self._checkpoint.max_length is not None:
            return self._checkpoint.max_length
        positions = self._model.config.max_positions
        return min(self._tokenizer.max_length or positions, positions)

    def _skipped_ids(self) -> dict[str, IntVector]:
        found = {word: self._tokenizer.token_id(word) for word in self._checkpoint.skip_words}
        missing = [word for word, token in found.items() if token is None]
        if missing:
            logger.debug("words of the skip list that are no tokens: %s", missing)
        ids = np.array([token for token in found.values() if token is not None], dtype=np.int64)
        none = ids[:0]
        tasks = self._checkpoint.skip_tasks
        return {task: ids if task in tasks else none for task in ("query", "document")}

    def _filler_id(self) -> int:
        """Return the id that queries are filled up with; 0, never used, where none are."""
        expansion = self._checkpoint.expansion
        if expansion is None:
            return 0
        if expansion.token is None:
            found = self._tokenizer.filler_id
        else:
            found = self._tokenizer.token_id(expansion.token)
        if found is None:
            raise EncoderError(
                f"{self._checkpoint.folder}: queries are to be filled up with "
                f"{expansion.token or 'the mask token'!r}, but the tokenizer has no such token."
            )
        return found

    def _check_lengths(self) -> None:
        """Refuse lengths that leave no room for text beside special tokens and the prompt."""
        for task, limit in (("query", self.query_length), ("document", self.document_length)):
            overhead = len(self._tokenise([""], task)[0].ids)
            if limit <= overhead:
                raise EncoderError(
                    f"{self._name}: a {task} may have {limit} tokens, but special tokens and the "
                    f"prompt alone take {overhead}. Set a larger {task}_length."
                )
        positions = self._model.config.max_positions
        if self.document_length > positions:
            raise EncoderError(
                f"{self._name}: windows of {self.document_length} tokens are longer than the "
                f"{positions} the backbone was made for. Set a smaller document_length."
            )

    def _settings(self) -> dict[str, Any]:
        """Return what decides the vectors beside weights and tokenizer, without any path."""
        checkpoint = self._checkpoint
        steps = []
        for step in checkpoint.projection:
            fields = asdict(step)
            fields.pop("file", None)
            steps.append(fields)
        return {
            "config": asdict(self._model.config),
            "projection": steps,
            "query_length": self.query_length,
            "document_length": self.document_length,
            "prompts": [checkpoint.query_prompt, checkpoint.document_prompt],
            "markers": checkpoint.markers,
            "expansion": None if checkpoint.expansion is None else asdict(checkpoint.expansion),
            "filler": self._filler,
            "skipped": {task: ids.tolist() for task, ids in self._skipped.items()},
            "lower_case": checkpoint.lower_case,
        }


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts in order, some hundred thousand characters at a time."""
    if isinstance(texts, str):
        raise TypeError("texts must be a sequence of strings, got a single string.")
    batch: list[str] = []
    characters = 0
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"texts must hold strings, got a {type(text).__name__}.")
        batch.append(text)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
