"""Are the arguments of a kernel what it expects? Asked once, here, in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.types import FloatVector, IntVector

Shape = tuple[int | str, ...]

_MAX_SHARPNESS = 64.0


def check_array(name: str, array: NDArray[Any], dtypes: tuple[type, ...], shape: Shape) -> None:
    """Raise unless an array has the dtype, shape and memory order that a kernel reads.

    Args:
        name: What the message calls the array.
        array: The argument.
        dtypes: The dtypes allowed.
        shape: Its lengths; a string stands for any length and names it in the message.

    Raises:
        TypeError: It is no array, or of another dtype.
        ValueError: Its shape differs, or it is not C-contiguous.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"{name} must be an array, {_expected(dtypes, shape)}, got {type(array).__name__}."
        )
    # Types are compared, which is quicker than dtypes: a search asks some fifty times.
    if array.dtype.type not in dtypes or not array.dtype.isnative:
        raise TypeError(f"{name} must be {_expected(dtypes, shape)}, got {array.dtype}.")
    if not _fits(array.shape, shape):
        raise ValueError(f"{name} must be {_expected(dtypes, shape)}, got shape {array.shape}.")
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous; pass np.ascontiguousarray({name}).")


def _fits(have: tuple[int, ...], want: Shape) -> bool:
    if len(have) != len(want):
        return False
    for length, wanted in zip(have, want, strict=True):
        if length != wanted and not isinstance(wanted, str):
            return False
    return True


def _expected(dtypes: tuple[type, ...], shape: Shape) -> str:
    names = " or ".join(np.dtype(dtype).name for dtype in dtypes)
    return f"{names} of shape ({', '.join(map(str, shape))})"


def check_threads(threads: int) -> None:
    """Raise ValueError unless there is at least one thread."""
    if threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}.")


def check_sharpness(sharpness: float) -> None:
    """Raise ValueError unless exponentials of it stay within range."""
    if not 0 <= sharpness <= _MAX_SHARPNESS:
        raise ValueError(f"sharpness must lie within 0 to {_MAX_SHARPNESS:g}, got {sharpness}.")


def check_expected(expected: FloatVector | None, n_query: int) -> None:
    """Raise unless there is a number for each query token, if there are any."""
    if expected is not None:
        check_array("expected", expected, (np.float32,), (n_query,))


def check_offsets(offsets: IntVector, n_tokens: int) -> None:
    """Raise unless offsets begin at 0 and end at the number of tokens.

    What lies between is checked for the documents that are scored, by whoever scores them.
    """
    check_array("offsets", offsets, (np.int64,), ("n_documents + 1",))
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != n_tokens:
        ends = f"{offsets[0]} and {offsets[-1]}" if len(offsets) else "nothing"
        raise ValueError(
            f"offsets must begin with 0 and end with {n_tokens}, the number of tokens, got {ends}."
        )


def check_documents(documents: IntVector, offsets: IntVector, n_tokens: int) -> None:
    """Raise ValueError unless listed documents have tokens that exist (for NumPy kernels)."""
    if len(documents) == 0:
        return
    if documents.min() < 0 or documents.max() >= len(offsets) - 1:
        found = f"{documents.min()} to {documents.max()}"
        raise ValueError(f"documents must lie within 0 to {len(offsets) - 2}, got {found}.")
    starts, ends = offsets[documents], offsets[documents + 1]
    if (starts < 0).any() or (ends < starts).any() or (ends > n_tokens).any():
        raise ValueError(f"offsets of listed documents must rise within 0 to {n_tokens}.")


def check_ids(centroid_ids: NDArray[Any], n_centroids: int) -> None:
    """Raise ValueError unless every id names a centroid (for NumPy kernels)."""
    if len(centroid_ids) and centroid_ids.max() >= n_centroids:
        raise ValueError(f"a centroid id is {centroid_ids.max()}, expected below {n_centroids}.")


def check_postings(
    probed: NDArray[np.uint32], offsets: IntVector, postings: NDArray[Any], n_documents: int
) -> None:
    """Raise ValueError unless the lists of probed centroids hold documents (for NumPy kernels)."""
    for centroid in np.unique(probed):
        begin, end = int(offsets[centroid]), int(offsets[centroid + 1])
        if not 0 <= begin <= end <= len(postings):
            raise ValueError(
                f"postings of centroid {centroid} run from {begin} to {end}, "
                f"expected a range within {len(postings)}."
            )
        listed = postings[begin:end]
        if len(listed) and listed.max() >= n_documents:
            raise ValueError(f"a posting is document {listed.max()}, expected below {n_documents}.")


def check_spans(begins: IntVector, ends: IntVector, n_tokens: IntVector) -> None:
    """Raise ValueError unless spans lie within documents of so many tokens (for NumPy kernels)."""
    wrong = (begins < 0) | (ends < begins) | (ends > n_tokens)
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"offsets of a span are {begins[i]} to {ends[i]}, expected a range within "
            f"{n_tokens[i]} tokens."
        )
