"""Is the encoder that made an index still the one of its name?"""

from __future__ import annotations

from enum import StrEnum

from colmodern.errors import EncoderError
from colmodern.indexer.agreement import UNNAMED
from colmodern.types import EncoderIdentity


class EncoderState(StrEnum):
    """What has the name of an index's encoder now."""

    SAME = "same"
    OTHER = "other"
    MISSING = "missing"


def encoder_state(
    made_with: EncoderIdentity, encoder: EncoderIdentity | None
) -> EncoderState | None:
    """Compare the encoder of an index with the one in hand.

    Args:
        made_with: What the index remembers.
        encoder: What it is compared with; None: what its name loads, without asking a network.

    Returns:
        None: the vectors came ready, and nobody named what made them.
    """
    if made_with.name.startswith(f"{UNNAMED}:"):
        return None
    if encoder is None:
        from colmodern.encoder import load_encoder

        try:
            encoder = load_encoder(made_with.name)
        except EncoderError:
            return EncoderState.MISSING
    is_same = encoder.fingerprint == made_with.fingerprint
    return EncoderState.SAME if is_same else EncoderState.OTHER
