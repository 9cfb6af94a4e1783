"""Text to token vectors: tokenizer, ModernBERT, checkpoint layouts, windows.

``Encoder`` runs a checkpoint, ``HashEncoder`` stands in for one where none is needed, and
``load_encoder`` makes either from its name. Nothing here needs torch.
"""

from __future__ import annotations

from pathlib import Path

from colmodern.encoder.encoder import Encoder
from colmodern.encoder.hash_encoder import HashEncoder
from colmodern.encoder.sources import DEFAULT_NAME

__all__ = ["DEFAULT_NAME", "Encoder", "HashEncoder", "load_encoder"]


def load_encoder(
    name_or_path: str | Path = DEFAULT_NAME, *, precision: str = "auto"
) -> Encoder | HashEncoder:
    """Return the encoder that calls itself ``name_or_path``: an index keeps that name.

    ``hash`` and ``hash:DIM:SEED`` are ``HashEncoder``, which has one precision only; all else goes
    to ``Encoder.load``.

    Raises:
        EncoderError: There is no such model, or it cannot be read or run.
    """
    if isinstance(name_or_path, str):
        found = HashEncoder.from_name(name_or_path)
        if found is not None:
            return found
    return Encoder.load(name_or_path, precision=precision)
