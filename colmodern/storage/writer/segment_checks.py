"""May a document, with its codes and spans, be written to a segment?"""

from __future__ import annotations

import json
from typing import Protocol

import numpy as np

from colmodern.codec import Codes
from colmodern.errors import InputError
from colmodern.kernels import Contexts, block_offsets
from colmodern.storage.format.documents import StoredDocument
from colmodern.types import IntVector, Spans

__all__ = [
    "CodecLayout",
    "check_codes",
    "check_offsets",
    "check_spans",
    "check_texts",
    "checked_contexts",
    "metadata_json",
]


class CodecLayout(Protocol):
    """What of a codec decides the columns of a segment; a ``Codec`` and its record have it."""

    @property
    def dim(self) -> int:
        """The length of a token vector."""

    @property
    def n_centroids(self) -> int:
        """How many centroids there are."""

    @property
    def residual_bytes(self) -> int:
        """How many bytes the residual of one token takes."""


def check_codes(codes: Codes, codec: CodecLayout) -> None:
    """Refuse codes of another codec.

    Raises:
        ValueError: A column has another shape or dtype, or a centroid does not exist.
    """
    expected = (len(codes), codec.residual_bytes)
    if codes.residuals.shape != expected or codes.residuals.dtype != np.uint8:
        found = (codes.residuals.shape, codes.residuals.dtype)
        raise ValueError(f"residuals must be {expected} uint8, not {found[0]} {found[1]}")
    for name, column in (("gains", codes.gains), ("norms", codes.norms)):
        if column.shape != (len(codes),) or column.dtype != np.float16:
            expected_column = f"{(len(codes),)} float16"
            raise ValueError(f"{name} must be {expected_column}, not {column.shape} {column.dtype}")
    k = codec.n_centroids
    if len(codes) and not 0 <= int(codes.centroid_ids.max()) < k:
        raise ValueError(f"centroid ids must be below {k}, not {codes.centroid_ids.max()}")


def check_offsets(offsets: IntVector, n_documents: int, n_tokens: int) -> None:
    """Refuse places of documents among tokens that are none.

    Raises:
        ValueError: They do not go from 0 to the last token without falling, or are of another
            number of documents.
    """
    is_right = offsets.shape == (n_documents + 1,) and offsets.dtype == np.int64
    if not is_right or offsets[0] != 0 or offsets[-1] != n_tokens or np.any(np.diff(offsets) < 0):
        raise ValueError(
            f"offsets must rise from 0 to {n_tokens}, {n_documents + 1} int64, not "
            f"{offsets.shape} {offsets.dtype}"
        )


def checked_contexts(
    contexts: Contexts | None, token_offsets: IntVector, codec: CodecLayout
) -> Contexts:
    """Return the contexts of documents; None stands for zeros.

    Args:
        contexts: The contexts.
        token_offsets: Shape (n_documents + 1,), int64: where the tokens of each document begin.
        codec: The codec of the index.

    Raises:
        ValueError: A column has another shape or dtype.
    """
    offsets = block_offsets(token_offsets)
    shape = (int(offsets[-1]), codec.dim // 2)
    if contexts is None:
        return Contexts(np.zeros(shape, np.uint8), np.zeros(shape[0], np.float16), offsets)
    for name, column, wanted, dtype in (
        ("residuals", contexts.residuals, shape, np.uint8),
        ("gains", contexts.gains, shape[:1], np.float16),
    ):
        if column.shape != wanted or column.dtype != dtype:
            raise ValueError(
                f"{name} of contexts must be {wanted} {np.dtype(dtype)}, "
                f"not {column.shape} {column.dtype}"
            )
    return contexts


def check_spans(spans: Spans, n_tokens: int) -> None:
    """Refuse spans that are none.

    Raises:
        ValueError: Shape or dtype is another one, or a span ends before it starts.
    """
    if spans.shape != (n_tokens, 2) or spans.dtype != np.int32:
        raise ValueError(f"spans must be {(n_tokens, 2)} int32, not {spans.shape} {spans.dtype}")
    if n_tokens and (spans[:, 0].min() < 0 or np.any(spans[:, 1] < spans[:, 0])):
        raise ValueError("spans must start at 0 or later and end at or after their start")


def check_texts(document: StoredDocument) -> None:
    """Refuse a document without an id, and texts that cannot be written as UTF-8.

    Raises:
        InputError: It is one; the message names the document.
    """
    if not document.id:
        raise InputError("A document has an empty id. Give every document an id of its own.")
    for name in ("id", "title", "text", "source", "content_hash"):
        value = getattr(document, name) or ""
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"The {name} of document {document.id!r} is not valid Unicode: {error.reason} at "
                f"character {error.start}. Decode it with errors='replace'."
            ) from error


def metadata_json(document: StoredDocument) -> str:
    """Return the metadata of a document as JSON.

    Raises:
        InputError: They are not flat.
    """
    for key, value in document.metadata.items():
        if type(key) is not str or not isinstance(value, str | int | float | None):
            raise InputError(
                f"Document {document.id!r} has metadata {key!r} of type {type(value).__name__}; "
                "keys are strings, values strings, numbers, true, false or null."
            )
    try:
        return json.dumps(dict(document.metadata), allow_nan=False)
    except ValueError as error:
        raise InputError(f"The metadata of document {document.id!r}: {error}.") from error
