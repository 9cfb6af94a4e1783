"""Is an Arrow file what FORMAT.md allows: one record batch, no dictionaries, no compression?

Told from the footer and the head of the batch, before pyarrow unpacks anything: buffers of a few
bytes may be compressed gigabytes. Both are FlatBuffers (the schema is Arrow's ``File.fbs`` and
``Message.fbs``), of which a few numbers are read here.
"""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["NotPlainError", "check_plain"]

_MAGIC = b"ARROW1"
_TAIL = 4 + len(_MAGIC)
_CONTINUED = 0xFFFFFFFF

# Which slot of its table a field has.
_DICTIONARIES, _BATCHES = 2, 3
_KIND, _HEADER = 1, 2
_COMPRESSION = 3
_RECORD_BATCH = 3


class NotPlainError(ValueError):
    """A file breaks one of these rules; the message is a clause."""


def check_plain(data: Any) -> None:
    """Refuse the bytes of a file, a ``pyarrow.Buffer``, that are no plain Arrow file.

    Raises:
        NotPlainError: They are compressed, or not one batch without dictionaries.
    """
    view = memoryview(data)
    try:
        _check(view)
    except (struct.error, IndexError) as error:
        raise NotPlainError("its footer leads out of the file") from error


def _check(view: memoryview) -> None:
    size = len(view)
    if size < 8 + _TAIL or {bytes(view[:6]), bytes(view[-6:])} != {_MAGIC}:
        raise NotPlainError("it does not start and end as one")
    (length,) = _read("<I", view, size - _TAIL)
    start = size - _TAIL - length
    footer = _follow(view, start)
    n_dictionaries, _ = _vector(view, footer, _DICTIONARIES)
    n_batches, blocks = _vector(view, footer, _BATCHES)
    if n_dictionaries:
        raise NotPlainError("it has dictionaries")
    if n_batches != 1:
        raise NotPlainError(f"it has {n_batches} record batches, not 1")
    (offset,) = _read("<Q", view, blocks)
    mark, _ = _read("<II", view, offset)
    if mark != _CONTINUED:
        raise NotPlainError("its record batch has no head")
    message = _follow(view, offset + 8)
    kind = _field(view, message, _KIND)
    if kind is None or view[kind] != _RECORD_BATCH:
        raise NotPlainError("its record batch is something else")
    header = _field(view, message, _HEADER)
    if header is None:
        raise NotPlainError("its record batch is empty")
    if _field(view, _follow(view, header), _COMPRESSION) is not None:
        raise NotPlainError("its columns are compressed")


def _read(form: str, view: memoryview, at: int) -> tuple[int, ...]:
    if not 0 <= at <= len(view):
        raise IndexError(at)
    return struct.unpack_from(form, view, at)


def _follow(view: memoryview, at: int) -> int:
    """Return where an offset leads that is stored at a place."""
    return at + _read("<I", view, at)[0]


def _field(view: memoryview, table: int, slot: int) -> int | None:
    """Return where a field of a table is kept, or None if it is left out."""
    entry = table - _read("<i", view, table)[0]
    (length,) = _read("<H", view, entry)
    if 4 + 2 * slot >= length:
        return None
    (step,) = _read("<H", view, entry + 4 + 2 * slot)
    return table + step if step else None


def _vector(view: memoryview, table: int, slot: int) -> tuple[int, int]:
    """Return the length of a vector in a table, and where its first element is kept."""
    field = _field(view, table, slot)
    if field is None:
        return 0, 0
    start = _follow(view, field)
    return _read("<I", view, start)[0], start + 4
