"""What size should things have? Pure functions of numbers."""

from __future__ import annotations

import numpy as np

from colmodern.types import IntVector

CHARS_PER_TOKEN = 4.0  # of English prose in a 30k vocabulary; only a first guess, see estimate
GROWTH_BEFORE_RETRAINING = 16


def plan_sample(chars: IntVector, sample_tokens: int, *, seed: int) -> IntVector:
    """Return numbers of documents, ascending, drawn at random until they hold enough tokens.

    Args:
        chars: Characters of each document.
        sample_tokens: About how many tokens are wanted.
        seed: Decides the draw.
    """
    order = np.random.default_rng(seed).permutation(len(chars))
    tokens = np.cumsum(chars[order]) / CHARS_PER_TOKEN
    n_documents = int(np.searchsorted(tokens, sample_tokens)) + 1
    return np.sort(order[:n_documents]).astype(np.int64)


def estimate_tokens(sample_tokens: int, sample_chars: int, all_chars: int) -> int:
    """Return how many tokens all documents will have, judging by a sample."""
    return round(sample_tokens * all_chars / sample_chars) if sample_chars else 0


def outgrown(tokens_at_training: int, tokens_now: int) -> bool:
    """Say whether an index holds so much more than its codec was trained for that it should go.

    Encoding everything again then costs at most a sixteenth more than encoding what is new.
    """
    return tokens_now > GROWTH_BEFORE_RETRAINING * max(1, tokens_at_training)
