"""What had an interrupted writer finished, so that the next one can go on from there?

A resumable writer lists its finished segments in ``pending.json``. No manifest names them, so
readers know nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colmodern.storage.format.documents import EncoderInfo
from colmodern.storage.format.manifest import CodecRecord, FileRecord, Manifest, SegmentRecord
from colmodern.storage.format.manifest_json import (
    FORMAT_VERSION,
    codec_json,
    encoder_json,
    program_name,
    read_codec_record,
    read_encoder_info,
    read_segment_record,
    segment_json,
)
from colmodern.storage.format.names import segment_number
from colmodern.storage.format.sealed_json import seal, sealed_object

__all__ = ["Pending", "decode_pending", "encode_pending"]

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

    def fits(self, manifest: Manifest | None) -> bool:
        """Return whether these segments can follow those of the manifest that is there now."""
        names = [segment.name for segment in self.segments]
        numbers = [segment_number(name) or 0 for name in names]
        if len(set(names)) != len(names) or max(numbers, default=0) >= self.next_segment:
            return False
        if manifest is None:
            return self.is_new and self.generation == 0
        return (
            self.generation == manifest.generation
            and min(numbers, default=manifest.next_segment) >= manifest.next_segment
            and (self.is_new or self.codec == manifest.codec)
        )


def encode_pending(pending: Pending) -> bytes:
    """Return the content of ``pending.json``, the checksum line included."""
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
    return seal(payload)


def decode_pending(data: bytes, path: Path) -> Pending:
    """Return the pending segments that these bytes list; ``path`` is for the messages.

    Raises:
        IndexCorruptError: A byte was changed, or a field is missing or has a wrong value.
    """
    content = sealed_object(data, path)
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
