"""Which tokens of a text does this checkpoint encode, how many at most, and which get a vector?

The rules of a checkpoint applied with its tokenizer: prompts, lengths, query expansion and skip
list turn texts into encoding plans.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from colmodern.encoder.checkpoint.specs import Checkpoint
from colmodern.encoder.tokens.sequences import EncodingPlan, plan_document, plan_query
from colmodern.encoder.tokens.tokenizer import TextTokenizer, TokenisedText
from colmodern.errors import EncoderError
from colmodern.types import IntVector

logger = logging.getLogger(__name__)


class TextRules:
    """How a checkpoint wants its texts.

    Attributes:
        query_length: The most tokens of a query, special ones included.
        document_length: The same for a window of a document.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, max_positions: int, n_ids: int | None = None
    ) -> None:
        """Read the tokenizer and resolve words to token ids.

        Args:
            checkpoint: What the checkpoint says.
            max_positions: The longest input its backbone was made for.
            n_ids: How many token ids its backbone knows, if that is said.

        Raises:
            EncoderError: The tokenizer cannot be read or has other ids, the expansion token is not
                in it, or a length leaves no room for text or exceeds what the backbone was made
                for.
        """
        self._checkpoint = checkpoint
        self.tokenizer = TextTokenizer(checkpoint)
        self._n_ids = n_ids
        own_limit = min(self.tokenizer.max_length or max_positions, max_positions)
        limit = checkpoint.max_length or own_limit
        self.document_length = checkpoint.document_length or limit
        self.query_length = _query_length(checkpoint, limit)
        self._skipped = self._skipped_ids()
        self._filler = self._filler_id()
        self._check_lengths(max_positions)

    def plan_documents(self, texts: Sequence[str]) -> list[EncodingPlan]:
        """Return what goes through the model for each document."""
        tokenised = self._tokenised(texts, self._checkpoint.document_prompt)
        skipped = self._skipped["document"]
        return [
            plan_document(text, limit=self.document_length, skipped=skipped) for text in tokenised
        ]

    def plan_queries(self, texts: Sequence[str]) -> list[EncodingPlan]:
        """Return what goes through the model for each query; those too long are cut and logged."""
        tokenised = self._tokenised(texts, self._checkpoint.query_prompt)
        cut = [i for i, text in enumerate(tokenised) if len(text.ids) > self.query_length]
        if cut:
            logger.warning(
                "%d of %d queries are longer than the %d tokens this model takes and were cut; "
                "the first has %d: %.60r",
                len(cut),
                len(texts),
                self.query_length,
                len(tokenised[cut[0]].ids),
                texts[cut[0]],
            )
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

    def settings(self) -> dict[str, Any]:
        """Return what decides the plans beside the tokenizer, as plain values."""
        checkpoint = self._checkpoint
        return {
            "query_length": self.query_length,
            "document_length": self.document_length,
            "prompts": [checkpoint.query_prompt, checkpoint.document_prompt],
            "markers": checkpoint.markers,
            "expansion": None if checkpoint.expansion is None else asdict(checkpoint.expansion),
            "filler": self._filler,
            "skipped": {task: ids.tolist() for task, ids in self._skipped.items()},
            "lower_case": checkpoint.lower_case,
        }

    def _skipped_ids(self) -> dict[str, IntVector]:
        found = {word: self.tokenizer.token_id(word) for word in self._checkpoint.skip_words}
        missing = [word for word, token in found.items() if token is None]
        if missing:
            logger.debug("words of the skip list that are no tokens: %s", missing)
        ids = np.array([token for token in found.values() if token is not None], dtype=np.int64)
        tasks = self._checkpoint.skip_tasks
        return {task: ids if task in tasks else ids[:0] for task in ("query", "document")}

    def _filler_id(self) -> int:
        """Return the id that queries are filled up with; 0, never used, where none are."""
        expansion = self._checkpoint.expansion
        if expansion is None:
            return 0
        if expansion.token is None:
            found = self.tokenizer.filler_id
        else:
            found = self.tokenizer.token_id(expansion.token)
        if found is None:
            raise EncoderError(
                f"{self._checkpoint.folder}: queries are to be filled up with "
                f"{expansion.token or 'the mask token'!r}, but the tokenizer has no such token.",
                code="encoder_unsupported",
            )
        self._check_id(found)
        return found

    def _tokenised(self, texts: Sequence[str], prompt: str) -> list[TokenisedText]:
        tokenised = self.tokenizer.encode(texts, prompt=prompt)
        for text in tokenised:
            self._check_id(int(text.ids.max(initial=0)))
        return tokenised

    def _check_id(self, token: int) -> None:
        if self._n_ids is not None and token >= self._n_ids:
            raise EncoderError(
                f"{self._checkpoint.folder}: the tokenizer gives token {token}, the model knows "
                f"{self._n_ids}. tokenizer.json is of another model; copy the checkpoint again.",
                code="encoder_unsupported",
            )

    def _check_lengths(self, max_positions: int) -> None:
        folder = self._checkpoint.folder
        for task, limit, prompt in (
            ("query", self.query_length, self._checkpoint.query_prompt),
            ("document", self.document_length, self._checkpoint.document_prompt),
        ):
            overhead = len(self._tokenised([""], prompt)[0].ids)
            if limit <= overhead:
                raise EncoderError(
                    f"{folder}: a {task} may have {limit} tokens, but special tokens and the "
                    f"prompt alone take {overhead}. Set a larger {task}_length.",
                    code="encoder_unsupported",
                )
            if limit > max_positions:
                raise EncoderError(
                    f"{folder}: a {task} of {limit} tokens is longer than the {max_positions} the "
                    f"backbone was made for. Set a smaller {task}_length.",
                    code="encoder_unsupported",
                )


def _query_length(checkpoint: Checkpoint, limit: int) -> int:
    length = checkpoint.query_length or limit
    expansion = checkpoint.expansion
    if expansion is None:
        return length
    return expansion.length if expansion.strategy == "fixed" else max(length, expansion.length)
