"""How is a codec kept? Each of its arrays bit for bit, as one row of lists."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from colmodern.codec import Codec
from colmodern.errors import ColModernError
from colmodern.storage.format.manifest import CodecRecord
from colmodern.storage.format.tables import Table, lists

__all__ = ["codec_columns", "codec_of"]


def codec_columns(codec: Codec) -> tuple[Any, list[Any]]:
    """Return the schema and the columns of the codec file."""
    table = {name: np.ascontiguousarray(a) for name, a in codec.to_table().items()}
    columns = [_column(array) for array in table.values()]
    fields = [
        pa.field(name, column.type, nullable=False, metadata=_shape_metadata(array))
        for (name, array), column in zip(table.items(), columns, strict=True)
    ]
    return pa.schema(fields), columns


def codec_of(table: Table, record: CodecRecord) -> Codec:
    """Return the codec that a codec file holds; its arrays are views of the file.

    Raises:
        IndexCorruptError: The file is damaged, or holds another codec than the manifest says.
    """
    try:
        codec = Codec.from_table(_arrays(table))
    except (ColModernError, KeyError, TypeError, ValueError) as error:
        raise table.corrupt(f"it holds no codec ({error})") from error
    found = (codec.dim, codec.bits, codec.n_centroids)
    expected = (record.dim, record.bits, record.n_centroids)
    if found != expected:
        raise table.corrupt(f"its dim, bits and n_centroids are {found}, not {expected}")
    return codec


def _arrays(table: Table) -> Mapping[str, NDArray[Any]]:
    """Return the arrays of a codec file by name, in their shapes."""
    arrays = {}
    for field in table.schema:
        if not pa.types.is_large_list(field.type) or not _is_number(field.type.value_type):
            raise table.corrupt(f"column {field.name} is not a list of numbers")
        _, (values,) = table.ragged(field.name)
        shape = _shape(field.metadata)
        if shape is None or math.prod(shape) != len(values):
            raise table.corrupt(f"column {field.name} has no shape, or another number of values")
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
