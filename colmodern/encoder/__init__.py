"""Text to token vectors: tokenizer, ModernBERT, checkpoint layouts, windows.

``Encoder`` runs a checkpoint, ``HashEncoder`` stands in for one where none is needed, and
``load_encoder`` makes either from its name. Nothing here needs torch.

``checkpoint/`` reads folders of weights and settings, ``tokens/`` makes token ids of texts, and
``forward/`` makes vectors of token ids. ``default/`` is the checkpoint inside the package.
"""

from __future__ import annotations

from pathlib import Path

from colmodern.encoder.checkpoint.languages import languages_in
from colmodern.encoder.checkpoint.layouts import scoring_in
from colmodern.encoder.checkpoint.sources import DEFAULT_NAME, find_local_model, split_name
from colmodern.encoder.encoder import Encoder
from colmodern.encoder.hash_encoder import HashEncoder
from colmodern.encoder.passage_map import PassageMap
from colmodern.errors import EncoderError
from colmodern.request import Scoring

__all__ = [
    "DEFAULT_NAME",
    "Encoder",
    "HashEncoder",
    "PassageMap",
    "languages_of",
    "load_encoder",
    "passage_map_of",
    "scoring_of",
]


def load_encoder(
    name_or_path: str | Path = DEFAULT_NAME, *, precision: str = "auto", fetch: bool = False
) -> Encoder | HashEncoder:
    """Return the encoder that calls itself ``name_or_path``: an index keeps that name.

    A name that stands in a file is not asked for on the network, unless ``fetch`` says so. ``hash``
    and ``hash:DIM:SEED`` are ``HashEncoder``, which has one precision only; all else goes
    to ``Encoder.load``.

    Raises:
        EncoderError: There is no such model, or it cannot be read or run.
    """
    if isinstance(name_or_path, str):
        found = HashEncoder.from_name(name_or_path)
        if found is not None:
            return found
    return Encoder.load(name_or_path, precision=precision, fetch=fetch)


def scoring_of(name: str) -> Scoring:
    """Return how the matches of an encoder's query tokens make a score, without loading it.

    MaxSim where its name says nothing: it is no checkpoint, or none that lies on this machine.
    """
    try:
        folder = find_local_model(split_name(name)[0])
        return Scoring.MAXSIM if folder is None else scoring_in(folder)
    except EncoderError:
        return Scoring.MAXSIM


def languages_of(name: str) -> tuple[str, ...]:
    """Return the languages that an encoder's model card names, without loading it.

    None where it is no checkpoint, none that lies on this machine, or does not say.
    """
    try:
        folder = find_local_model(split_name(name)[0])
    except EncoderError:
        return ()
    return () if folder is None else languages_in(folder)


def passage_map_of(name: str) -> PassageMap | None:
    """Return what an encoder's queries become before passages are chosen, without loading it.

    None where its checkpoint has no such map, or is not on this machine.

    Raises:
        EncoderError: It has one that cannot be read.
    """
    try:
        folder = find_local_model(split_name(name)[0])
    except EncoderError:
        return None
    return None if folder is None else PassageMap.read(folder)
