"""What is a piece of another engine's index? The codes of some documents that follow each other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import InputError


class ArrayLike(NamedTuple):
    """What an array in a file should be.

    Attributes:
        what: The same for people to read.
        n_axes: How many axes it has.
        kinds: The kinds of its dtype, as NumPy names them.
    """

    what: str
    n_axes: int
    kinds: str


CENTROIDS = ArrayLike("rows of fractions", 2, "f")
WEIGHTS = ArrayLike("a row of fractions", 1, "f")
CODES = ArrayLike("a row of whole numbers", 1, "iu")
RESIDUALS = ArrayLike("rows of bytes", 2, "u")


@dataclass(frozen=True, slots=True, eq=False)
class PlaidChunk:
    """Some documents of a PLAID index.

    Attributes:
        place: The files they were read from, for errors.
        lengths: How many tokens each document has.
        centroid_ids: Shape (n_tokens,), whole numbers.
        residuals: Shape (n_tokens, bytes), uint8.
    """

    place: str
    lengths: list[int]
    centroid_ids: NDArray[Any]
    residuals: NDArray[Any]

    def check(self) -> None:
        """Refuse pieces whose files do not fit each other.

        Raises:
            InputError: There are not as many codes as tokens.
        """
        wanted = sum(self.lengths)
        if not len(self.centroid_ids) == len(self.residuals) == wanted:
            raise InputError(
                f"{self.place} has {len(self.centroid_ids)} codes and {len(self.residuals)} "
                f"residuals for {wanted} tokens; it is cut short or mixed with another.",
                code="file_unreadable",
            )


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        InputError: It is missing, or holds something else.
    """
    found = _read_json(path)
    if not isinstance(found, dict):
        raise _unreadable(path, "it holds no JSON object")
    return found


def read_lengths(path: Path) -> list[int]:
    """Return how many tokens each document of a piece has.

    Raises:
        InputError: The file is missing, or holds something else than a list of such numbers.
    """
    found = _read_json(path)
    if not isinstance(found, list) or not all(type(n) is int and n >= 0 for n in found):
        raise _unreadable(path, "it holds no list of numbers of tokens")
    return found


def read_array(path: Path, like: ArrayLike) -> NDArray[Any]:
    """Return a ``.npy`` file, mapped; nothing in it is unpickled.

    Raises:
        InputError: It is missing or damaged, or holds another kind of array than it should.
    """
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, str(error)) from error
    return checked_array(found, path, like)


def checked_array(found: Any, path: Path, like: ArrayLike) -> NDArray[Any]:
    """Return what was read of a file, if it is an array of its kind.

    Raises:
        InputError: It is not.
    """
    if not isinstance(found, np.ndarray):
        raise _unreadable(path, "it holds no array")
    if found.ndim != like.n_axes or found.dtype.kind not in like.kinds:
        why = f"it holds an array of shape {found.shape} and dtype {found.dtype}, not {like.what}"
        raise _unreadable(path, why)
    return found


def whole_number(values: dict[str, Any], name: str, path: Path) -> int:
    """Return a number that a file must name.

    Raises:
        InputError: It does not, or it is none.
    """
    found = values.get(name)
    if type(found) is not int or found < 0:
        raise _unreadable(path, f"its {name!r} is {found!r:.40}, no whole number")
    return found


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(f"{path} cannot be used: {why}.", code="file_unreadable", path=path)
