"""How are queries that come at the same time encoded together?"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from colmodern.errors import EncoderError
from colmodern.types import EncoderIdentity, QueryEncoder, TokenEmbeddings

if TYPE_CHECKING:
    from colmodern.encoder import PassageMap


class NoEncoder:
    """Stands for the encoder of an index whose vectors came ready: nobody knows what made them."""

    def __init__(self, identity: EncoderIdentity) -> None:
        """Have the name, dimension and fingerprint that the index keeps."""
        self.name = identity.name
        self.dim = identity.dim
        self.fingerprint = identity.fingerprint

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Refuse texts.

        Raises:
            EncoderError: Always.
        """
        raise EncoderError(
            f"The vectors of this index came ready, without an encoder, so {len(texts)} texts "
            "cannot be searched: send vectors, or ask in mode bm25.",
            code="encoder_unsupported",
            value=self.name,
        )


class SharedEncoder:
    """Encodes for many threads; queries that wait for one another are encoded in one batch.

    Nobody waits for a batch to fill: whoever finds the encoder free takes all that wait.
    """

    def __init__(self, encoder: QueryEncoder, *, max_batch: int = 32) -> None:
        """Encode with ``encoder``, at most ``max_batch`` queries at a time."""
        self.encoder = encoder
        self.name = encoder.name
        self.dim = encoder.dim
        self.fingerprint = encoder.fingerprint
        self.n_tokens = 0
        self._max_batch = max_batch
        self._waiting: list[tuple[str, Future[TokenEmbeddings]]] = []
        self._changes = threading.Lock()
        self._turn = threading.Lock()

    @property
    def scoring(self) -> str:
        """How the matches of its vectors make a score."""
        return getattr(self.encoder, "scoring", "maxsim")

    @property
    def passage_map(self) -> PassageMap | None:
        """What queries become before passages are chosen; None: they stay as they are."""
        found: PassageMap | None = getattr(self.encoder, "passage_map", None)
        return found

    def unread_scripts(self, text: str) -> Sequence[str]:
        """Return the scripts of a text that the model cannot read, as the encoder does."""
        look = getattr(self.encoder, "unread_scripts", None)
        return () if look is None else look(text)

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the token vectors of each query."""
        places: list[Future[TokenEmbeddings]] = [Future() for _ in texts]
        with self._changes:
            self._waiting += zip(texts, places, strict=True)
        while not all(place.done() for place in places):
            with self._turn:
                if not all(place.done() for place in places):
                    self._encode_batch()
        return [place.result() for place in places]

    def _encode_batch(self) -> None:
        with self._changes:
            batch = self._waiting[: self._max_batch]
            del self._waiting[: self._max_batch]
        try:
            self._encode([text for text, _ in batch], [place for _, place in batch])
        except Exception:  # noqa: BLE001  one query may be at fault: each has its own answer
            for text, place in batch:
                try:
                    self._encode([text], [place])
                except Exception as error:  # noqa: BLE001  its caller raises it again
                    place.set_exception(error)

    def _encode(self, texts: Sequence[str], places: Sequence[Future[TokenEmbeddings]]) -> None:
        vectors = self.encoder.encode_queries(texts)
        if len(vectors) != len(places):
            raise EncoderError(
                f"Encoder {self.name} gave {len(vectors)} results for {len(places)} queries.",
                code="encoder_result_invalid",
            )
        self.n_tokens += sum(map(len, vectors))
        for place, tokens in zip(places, vectors, strict=True):
            place.set_result(tokens)
