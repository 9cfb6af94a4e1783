"""A file of columns that somebody wrote anew: other values, other types, other shapes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["forge_table"]

_TEXTS = [
    "", "\x00", "x" * 100_000, "../../x", "\x1b]0;y\x07", "\u202e", "5.md",
    "/dev/zero", "/", "/proc/self/mem",
    "[" * 50_000, "{}", "[]", "{", '{"n": NaN}', '{"n": 1e999}', '{"n": {"a": 1}}',
    '{"n": ' + "1" * 5000 + "}", '{"year": "x", "n": true}', '{"n": -9223372036854775809}',
]  # fmt: skip


def forge_table(path: Path, rng: random.Random) -> str:
    """Write a file again with something changed; return what."""
    try:
        batch = pa.ipc.open_file(path.read_bytes()).get_batch(0)
        batch.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, IndexError):
        path.write_bytes(rng.randbytes(rng.randrange(2000)))  # it was harmed before
        return "noise"
    forge = rng.choice([*[_values] * 6, *[_bytes] * 3, _schema, _rows, _batches, _compressed])
    with path.open("wb") as sink:
        return forge(batch, sink, rng)


def _write(sink: Any, batches: list[Any], schema: Any, **options: Any) -> None:
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _written(batch: Any) -> bytearray:
    sink = pa.BufferOutputStream()
    _write(sink, [batch], batch.schema)
    return bytearray(sink.getvalue().to_pybytes())


def _values(batch: Any, sink: Any, rng: random.Random) -> str:
    """Change some values of a column, wherever they lie: texts, numbers, offsets."""
    at = rng.randrange(batch.num_columns)
    column = batch.column(at)
    if pa.types.is_large_string(column.type) and len(column) and rng.random() < 0.7:
        texts = column.to_pylist()
        for _ in range(rng.choice([1, len(texts)])):
            texts[rng.randrange(len(texts))] = rng.choice([*_TEXTS, rng.choice(texts)])
        columns = [*batch.columns]
        columns[at] = pa.array(texts, column.type)
        _write(sink, [pa.RecordBatch.from_arrays(columns, schema=batch.schema)], batch.schema)
    else:
        sink.write(_numbers(batch, column, rng))
    return f"values of {batch.schema.names[at]}"


def _numbers(batch: Any, column: Any, rng: random.Random) -> bytes:
    """Return the file with numbers changed in one buffer of a column, where they lie."""
    data = _written(batch)
    filled = [buffer.to_pybytes() for buffer in column.buffers() if buffer is not None]
    filled = [buffer for buffer in filled if buffer and buffer in data]
    if not filled:
        return bytes(data)
    buffer = rng.choice(filled)
    types = [np.uint8, np.uint16, np.int32, np.int64, np.float16, np.float32]
    dtypes = [np.dtype(t) for t in types if len(buffer) % np.dtype(t).itemsize == 0]
    values = np.frombuffer(buffer, rng.choice(dtypes)).copy()
    at = rng.choice([slice(None), slice(rng.randrange(len(values)), None), None])
    number = _number(values, values.dtype, rng)
    values[rng.randrange(len(values)) if at is None else at] = number
    start = data.index(buffer)
    data[start : start + len(buffer)] = values.tobytes()
    return bytes(data)


def _number(values: Any, dtype: Any, rng: random.Random) -> Any:
    if dtype.kind == "f":
        greatest = float(np.finfo(dtype).max)
        return rng.choice([np.nan, np.inf, -np.inf, 0, -1, 60_000, greatest, -greatest, 1e-7])
    limits = np.iinfo(dtype)
    odd = [0, 1, limits.max, limits.min, limits.max // 2, int(values.max())]
    odd += [len(values)] * (len(values) <= limits.max)
    return dtype.type(rng.choice([*odd, rng.randint(limits.min, limits.max)]))


def _bytes(batch: Any, sink: Any, rng: random.Random) -> str:
    """Change numbers in the buffers of the file as they lie, which Arrow never looks at."""
    data = _written(batch)
    size = rng.choice([1, 2, 4, 8])
    for _ in range(rng.choice([1, 1, 4])):
        at = rng.randrange(max(1, len(data) // size)) * size
        value = rng.choice([0, 1, -1, (1 << (8 * size - 1)) - 1, rng.getrandbits(8 * size - 1)])
        data[at : at + size] = value.to_bytes(size, "little", signed=True)
    sink.write(data)
    return "bytes of a table"


def _schema(batch: Any, sink: Any, rng: random.Random) -> str:
    """Write other columns: fewer, more, in another order, of another type, with nulls."""
    names, columns = [*batch.schema.names], [*batch.columns]
    at = rng.randrange(len(names))
    how = rng.choice(["fewer", "more", "order", "type", "nulls", "metadata"])
    fields = [batch.schema.field(i) for i in range(len(names))]
    if how == "fewer" and len(names) > 1:
        del fields[at], columns[at]
    elif how == "more":
        fields.append(pa.field("more", columns[at].type))
        columns.append(columns[at])
    elif how == "order":
        both = list(zip(fields, columns, strict=True))
        rng.shuffle(both)
        fields, columns = map(list, zip(*both, strict=True))
    elif how == "metadata":
        shapes = [b"[]", b"[0]", b"[-1]", b"[4611686018427387904, 4]", b"{", b"[1.5]", b"x",
                  b"[[1]]", b"[" * 10_000, b"[null]", b'["16"]', b"[true]",
                  b"[16, 16, 0]"]  # fmt: skip
        fields[at] = fields[at].with_metadata({b"shape": rng.choice(shapes)})
    elif how == "nulls":
        columns[at] = pa.nulls(len(columns[at]), columns[at].type)
        fields[at] = fields[at].with_nullable(True)
    else:
        kinds = [pa.string(), pa.int64(), pa.uint8(), pa.float64(), pa.null(), pa.large_binary()]
        kind = rng.choice(kinds)
        empty = pa.nulls(0, kind).to_pylist()
        columns[at] = pa.array(empty or [None] * len(columns[at]), kind)
        fields[at] = pa.field(names[at], kind)
    schema = pa.schema(fields)
    _write(sink, [pa.RecordBatch.from_arrays(columns, schema=schema)], schema)
    return f"schema ({how})"


def _rows(batch: Any, sink: Any, rng: random.Random) -> str:
    """Write fewer rows, or more."""
    n = batch.num_rows
    places = [rng.randrange(n) for _ in range(rng.choice([0, 1, max(0, n - 1), n, n + 1, 3 * n]))]
    rows = pa.Table.from_batches([batch]).take(pa.array(places, pa.int64())) if n else None
    batches = rows.combine_chunks().to_batches() if rows else []
    _write(sink, batches[:1] or [batch.slice(0, 0)], batch.schema)
    return "rows"


def _batches(batch: Any, sink: Any, rng: random.Random) -> str:
    """Write no record batch, or several."""
    _write(sink, [batch] * rng.choice([0, 2, 5]), batch.schema)
    return "batches"


def _compressed(batch: Any, sink: Any, rng: random.Random) -> str:
    _write(sink, [batch], batch.schema, compression=rng.choice(["zstd", "lz4"]))
    return "compressed"
