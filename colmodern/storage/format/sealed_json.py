"""How does JSON carry a checksum of itself, and how is it read field by field?

The checksum stands in the last line and covers every byte before it, so no changed byte passes;
what passes is still read field by field, and nothing but names of this format gets through.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from colmodern.errors import IndexCorruptError
from colmodern.storage.format.manifest import CHECKSUM_BYTES, FileRecord
from colmodern.storage.format.names import is_file_name

__all__ = ["JsonObject", "check_seal", "parsed", "seal", "sealed_object"]

_TRAILER_START = b'  "checksum": "'
_TRAILER_END = b'"\n}\n'
_TRAILER_LENGTH = len(_TRAILER_START) + 2 * CHECKSUM_BYTES + len(_TRAILER_END)

T = TypeVar("T")


def seal(payload: dict[str, Any]) -> bytes:
    """Return an object as ASCII JSON, with the checksum line at its end."""
    text = json.dumps(payload, indent=2, allow_nan=False)
    body = text.removesuffix("\n}").encode("ascii") + b",\n"
    return body + _TRAILER_START + _digest(body) + _TRAILER_END


def check_seal(data: bytes, path: Path) -> None:
    """Compare bytes with the checksum in their last line; ``path`` is for the message.

    Raises:
        IndexCorruptError: They differ.
    """
    digest = _digest(data[:-_TRAILER_LENGTH])
    if data[-_TRAILER_LENGTH:] != _TRAILER_START + digest + _TRAILER_END:
        raise IndexCorruptError(
            f"{path} was changed or cut short: its content has checksum {digest.decode()}, "
            "its last line says otherwise. Mend it with `colmodern repair`, or restore it from a "
            "backup.",
            path=path,
        )


def parsed(data: bytes) -> Any:
    """Return the value of JSON; a number that is none, or not finite, cannot be written again.

    Raises:
        ValueError: It is no JSON, or has such a number.
        RecursionError: It is nested too deeply.
    """
    return json.loads(data, parse_constant=_finite, parse_float=_finite)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no number of JSON, or too large")
    return value


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=CHECKSUM_BYTES).hexdigest().encode("ascii")


class JsonObject:
    """One JSON object, read field by field; a wrong value is an ``IndexCorruptError``."""

    def __init__(self, value: Any, path: Path, where: str = "") -> None:
        """Take a parsed value from the file ``path``; ``where`` is its name in it, with a dot."""
        self.path = path
        self.where = where
        if not isinstance(value, dict):
            raise self.wrong("", "an object")
        self.value: dict[str, Any] = value

    def wrong(self, name: str, expected: str) -> IndexCorruptError:
        """Return the error that says what a field must be."""
        field = f"{self.where}{name}" or "the content"
        return IndexCorruptError(f"{self.path}: {field} must be {expected}.", path=self.path)

    def count(self, name: str) -> int:
        """Return an integer from 0."""
        value = self.value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
            raise self.wrong(name, "an integer from 0")
        return value

    def measure(self, name: str) -> float:
        """Return a finite number from 0."""
        value = self.value.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(name, "a number")
        if not 0 <= value <= sys.float_info.max:
            raise self.wrong(name, "a finite number from 0")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self.value.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def text(self, name: str) -> str:
        """Return a string."""
        value = self.value.get(name)
        if not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object as it is."""
        return self.child(name).value

    def child(self, name: str) -> JsonObject:
        """Return an object."""
        return JsonObject(self.value.get(name), self.path, f"{self.where}{name}.")

    def children(self, name: str, read: Callable[[JsonObject], T]) -> Iterator[T]:
        """Yield what ``read`` makes of each object of a list."""
        values = self.value.get(name)
        if not isinstance(values, list):
            raise self.wrong(name, "a list")
        for i, value in enumerate(values):
            yield read(JsonObject(value, self.path, f"{self.where}{name}[{i}]."))

    def file(self, name: str) -> FileRecord:
        """Return the record of a file, whose name is one that this format gives."""
        fields = self.child(name)
        record = FileRecord(fields.text("name"), fields.count("bytes"), fields.text("checksum"))
        if not is_file_name(record.name):
            raise fields.wrong("name", "a file name of format version 1")
        return record

    def file_or_none(self, name: str) -> FileRecord | None:
        """Return the record of a file, or None for null."""
        return None if self.value.get(name) is None else self.file(name)


def sealed_object(data: bytes, path: Path) -> JsonObject:
    """Return the object that a sealed file holds; ``path`` is for the messages.

    Raises:
        IndexCorruptError: A byte was changed, or it is no object of JSON.
    """
    check_seal(data, path)
    try:
        return JsonObject(parsed(data), path)
    except (ValueError, RecursionError) as error:
        raise IndexCorruptError(f"{path} is not JSON: {error}.", path=path) from error
