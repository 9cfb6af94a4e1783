"""What an interrupted writer had finished, so that the next one can go on from there.

A resumable writer lists its finished segments in ``pending.json``. No manifest names them, so
readers know nothing of them; the list is replaced in one step, as the manifest is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colmodern.errors import IndexNotFoundError, IndexStoreError
from colmodern.storage.codec_file import read_codec
from colmodern.storage.durable import replace_file, sync_folder
from colmodern.storage.layout import PENDING, segment_number
from colmodern.storage.manifest import CodecRecord, FileRecord, Manifest, SegmentRecord
from colmodern.storage.manifest_file import (
    FORMAT_VERSION,
    codec_json,
    encoder_json,
    program_name,
    read_codec_record,
    read_encoder_info,
    read_manifest,
    read_segment_record,
    segment_json,
)
from colmodern.storage.records import EncoderInfo
from colmodern.storage.sealed_json import Fields, check_seal, seal
from colmodern.storage.tables import check_file

__all__ = ["Pending", "read_pending", "write_pending"]

MAGIC = "colmodern-pending"


@dataclass(frozen=True, slots=True)
class Pending:
    """The finished segments of a writer that has not committed them.

    Attributes:
        generation: That of the manifest it started from; 0 if there was none.
        is_new: Whether it was to make a new index, perhaps in place of another one.
        config: The options of the build.
        encoder: The encoder of the token vectors.
        codec: The codec of the segments.
        next_segment: The number of the segment after them.
        segments: In the order of their documents.
    """

    generation: int
    is_new: bool
    config: Mapping[str, Any]
    encoder: EncoderInfo
    codec: CodecRecord
    next_segment: int
    segments: tuple[SegmentRecord, ...]

    @property
    def n_documents(self) -> int:
        """How many documents the segments hold."""
        return sum(segment.n_documents for segment in self.segments)

    @property
    def n_tokens(self) -> int:
        """How many tokens the segments hold."""
        return sum(segment.n_tokens for segment in self.segments)

    def files(self) -> Iterator[FileRecord]:
        """Yield every file that it needs."""
        yield self.codec.file
        for segment in self.segments:
            yield from segment.files()


def read_pending(path: Path | str) -> Pending | None:
    """Return what a writer can go on with in an index folder, or None if there is nothing.

    What is damaged, or belongs to another state of the index than the one that is there, is
    nothing; the next writer removes it. The segments are looked at when a writer resumes.
    """
    path = Path(path)
    try:
        data = (path / PENDING).read_bytes()
        pending = _decoded(data, path / PENDING)
        if not _fits(pending, _manifest(path)):
            return None
        check_file(path, pending.codec.file)
        read_codec(path, pending.codec)
    except (OSError, IndexStoreError):
        return None
    return pending


def write_pending(path: Path, pending: Pending) -> None:
    """Replace the list of pending segments, whose files must be on the disk already."""
    payload = {
        "magic": MAGIC,
        "format_version": FORMAT_VERSION,
        "generation": pending.generation,
        "is_new": pending.is_new,
        "created_by": program_name(),
        "config": dict(pending.config),
        "encoder": encoder_json(pending.encoder),
        "codec": codec_json(pending.codec),
        "next_segment": pending.next_segment,
        "segments": [segment_json(segment) for segment in pending.segments],
    }
    replace_file(path / PENDING, seal(payload))
    sync_folder(path)


def _decoded(data: bytes, path: Path) -> Pending:
    check_seal(data, path)
    content = Fields(json.loads(data), path)
    if (content.text("magic"), content.count("format_version")) != (MAGIC, FORMAT_VERSION):
        raise content.wrong("magic and format_version", f"{MAGIC!r} and {FORMAT_VERSION}")
    return Pending(
        generation=content.count("generation"),
        is_new=content.flag("is_new"),
        config=content.mapping("config"),
        encoder=read_encoder_info(content.child("encoder")),
        codec=read_codec_record(content.child("codec")),
        next_segment=content.count("next_segment"),
        segments=tuple(content.children("segments", read_segment_record)),
    )


def _manifest(path: Path) -> Manifest | None:
    try:
        return read_manifest(path)
    except IndexNotFoundError:
        return None


def _fits(pending: Pending, manifest: Manifest | None) -> bool:
    """Return whether these segments can follow those of the manifest that is there now."""
    names = [segment.name for segment in pending.segments]
    numbers = [segment_number(name) or 0 for name in names]
    if len(set(names)) != len(names) or max(numbers, default=0) >= pending.next_segment:
        return False
    if manifest is None:
        return pending.is_new and pending.generation == 0
    return (
        pending.generation == manifest.generation
        and min(numbers, default=manifest.next_segment) >= manifest.next_segment
        and (pending.is_new or pending.codec == manifest.codec)
    )
