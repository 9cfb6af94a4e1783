"""How are weights read from a safetensors file without loading it?

The file is mapped; a tensor is a view until it is asked for as float32. Only what a checkpoint
needs is here: the three float types, no writing.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.errors import EncoderError
from colmodern.frozen import frozen

# The numpy type that holds the bytes; bfloat16 has none of its own and travels as uint16.
_STORED_AS: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}
_HEADER_LIMIT = 100_000_000


@frozen(eq=False)
class StoredTensor:
    """One tensor of a mapped file.

    Attributes:
        dtype: ``F32``, ``F16`` or ``BF16``.
        values: The mapped values in their own type (bfloat16 as uint16), C-contiguous.
    """

    dtype: str
    values: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return self.values.shape

    def to_float32(self) -> NDArray[np.float32]:
        """Return the values as a new float32 array."""
        return self._convert(self.values)

    def transposed(self, order: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Return a matrix, its rows put in ``order``, as float32, transposed and C-contiguous."""
        values = self.values if order is None else self.values[order]
        return self._convert(values.T)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the listed rows as float32; no other row is read."""
        return self._convert(self.values[ids])

    def _convert(self, values: NDArray[Any]) -> NDArray[np.float32]:
        if self.dtype == "BF16":
            return (values.astype(np.uint32, order="C") << 16).view(np.float32)
        return values.astype(np.float32, order="C")


def open_tensors(path: Path) -> dict[str, StoredTensor]:
    """Return the float tensors of a safetensors file by name; tensors of other types are left out.

    Raises:
        EncoderError: The file is missing, is not a safetensors file, or is cut short.
    """
    try:
        size = path.stat().st_size
        mapped = np.memmap(path, dtype=np.uint8, mode="r") if size else np.empty(0, np.uint8)
    except OSError as err:
        raise EncoderError(
            f"The weights {path} cannot be read: {err.strerror or err}.", code="encoder_unreadable"
        ) from err
    header, start = _read_header(path, mapped)
    data = np.asarray(mapped)[start:]
    header.pop("__metadata__", None)
    for name, entry in header.items():
        if not _is_sound(entry):
            raise EncoderError(
                f"The header of {path} has a broken entry for tensor {name!r}.",
                code="encoder_unreadable",
            )
    _check_apart(path, header)
    return {
        name: _tensor(path, name, entry, data, start)
        for name, entry in header.items()
        if entry["dtype"] in _STORED_AS
    }


def _read_header(path: Path, mapped: NDArray[np.uint8]) -> tuple[dict[str, Any], int]:
    if len(mapped) < 8:
        raise EncoderError(
            f"{path} is no safetensors file: it holds {len(mapped)} bytes, too few for a header. "
            "Copy the checkpoint again.",
            code="encoder_unreadable",
        )
    (length,) = struct.unpack("<Q", mapped[:8].tobytes())
    if length > _HEADER_LIMIT or 8 + length > len(mapped):
        raise EncoderError(
            f"{path} is no safetensors file or is cut short: its first 8 bytes announce a header "
            f"of {length} bytes, the file has {len(mapped)}. Copy the checkpoint again (a file of "
            "a few hundred bytes may be a Git LFS pointer).",
            code="encoder_unreadable",
        )
    try:
        header = json.loads(mapped[8 : 8 + length].tobytes())
    except (ValueError, RecursionError) as err:
        raise EncoderError(
            f"The header of {path} is not JSON: {err}.", code="encoder_unreadable"
        ) from err
    if not isinstance(header, dict):
        raise EncoderError(f"The header of {path} is not a JSON object.", code="encoder_unreadable")
    return header, 8 + int(length)


def _is_sound(entry: object) -> bool:
    """Say whether an entry of the header has its three fields, of the kinds that they have."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        return False
    return all(type(n) is int and 0 <= n < 1 << 62 for n in (*shape, *offsets))


def _check_apart(path: Path, header: dict[str, Any]) -> None:
    """Refuse tensors that share bytes of the file."""
    last, name_of_last = 0, ""
    places = sorted((*entry["data_offsets"], name) for name, entry in header.items())
    for begin, end, name in places:
        if begin < min(last, end):
            raise EncoderError(
                f"{path}: tensors {name_of_last!r} and {name!r} overlap. The file is damaged; copy "
                "the checkpoint again.",
                code="encoder_unreadable",
            )
        if end > last:
            last, name_of_last = end, name


def _tensor(
    path: Path, name: str, entry: dict[str, Any], data: NDArray[np.uint8], start: int
) -> StoredTensor:
    stored = _STORED_AS[entry["dtype"]]
    shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
    if end - begin != math.prod(shape) * stored.itemsize:
        raise EncoderError(
            f"{path}: tensor {name!r} of shape {list(shape)} and type {entry['dtype']} cannot take "
            f"{end - begin} bytes. The file is damaged; copy the checkpoint again.",
            code="encoder_unreadable",
        )
    if end > len(data):
        raise EncoderError(
            f"{path} is cut short: tensor {name!r} ends at byte {end} of the data, the file holds "
            f"{len(data)}. Copy the checkpoint again.",
            code="encoder_unreadable",
        )
    if (start + begin) % stored.itemsize:
        raise EncoderError(
            f"{path}: tensor {name!r} starts at byte {start + begin}, which is no multiple of "
            f"{stored.itemsize}. Save the checkpoint again with a current safetensors.",
            code="encoder_unreadable",
        )
    return StoredTensor(entry["dtype"], data[begin:end].view(stored).reshape(shape))
