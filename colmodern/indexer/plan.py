"""What size should things have? Pure functions of numbers."""

from __future__ import annotations

CHARS_PER_TOKEN = 4.0  # of English prose in a 30k vocabulary; only a first guess, see estimate
GROWTH_BEFORE_RETRAINING = 16
# What a killed build loses at most, whichever comes first; parts are merged in the end.
PART_TOKENS = 500_000
PART_SECONDS = 60.0


def estimate_tokens(sample_tokens: int, sample_chars: int, all_chars: int) -> int:
    """Return how many tokens all documents will have, judging by a sample."""
    return round(sample_tokens * all_chars / sample_chars) if sample_chars else 0


def outgrown(tokens_at_training: int, tokens_now: int) -> bool:
    """Say whether an index holds so much more than its codec was trained for that it should go.

    Encoding everything again then costs at most a sixteenth more than encoding what is new.
    """
    return tokens_now > GROWTH_BEFORE_RETRAINING * max(1, tokens_at_training)
