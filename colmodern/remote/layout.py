"""What are the objects of a published index called? The words for it are in FORMAT.md."""

from __future__ import annotations

import re
from dataclasses import dataclass

from colmodern.storage import FileRecord

__all__ = [
    "CLOCK",
    "FILES",
    "LARGEST_COMMIT",
    "MOST_FILES",
    "Publication",
    "is_content_name",
    "object_name",
    "publication_of",
]

FILES = "files"
CLOCK = "clock-"
"""Beginning of the name of an object that is made to learn what time it is at the store."""
LARGEST_COMMIT = 1 << 26
"""Bytes that a manifest, or the file of a set, may have: far more than any has."""
MOST_FILES = 1_000_000

_COMMIT = re.compile(r"(manifest|shards)-([0-9]{8,18})\.json")
_CONTENT = re.compile(r"[0-9a-f]{32}-(0|[1-9][0-9]{0,18})")
_CHECKSUM = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, order=True)
class Publication:
    """A state that was published: its number, from 1, and whether it is that of a shard set."""

    number: int
    is_set: bool

    @property
    def name(self) -> str:
        """The name of the object that makes it visible."""
        return f"{'shards' if self.is_set else 'manifest'}-{self.number:08d}.json"


def publication_of(name: str) -> Publication | None:
    """Return the publication that an object makes, or None if the name is none of those."""
    match = _COMMIT.fullmatch(name)
    if match is None or int(match[2]) == 0:
        return None
    found = Publication(int(match[2]), match[1] == "shards")
    return found if found.name == name else None


def object_name(record: FileRecord) -> str | None:
    """Return the name of the object with a file's content; None: its checksum is none."""
    if _CHECKSUM.fullmatch(record.checksum) is None:
        return None
    return f"{FILES}/{content_name(record)}"


def content_name(record: FileRecord) -> str:
    """Return what a file is called by its content."""
    return f"{record.checksum}-{record.bytes}"


def is_content_name(name: str) -> bool:
    """Return whether an object below ``files/`` is one of ours."""
    return _CONTENT.fullmatch(name) is not None
