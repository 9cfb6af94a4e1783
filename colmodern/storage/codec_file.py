"""How the codec is kept: each of its arrays bit for bit, as one row of lists."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.codec import Codec
from colmodern.errors import ColModernError
from colmodern.storage.layout import codec_name
from colmodern.storage.manifest import CodecRecord
from colmodern.storage.tables import MappedTable, lists, write_table

__all__ = ["read_codec", "write_codec"]


def write_codec(folder: Path, codec: Codec, *, generation: int) -> CodecRecord:
    """Write the codec file for a generation and return its record."""
    table = {name: np.ascontiguousarray(a) for name, a in codec.to_table().items()}
    columns = [_column(array) for array in table.values()]
    fields = [
        pa.field(name, column.type, nullable=False, metadata=_shape_metadata(array))
        for (name, array), column in zip(table.items(), columns, strict=True)
    ]
    return CodecRecord(
        dim=codec.dim,
        bits=codec.bits,
        n_centroids=codec.n_centroids,
        fingerprint=codec.fingerprint,
        file=write_table(folder, codec_name(generation), pa.schema(fields), columns),
    )


def read_codec(folder: Path, record: CodecRecord) -> Codec:
    """Return the codec of an index; its arrays are views of the mapped file.

    Raises:
        IndexCorruptError: The file is damaged, or holds another codec than the manifest says.
    """
    file = MappedTable(folder, record.file, n_rows=1)
    try:
        codec = Codec.from_table(read_codec_arrays(file))
    except (ColModernError, KeyError, TypeError, ValueError) as error:
        raise file.corrupt(f"it holds no codec ({error})") from error
    found = (codec.dim, codec.bits, codec.n_centroids)
    expected = (record.dim, record.bits, record.n_centroids)
    if found != expected:
        raise file.corrupt(f"its dim, bits and n_centroids are {found}, not {expected}")
    return codec


def read_codec_arrays(file: MappedTable) -> Mapping[str, NDArray[Any]]:
    """Return the arrays of a codec file by name, in their shapes."""
    arrays = {}
    for field in file.schema:
        if not pa.types.is_large_list(field.type) or not _is_number(field.type.value_type):
            raise file.corrupt(f"column {field.name} is not a list of numbers")
        _, (values,) = file.ragged(field.name)
        shape = _shape(field.metadata)
        if shape is None or math.prod(shape) != len(values):
            raise file.corrupt(f"column {field.name} has no shape, or another number of values")
        arrays[field.name] = values.reshape(shape)
    return arrays


def _column(array: NDArray[Any]) -> Any:
    offsets = np.array([0, array.size], np.int64)
    return lists(offsets, pa.array(array.reshape(-1)))


def _shape_metadata(array: NDArray[Any]) -> dict[str, str]:
    return {"shape": json.dumps(list(array.shape))}


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _shape(metadata: Mapping[bytes, bytes] | None) -> tuple[int, ...] | None:
    try:
        shape = json.loads((metadata or {})[b"shape"])
    except (KeyError, ValueError, RecursionError):
        return None
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n < 1 << 48 for n in shape):
        return None
    return tuple(shape)
