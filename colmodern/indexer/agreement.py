"""Do an encoder, a codec and an index belong together?"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from colmodern.codec import Codec
from colmodern.codec.vectors import check_dim
from colmodern.errors import ConfigError, EncoderError, EncoderMismatchError, InputError
from colmodern.request import IndexConfig
from colmodern.storage import EncoderInfo, Manifest
from colmodern.types import DocumentEncoder, EncoderIdentity

__all__ = [
    "check_codec",
    "check_encoder",
    "check_same_codec",
    "checked_encoder",
    "config_of_codec",
    "config_with",
    "identity",
]

UNNAMED = "vectors"


def checked_encoder(encoder: EncoderIdentity | None, *, whose: str) -> DocumentEncoder:
    """Return an encoder, if it is one that encodes texts.

    Raises:
        EncoderError: It is not, or its vectors cannot be coded.
    """
    if not isinstance(encoder, DocumentEncoder):
        raise EncoderError(
            f"{whose} has no encoder of texts; give it one, or give it ready vectors: "
            "build_from_embeddings, update_from_embeddings."
        )
    try:
        check_dim(encoder.dim)
    except ValueError as err:
        raise EncoderError(f"{encoder.name} cannot be used: {err}") from err
    return encoder


def identity(encoder: EncoderIdentity | None, dim: int | None) -> EncoderInfo:
    """Return what an index is to remember of the encoder of ready vectors.

    Args:
        encoder: The encoder; None: nobody named it.
        dim: The length of the vectors; None: there are none.

    Raises:
        InputError: Neither says how long vectors are.
    """
    if encoder is not None:
        return EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim)
    if dim is None:
        raise InputError(
            "There are no token vectors, so their dimension is not known; give the Indexer an "
            "encoder, or an EncoderInfo."
        )
    name = f"{UNNAMED}:{dim}"
    return EncoderInfo(name, hashlib.sha256(f"colmodern {name}".encode()).hexdigest(), dim)


def check_encoder(manifest: Manifest, encoder: EncoderIdentity | None) -> None:
    """Refuse an encoder that did not make the index.

    Raises:
        EncoderMismatchError: It is another one.
    """
    index = manifest.encoder
    own = identity(encoder, index.dim)
    if index.fingerprint != own.fingerprint:
        raise EncoderMismatchError(
            index_encoder=f"{index.name} ({index.fingerprint[:12]})",
            given_encoder=f"{own.name} ({own.fingerprint[:12]})",
        )


def check_same_codec(manifest: Manifest, codec: Codec | None, *, path: Path) -> None:
    """Refuse a codec that is not the one of the index.

    Raises:
        ConfigError: It is another one.
    """
    if codec is not None and manifest.codec.fingerprint != codec.fingerprint:
        raise ConfigError(
            f"{path} was made with another codec than the one of this Indexer. Leave the codec out "
            "to add to the index, or build it anew with this one.",
            option="codec",
            value=codec,
        )


def config_of_codec(codec: Codec, config: IndexConfig) -> IndexConfig:
    """Return a config that says of the codec what is true."""
    n_centroids = None if config.n_centroids is None else codec.n_centroids
    return replace(config, bits=codec.bits, n_centroids=n_centroids)


def config_with(codec: Codec | None, config: IndexConfig | None) -> IndexConfig:
    """Return how an index is built with a codec; what ``config`` leaves open the codec decides.

    Raises:
        ConfigError: The codec does not have the bits or the centroids of ``config``.
    """
    if codec is None:
        return config or IndexConfig()
    found: object = codec
    if not isinstance(found, Codec):
        raise ConfigError(
            f"codec must be a Codec, such as that of an IndexReader, not {found!r:.60}.",
            code="option_wrong_kind",
            option="codec",
            value=found,
        )
    if config is None:
        return config_of_codec(codec, IndexConfig())
    for name in ("bits", "n_centroids"):
        asked, found = getattr(config, name), getattr(codec, name)
        if asked is not None and asked != found:
            raise ConfigError(
                f"The codec has {name} {found}, the config asks for {asked}. Set {name} to "
                f"{found}, or leave one of the two out.",
                option=name,
                value=asked,
            )
    return config


def check_codec(codec: Codec | None, *, dim: int, whose: str) -> None:
    """Refuse a codec for vectors of another length.

    Raises:
        ConfigError: It is one.
    """
    if codec is not None and codec.dim != dim:
        raise ConfigError(
            f"The codec is for vectors of {codec.dim} dimensions; those of {whose} have {dim}. "
            "Use a codec that was trained on vectors of this kind, or none: one is trained then.",
            option="codec",
            value=codec,
        )
