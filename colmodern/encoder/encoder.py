"""How does a text become token vectors?

``Encoder`` joins the rest of this room: texts are cut into tokens and windows by the checkpoint's
rules, packed, sent through the model, and projected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

from colmodern.encoder.checkpoint.fingerprint import fingerprint
from colmodern.encoder.checkpoint.layouts import read_checkpoint
from colmodern.encoder.checkpoint.model_config import read_config
from colmodern.encoder.checkpoint.shards import open_weights
from colmodern.encoder.checkpoint.sources import (
    DEFAULT_NAME,
    find_model,
    join_name,
    split_name,
)
from colmodern.encoder.checkpoint.specs import WEIGHTS_FILE, Checkpoint, read_json
from colmodern.encoder.forward.native import AUTO
from colmodern.encoder.forward.runner import PACK_TOKENS, OpenRunner
from colmodern.encoder.forward.workers import Workers
from colmodern.encoder.opening import OwnRunners, projection_settings
from colmodern.encoder.packs import encode_sequences
from colmodern.encoder.passage_map import PassageMap
from colmodern.encoder.query_weights import QueryWeights
from colmodern.encoder.tokens.rules import TextRules
from colmodern.encoder.tokens.sequences import EncodingPlan, TokenSequence, join_vectors
from colmodern.request import Scoring
from colmodern.types import FloatMatrix, TokenEmbeddings

_BATCH_CHARACTERS = 64 * PACK_TOKENS  # texts tokenised together, to find sequences of one length


class Encoder:
    """A late-interaction model on a ModernBERT backbone, run in compiled code without torch.

    Satisfies ``DocumentEncoder``. Safe to use from several threads. The same texts give the same
    vectors on any number of threads.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        name: str,
        n_threads: int | None = None,
        precision: str = AUTO,
        open_runner: OpenRunner | None = None,
    ) -> None:
        """Read the weights and the tokenizer of a checkpoint; ``Encoder.load`` is the usual way.

        Raises:
            EncoderError: A file is missing, damaged or does not fit the others.
        """
        self._checkpoint = checkpoint
        self._name = name
        path = checkpoint.folder / "config.json"
        config = read_config(read_json(path), where=str(path))
        self._tensors = open_weights(checkpoint.folder / WEIGHTS_FILE)
        self._config = config
        self._workers = Workers(n_threads)
        self._rules = TextRules(
            checkpoint,
            max_positions=config.max_positions,
            n_ids=getattr(config, "vocab_size", None),
        )
        if open_runner is not None:
            self._runner = open_runner(checkpoint)
        else:
            own = OwnRunners(checkpoint, config, self._tensors, self._rules, self._workers)
            self._runner = own.open(precision)
        self._query_weights = QueryWeights.read(checkpoint.folder, dim=self._runner.dim)

    @classmethod
    def load(
        cls,
        name_or_path: str | Path = DEFAULT_NAME,
        *,
        document_length: int | None = None,
        n_threads: int | None = None,
        precision: str = AUTO,
        open_runner: OpenRunner | None = None,
        fetch: bool = True,
    ) -> Encoder:
        """Return the encoder of a checkpoint.

        Args:
            name_or_path: ``default``, a folder in one of the layouts of docs/how-to/encoder.md, or
                a name on the Hugging Face Hub, fetched once if it is not in the local cache.
            document_length: Tokens of a window, in place of what the checkpoint says (many say
                300 though the backbone takes 8,192). It becomes part of the encoder's name.
            n_threads: How many threads encode; None is one for each usable core.
            precision: ``fp32``, ``bf16`` or ``int8`` products, or ``auto`` for the fastest that
                keeps the quality. It does not change the fingerprint: vectors of one precision
                can be searched with those of another.
            open_runner: Opens what runs the checkpoint instead of our own code, which then has
                a precision of its own; see ``torch_encoder``.
            fetch: Whether the Hub may be asked for a model that is not in the local cache.

        Raises:
            ConfigError: There is no such precision.
            EncoderError: There is no such model, or it cannot be read or run.
            ValueError: ``document_length`` or ``n_threads`` is less than 1.
        """
        if document_length is not None and document_length < 1:
            raise ValueError(f"document_length must be at least 1, got {document_length}.")
        if isinstance(name_or_path, str):
            name_or_path, kept_length = split_name(name_or_path)
            document_length = document_length or kept_length
        name, folder = find_model(name_or_path, fetch=fetch)
        checkpoint = read_checkpoint(folder)
        if document_length is not None:
            checkpoint = replace(checkpoint, document_length=document_length)
        return cls(
            checkpoint,
            name=join_name(name, document_length),
            n_threads=n_threads,
            precision=precision,
            open_runner=open_runner,
        )

    @property
    def name(self) -> str:
        """What ``Encoder.load`` takes to load this encoder again: the name or the absolute path."""
        return self._name

    @property
    def dim(self) -> int:
        """The length of a token vector."""
        return self._runner.dim

    @property
    def scoring(self) -> Scoring:
        """How the matches of its query tokens make a score, if nobody says otherwise."""
        return self._checkpoint.scoring

    def unread_scripts(self, text: str) -> tuple[str, ...]:
        """Return the scripts of a text if the model can read less than half of its letters.

        Its vocabulary decides: letters of unknown tokens, and of scripts of which it has next to no
        piece, cannot be read. Empty: the text can be read.
        """
        return self._rules.tokenizer.unread_scripts(text)

    @cached_property
    def passage_map(self) -> PassageMap | None:
        """What queries become before passages are chosen; None: they stay as they are.

        Raises:
            EncoderError: The checkpoint has one that cannot be read or does not fit.
        """
        return PassageMap.read(self._checkpoint.folder, dim=self.dim)

    @property
    def document_length(self) -> int:
        """Tokens of a window; longer documents are cut into several."""
        return self._rules.document_length

    @property
    def query_length(self) -> int:
        """The most tokens of a query; longer ones are cut, with a warning in the log."""
        return self._rules.query_length

    @cached_property
    def fingerprint(self) -> str:
        """A hex digest of all that decides the vectors; see the module ``fingerprint``."""
        steps, tensors = projection_settings(self._checkpoint)
        settings = {
            "config": asdict(self._config),
            "projection": steps,
            **self._rules.settings(),
        }
        if self._query_weights is not None:
            settings["query_weights"] = self._query_weights.digest
        tokenizer = self._checkpoint.folder / "tokenizer.json"
        return fingerprint(settings, tokenizer, {"backbone": self._tensors, **tensors})

    def encode_documents(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each document, whatever its length.

        Memory is bounded by a pack of tokens beside the texts and the results; time is linear in
        the number of windows.

        Raises:
            TypeError: ``texts`` is one string, or holds something that is no string.
        """
        return self._encode(texts, self._rules.plan_documents)

    def prepare_documents(self, texts: Sequence[str]) -> list[EncodingPlan]:
        """Return the tokens of each document, for ``encode_prepared``; no vector is computed.

        Raises:
            TypeError: As in ``encode_documents``.
        """
        return [plan for batch in _batches(texts) for plan in self._rules.plan_documents(batch)]

    def encode_prepared(self, prepared: Sequence[EncodingPlan]) -> list[TokenEmbeddings]:
        """Return the token vectors of documents that ``prepare_documents`` has tokenised."""
        vectors = iter(self._vectors([s for p in prepared for s in p.sequences]))
        return [
            TokenEmbeddings(join_vectors([next(vectors) for _ in p.sequences], self.dim), p.spans)
            for p in prepared
        ]

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each query; an empty query has none.

        Rows are of unit length, or as long as each token counts if the checkpoint was adapted to a
        corpus (``query_weights.py``).

        A query longer than ``query_length`` is cut, as the model's authors do, and the log says
        so.

        Raises:
            TypeError: ``texts`` is one string, or holds something that is no string.
        """
        encoded = self._encode(texts, self._rules.plan_queries)
        weights = self._query_weights
        if weights is None:
            return encoded
        return [TokenEmbeddings(weights.of(one.vectors), one.spans) for one in encoded]

    def __repr__(self) -> str:
        """Say which model this is, in one line."""
        config = self._config
        return (
            f"<Encoder {self._name}: {config.kind}, {config.n_layers} layers, hidden "
            f"{config.hidden_size}, dim {self.dim}, queries {self.query_length}, "
            f"windows {self.document_length}, {self.precision} on {self._runner.isa}>"
        )

    @property
    def precision(self) -> str:
        """The precision of its products: ``fp32``, ``bf16`` or ``int8``."""
        return self._runner.precision

    def _encode(
        self, texts: Sequence[str], plan: Callable[[Sequence[str]], list[EncodingPlan]]
    ) -> list[TokenEmbeddings]:
        results: list[TokenEmbeddings] = []
        for batch in _batches(texts):
            results += self.encode_prepared(plan(batch))
        return results

    def _vectors(self, sequences: Sequence[TokenSequence]) -> list[FloatMatrix]:
        return encode_sequences(self._runner, sequences, threads=self._workers.n_threads)


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
