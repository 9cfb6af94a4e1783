"""How can tests, examples and documentation run without a model?

With vectors made from words alone: the same word has the same vector everywhere, other words
have nearly orthogonal ones, so MaxSim counts shared words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from colmodern.errors import EncoderError
from colmodern.types import FloatVector, TokenEmbeddings

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"hash(?::(\d{1,18}):(\d{1,18}))?")


class HashEncoder:
    """A deterministic encoder without a model; one token a word, lower-cased.

    Satisfies ``DocumentEncoder``. Vectors are the same on every machine and version.
    """

    def __init__(self, dim: int = 64, seed: int = 0) -> None:
        """Make an encoder with vectors of ``dim`` numbers; another seed gives other vectors.

        Raises:
            ValueError: ``dim`` is less than 1 or ``seed`` is negative.
        """
        if dim < 1 or seed < 0:
            raise ValueError(f"dim must be at least 1 and seed at least 0, got {dim} and {seed}.")
        self._dim = dim
        self._seed = seed

    @classmethod
    def from_name(cls, name: str) -> HashEncoder | None:
        """Return the encoder of that name (``hash`` or ``hash:DIM:SEED``), or None if it is none.

        Raises:
            EncoderError: The name asks for vectors of no numbers.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        if match[1] is None:
            return cls()
        if int(match[1]) < 1:
            raise EncoderError(
                f"{name!r} asks for vectors of no numbers.", code="encoder_unsupported"
            )
        return cls(int(match[1]), int(match[2]))

    @property
    def name(self) -> str:
        """What ``load_encoder`` takes to make this encoder again."""
        return f"hash:{self._dim}:{self._seed}"

    @property
    def dim(self) -> int:
        """The length of a token vector."""
        return self._dim

    @property
    def fingerprint(self) -> str:
        """A hex digest of what decides the vectors."""
        return hashlib.sha256(f"colmodern {self.name} 1".encode()).hexdigest()

    def encode_documents(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return a vector and a span for each word of each text."""
        return [self._encode(text) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> list[TokenEmbeddings]:
        """Return the same as ``encode_documents``."""
        return self.encode_documents(texts)

    def __repr__(self) -> str:
        """Say what this is, in one line."""
        return f"<HashEncoder dim {self._dim}, seed {self._seed}>"

    def _encode(self, text: str) -> TokenEmbeddings:
        words = list(_WORD.finditer(text))
        vectors = np.empty((len(words), self._dim), np.float32)
        for row, word in enumerate(words):
            vectors[row] = _word_vector(word[0].lower(), self._dim, self._seed)
        spans = np.array([word.span() for word in words], dtype=np.int32).reshape(-1, 2)
        return TokenEmbeddings(vectors, spans)


@lru_cache(maxsize=65_536)
def _word_vector(word: str, dim: int, seed: int) -> FloatVector:
    """Return a unit vector drawn from the hash of the word; read-only, as it is shared."""
    digest = hashlib.shake_256(f"{seed} {word}".encode("utf-8", "surrogatepass"))
    numbers = np.frombuffer(digest.digest(4 * dim), dtype="<i4").astype(np.float64) + 0.5
    vector = (numbers / np.sqrt(numbers @ numbers)).astype(np.float32)
    vector.flags.writeable = False
    return vector
