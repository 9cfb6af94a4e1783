"""What are the files of an index called? The words for it are in FORMAT.md."""

from __future__ import annotations

import re

__all__ = [
    "DRAFT",
    "LAST_NUMBER",
    "LOCK",
    "MANIFEST",
    "ORIGIN",
    "PENDING",
    "PLAN",
    "PULL",
    "SEGMENT_PARTS",
    "codec_name",
    "file_generation",
    "is_file_name",
    "is_of_commit",
    "is_ours",
    "is_ours_in_set",
    "lengths_name",
    "segment_name",
    "segment_number",
    "set_generation",
    "set_name",
    "shard_name",
    "shard_place",
    "sources_name",
    "tombstones_name",
    "words_name",
]

MANIFEST = "manifest.json"
PENDING = "pending.json"
DRAFT = ".tmp"
LOCK = "writer.lock"
PLAN = "plan"
PULL = "pull"
ORIGIN = "origin.json"
# Names have room for 18 digits.
LAST_NUMBER = 10**18 - 1
SEGMENT_PARTS = ("documents", "tokens", "contexts", "postings")

_SEGMENT = re.compile(r"segment-([0-9]{6,18})")
_FILE = re.compile(
    r"codec-g[0-9]{6,18}\.arrow|sources-g[0-9]{6,18}\.arrow"
    r"|(tombstones|words|lengths)-[0-9]{6,18}-g[0-9]{6,18}\.arrow"
)
_GENERATION = re.compile(r"-g([0-9]{6,18})\.arrow")
_SHARD = re.compile(r"shard-([0-9]{6,18})-g([0-9]{6,18})")
_SET = re.compile(r"shards-([0-9]{8,18})\.json")
_SET_SOURCES = re.compile(r"sources-g([0-9]{6,18})\.arrow")


def segment_name(number: int) -> str:
    """Return the name of a segment's folder."""
    return f"segment-{number:06d}"


def segment_number(name: str) -> int | None:
    """Return the number of a segment's folder, or None if the name is not one."""
    match = _SEGMENT.fullmatch(name)
    return int(match[1]) if match else None


def codec_name(generation: int) -> str:
    """Return the name of the codec file first written for a generation."""
    return f"codec-g{generation:06d}.arrow"


def sources_name(generation: int) -> str:
    """Return the name of the sources file first written for a generation."""
    return f"sources-g{generation:06d}.arrow"


def tombstones_name(segment: str, generation: int) -> str:
    """Return the name of a segment's tombstone file first written for a generation."""
    return f"tombstones-{segment.removeprefix('segment-')}-g{generation:06d}.arrow"


def words_name(segment: str, generation: int) -> str:
    """Return the name of a segment's words file first written for a generation."""
    return f"words-{segment.removeprefix('segment-')}-g{generation:06d}.arrow"


def lengths_name(segment: str, generation: int) -> str:
    """Return the name of a segment's lengths file first written for a generation."""
    return f"lengths-{segment.removeprefix('segment-')}-g{generation:06d}.arrow"


def file_generation(name: str) -> int:
    """Return the generation that a file was first written for; 0 if its name tells none."""
    match = _GENERATION.search(name) if _FILE.fullmatch(name) else None
    return int(match[1]) if match else 0


def is_of_commit(name: str) -> bool:
    """Return whether an entry is a file that only a commit writes, as its last but the manifest."""
    return _FILE.fullmatch(name) is not None and not name.startswith("codec-")


def is_ours(name: str) -> bool:
    """Return whether an entry of an index folder is one that a writer may remove."""
    if name in {PENDING, PENDING + DRAFT, MANIFEST + DRAFT}:
        return True
    return bool(_SEGMENT.fullmatch(name) or _FILE.fullmatch(name))


def is_file_name(name: str) -> bool:
    """Return whether a manifest may name this file; nothing outside the folder passes."""
    folder, slash, part = name.rpartition("/")
    if not slash:
        return _FILE.fullmatch(name) is not None
    return segment_number(folder) is not None and part in {f"{p}.arrow" for p in SEGMENT_PARTS}


def shard_name(number: int, generation: int) -> str:
    """Return the name of the folder of a shard, counted from 1, first named for a generation."""
    return f"shard-{number:06d}-g{generation:06d}"


def shard_place(name: str) -> tuple[int, int] | None:
    """Return the number and the generation of a shard's folder, or None if it is none."""
    match = _SHARD.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def set_name(generation: int) -> str:
    """Return the name of the file that says which shards a set has."""
    return f"shards-{generation:08d}.json"


def set_generation(name: str) -> int:
    """Return the generation of the file of a set; 0 if the name is none of those."""
    match = _SET.fullmatch(name)
    return int(match[1]) if match else 0


def is_ours_in_set(name: str) -> bool:
    """Return whether an entry of the folder of a shard set is one that a writer may remove."""
    bare = name.removesuffix(DRAFT)
    if set_generation(bare) or shard_place(name) is not None:
        return True
    return _SET_SOURCES.fullmatch(name) is not None
