"""What is to be done to a shard set, in which parts? Written once, before anything is encoded.

A plan is a folder: the texts of each part, the codec, and ``plan.json``, which names all of them
with their checksums. Whoever sees the folder can encode a part; nobody needs a lock for that.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from colmodern.codec import Codec
from colmodern.errors import (
    IndexCorruptError,
    IndexFormatError,
    IndexNotFoundError,
    IndexStoreError,
    InputError,
)
from colmodern.storage import EncoderInfo, FileRecord, LocalDirectory, SourceRecord
from colmodern.storage.directory.durable import replace_file, sync_folder
from colmodern.storage.directory.regular import opened_file
from colmodern.storage.directory.urls import check_local
from colmodern.storage.format.manifest import CodecRecord
from colmodern.storage.format.manifest_json import (
    codec_json,
    encoder_json,
    file_json,
    read_codec_record,
    read_encoder_info,
)
from colmodern.storage.format.names import PLAN
from colmodern.storage.format.schemas import sources_schema
from colmodern.storage.format.sealed_json import JsonObject, seal, sealed_object
from colmodern.storage.format.shard_set import MOST_SHARDS
from colmodern.storage.snapshot.files import check_file, map_table, read_codec

__all__ = ["PartRecord", "Plan", "part_name", "plan_folder", "read_plan"]

MAGIC = "colmodern-plan"
FORMAT_VERSION = 1
PLAN_FILE = "plan.json"
TEXTS = ".jsonl"


@dataclass(frozen=True, slots=True)
class PartRecord:
    """Some documents of one shard that are encoded in one go.

    Attributes:
        number: From 1; no two parts of a set's plans share one before a commit.
        shard: The number of the shard, from 0.
        n_documents: How many documents there are.
        n_chars: How many characters they have, titles included.
        bytes: The size of the file of texts.
        checksum: Its checksum: what the part is.
    """

    number: int
    shard: int
    n_documents: int
    n_chars: int
    bytes: int
    checksum: str

    @property
    def name(self) -> str:
        """The folder of the finished part in that of the plan."""
        return part_name(self.number)


@dataclass(frozen=True, slots=True)
class Plan:
    """A change of a shard set that is to be encoded and committed.

    Attributes:
        folder: Where it lies.
        base: The generation of the set that it changes; 0: there is none yet.
        is_new: Whether the set is made anew of the parts alone.
        n_shards: How many shards the set has.
        encoder: The encoder of all parts.
        config: The options of the build, the training of the codec and what files were read how,
            as the set is to keep them.
        codec: The codec of all parts; its file lies in the folder.
        parts: In the order in which they are committed.
        deleted: Ids of documents that are deleted.
        sources: The list of files that the set is to keep; None: as it is.
        sample: Files of documents that were encoded to train the codec, by name.
    """

    folder: Path
    base: int
    is_new: bool
    n_shards: int
    encoder: EncoderInfo
    config: Mapping[str, Any]
    codec: CodecRecord
    parts: tuple[PartRecord, ...]
    deleted: tuple[str, ...] = ()
    sources: FileRecord | None = None
    sample: Mapping[str, FileRecord] = field(default_factory=dict)

    @property
    def n_chars(self) -> int:
        """How many characters all parts have."""
        return sum(part.n_chars for part in self.parts)

    def part(self, number: int) -> PartRecord:
        """Return the part of a number.

        Raises:
            InputError: There is none.
        """
        for one in self.parts:
            if one.number == number:
                return one
        known = ", ".join(str(one.number) for one in self.parts[:10]) or "none"
        raise InputError(
            f"The plan {self.folder} has no part {number}; there are {len(self.parts)}: {known}"
            f"{', ...' if len(self.parts) > 10 else ''}.",
            code="part_not_found",
        )

    def check(self, record: FileRecord) -> None:
        """Compare a file with its record: what is built on damage gets a right checksum.

        Raises:
            IndexCorruptError: It is missing, or was changed.
        """
        try:
            check_file(LocalDirectory(self.folder), record)
        except IndexCorruptError as error:
            path = self.folder / record.name
            message = f"{path} is not the file that the plan names. Plan again."
            raise IndexCorruptError(message, path=path) from error

    def read_codec(self) -> Codec:
        """Return the codec.

        Raises:
            IndexCorruptError: Its file is missing or damaged.
        """
        self.check(self.codec.file)
        return read_codec(LocalDirectory(self.folder), self.codec)

    def read_sources(self) -> list[SourceRecord] | None:
        """Return the list of files that the set is to keep; None: as it is.

        Raises:
            IndexCorruptError: The file of it is missing or damaged.
        """
        if self.sources is None:
            return None
        self.check(self.sources)
        table = map_table(LocalDirectory(self.folder), self.sources, schema=sources_schema())
        return [SourceRecord(**row) for row in table.rows()]

    def write(self) -> None:
        """Make it the plan of its folder; all that it names must be there.

        Raises:
            OSError: The disk is full or refuses; the caller says what that means.
        """
        payload = {
            "magic": MAGIC,
            "format_version": FORMAT_VERSION,
            "base": self.base,
            "is_new": self.is_new,
            "n_shards": self.n_shards,
            "encoder": encoder_json(self.encoder),
            "config": dict(self.config),
            "codec": codec_json(self.codec),
            "parts": [
                {name: getattr(one, name) for name in PartRecord.__slots__} for one in self.parts
            ],
            "deleted": list(self.deleted),
            "sources": file_json(self.sources),
            "sample": [[one.name, one.bytes, one.checksum] for one in self.sample.values()],
        }
        sync_folder(self.folder)
        replace_file(self.folder / PLAN_FILE, seal(payload))
        sync_folder(self.folder)


def part_name(number: int) -> str:
    """Return the name of a part."""
    return f"part-{number:06d}"


def plan_folder(path: Path) -> Path:
    """Return where the plan of the shard set in the folder ``path`` lies.

    Raises:
        ConfigError: It is a URL.
    """
    check_local(path)
    return path / PLAN


def read_plan(folder: Path) -> Plan:
    """Return the plan in a folder.

    Raises:
        IndexNotFoundError: There is none.
        IndexFormatError: It is of another version.
        IndexCorruptError: It was changed or cut short.
    """
    path = folder / PLAN_FILE
    try:
        with opened_file(path) as file:
            data = file.read()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise IndexStoreError(f"{path} cannot be read: {error.strerror}.", path=path) from error
        raise IndexNotFoundError(
            f"There is no plan at {folder}. Make one with `colmodern part plan`.",
            path=folder,
            code="plan_not_found",
        ) from error
    content = sealed_object(data, path)
    if (content.text("magic"), content.count("format_version")) != (MAGIC, FORMAT_VERSION):
        raise IndexFormatError(
            f"{path} is not a plan of version {FORMAT_VERSION}. Use the colmodern that made it, or "
            "plan again.",
            path=path,
        )
    found = Plan(
        folder=folder,
        base=content.count("base"),
        is_new=content.flag("is_new"),
        n_shards=content.count("n_shards"),
        encoder=read_encoder_info(content.child("encoder")),
        config=content.mapping("config"),
        codec=read_codec_record(content.child("codec")),
        parts=tuple(content.children("parts", _part)),
        deleted=tuple(_strings(content, "deleted")),
        sources=content.file_or_none("sources"),
        sample=_sample(content),
    )
    numbers = {part.number for part in found.parts}
    shards = {part.shard for part in found.parts}
    if not 0 < found.n_shards <= MOST_SHARDS or max(shards, default=0) >= found.n_shards:
        raise content.wrong("n_shards", f"1 to {MOST_SHARDS}, more than any part's shard")
    if len(numbers) != len(found.parts) or 0 in numbers:
        raise content.wrong("parts", "numbered from 1, each once")
    return found


def _part(fields: JsonObject) -> PartRecord:
    return PartRecord(
        number=fields.count("number"),
        shard=fields.count("shard"),
        n_documents=fields.count("n_documents"),
        n_chars=fields.count("n_chars"),
        bytes=fields.count("bytes"),
        checksum=fields.text("checksum"),
    )


def _strings(content: JsonObject, name: str) -> list[str]:
    values = content.value.get(name)
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise content.wrong(name, "a list of strings")
    return values


def _sample(content: JsonObject) -> dict[str, FileRecord]:
    """Return the files of a sample; their names are fixed, so that none leaves the folder."""
    rows = content.value.get("sample")
    if not isinstance(rows, list):
        raise content.wrong("sample", "a list")
    found = {}
    for row in rows:
        match row:
            case [str(name), int(size), str(checksum)] if name in SAMPLE_FILES:
                found[name] = FileRecord(name, size, checksum)
            case _:
                raise content.wrong("sample", "a list of name, size and checksum")
    return found


SAMPLE_FILES = ("sample-places.npy", "sample-vectors.npy", "sample-spans.npy")
