"""How do the manifest, and the records that it is made of, look as JSON?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from colmodern import __version__
from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.storage.format.documents import EncoderInfo
from colmodern.storage.format.manifest import (
    CodecRecord,
    FileRecord,
    Manifest,
    SegmentRecord,
    WordsRecord,
)
from colmodern.storage.format.names import SEGMENT_PARTS, segment_number
from colmodern.storage.format.sealed_json import JsonObject, check_seal, parsed, seal

__all__ = [
    "FORMAT_VERSION",
    "MAGIC",
    "OLDEST_FORMAT_VERSION",
    "codec_json",
    "decode_manifest",
    "encode_manifest",
    "encoder_json",
    "file_json",
    "program_name",
    "read_codec_record",
    "read_encoder_info",
    "read_segment_record",
    "segment_json",
]

MAGIC = "colmodern-index"
FORMAT_VERSION = 1
OLDEST_FORMAT_VERSION = 1


# No vector is so long; the sum over all tokens there can be stays finite.
_MOST_ERROR = 1e30


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the content of ``manifest.json``, the checksum line included."""
    payload = {
        "magic": MAGIC,
        "format_version": FORMAT_VERSION,
        "generation": manifest.generation,
        "created_by": manifest.created_by,
        "updated_by": manifest.updated_by,
        "n_documents": manifest.n_documents,
        "n_tokens": manifest.n_tokens,
        "config": dict(manifest.config),
        "encoder": encoder_json(manifest.encoder),
        "codec": codec_json(manifest.codec),
        "next_segment": manifest.next_segment,
        "segments": [segment_json(segment) for segment in manifest.segments],
        "sources": file_json(manifest.sources),
    }
    return seal(payload)


def decode_manifest(data: bytes, path: Path) -> Manifest:
    """Return the manifest that these bytes hold; ``path`` is for the messages.

    Raises:
        IndexFormatError: No manifest of an index, or of a version not read here.
        IndexCorruptError: A byte was changed, or a field is missing or has a wrong value.
    """
    content = JsonObject(_payload(data, path), path)
    check_seal(data, path)
    manifest = Manifest(
        generation=content.count("generation"),
        created_by=content.text("created_by"),
        updated_by=content.text("updated_by"),
        config=content.mapping("config"),
        encoder=read_encoder_info(content.child("encoder")),
        codec=read_codec_record(content.child("codec")),
        next_segment=content.count("next_segment"),
        segments=tuple(content.children("segments", read_segment_record)),
        sources=content.file_or_none("sources"),
    )
    _check_whole(manifest, content)
    return manifest


def program_name() -> str:
    """Return the name and version that a manifest records for its writer."""
    return f"colmodern {__version__}"


def _payload(data: bytes, path: Path) -> dict[str, Any]:
    try:
        payload = parsed(data)
    except (ValueError, RecursionError) as error:
        if MAGIC.encode() in data[:200]:
            raise IndexCorruptError(
                f"{path} is not whole: {error}. Mend it with `colmodern repair`, or restore it "
                "from a backup.",
                path=path,
            ) from error
        payload = None
    if not isinstance(payload, dict) or payload.get("magic") != MAGIC:
        raise IndexFormatError(
            f"{path} is not the manifest of a colmodern index, or was cut short.", path=path
        )
    found = payload.get("format_version")
    if type(found) is not int or not OLDEST_FORMAT_VERSION <= found <= FORMAT_VERSION:
        raise IndexFormatError(
            f"{path.parent} has index format version {found!r}; this program reads versions "
            f"{OLDEST_FORMAT_VERSION} to {FORMAT_VERSION}. Use a newer colmodern, or index again.",
            path=path,
        )
    return payload


def _check_whole(manifest: Manifest, content: JsonObject) -> None:
    """Check what no single field shows: totals, and that no name occurs twice."""
    totals = (content.count("n_documents"), content.count("n_tokens"))
    if totals != (manifest.n_documents, manifest.n_tokens):
        raise content.wrong("n_documents and n_tokens", "the sums over the segments")
    names = [segment.name for segment in manifest.segments]
    if len(set(names)) != len(names):
        raise content.wrong("segments", "different names")
    if any((segment_number(name) or 0) >= manifest.next_segment for name in names):
        raise content.wrong("next_segment", "above the number of every segment")


def file_json(record: FileRecord | None) -> dict[str, Any] | None:
    """Return the record of a file as JSON values; null for None."""
    if record is None:
        return None
    return {"name": record.name, "bytes": record.bytes, "checksum": record.checksum}


def encoder_json(encoder: EncoderInfo) -> dict[str, Any]:
    """Return an encoder as JSON values."""
    return {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim}


def read_encoder_info(fields: JsonObject) -> EncoderInfo:
    """Return what ``encoder_json`` was given."""
    return EncoderInfo(fields.text("name"), fields.text("fingerprint"), fields.count("dim"))


def codec_json(codec: CodecRecord) -> dict[str, Any]:
    """Return the record of a codec as JSON values."""
    return {
        "dim": codec.dim,
        "bits": codec.bits,
        "n_centroids": codec.n_centroids,
        "fingerprint": codec.fingerprint,
        "file": file_json(codec.file),
    }


def read_codec_record(fields: JsonObject) -> CodecRecord:
    """Return what ``codec_json`` was given."""
    codec = CodecRecord(
        dim=fields.count("dim"),
        bits=fields.count("bits"),
        n_centroids=fields.count("n_centroids"),
        fingerprint=fields.text("fingerprint"),
        file=fields.file("file"),
    )
    if codec.dim * codec.bits % 8 or not 0 < codec.dim * codec.bits < 1 << 24:
        raise fields.wrong("dim x bits", "a positive multiple of 8")
    if not 0 < codec.n_centroids <= 1 << 31:
        raise fields.wrong("n_centroids", "from 1 to 2^31")
    return codec


def segment_json(segment: SegmentRecord) -> dict[str, Any]:
    """Return the record of a segment as JSON values."""
    return {
        "name": segment.name,
        "n_documents": segment.n_documents,
        "n_tokens": segment.n_tokens,
        "squared_error": segment.squared_error,
        "n_deleted_documents": segment.n_deleted_documents,
        "n_deleted_tokens": segment.n_deleted_tokens,
        **{part: file_json(getattr(segment, part)) for part in SEGMENT_PARTS},
        "tombstones": file_json(segment.tombstones),
        "words": _words_json(segment.words),
        "keys": segment.keys,
    }


def read_segment_record(fields: JsonObject) -> SegmentRecord:
    """Return what ``segment_json`` was given."""
    name = fields.text("name")
    if segment_number(name) is None:
        raise fields.wrong("name", "the name of a segment")
    files = {part: fields.file(part) for part in SEGMENT_PARTS}
    if any(record.name != f"{name}/{part}.arrow" for part, record in files.items()):
        raise fields.wrong("name", "the folder of its files")
    segment = SegmentRecord(
        name=name,
        n_documents=fields.count("n_documents"),
        n_tokens=fields.count("n_tokens"),
        **files,
        squared_error=fields.measure("squared_error"),
        n_deleted_documents=fields.count("n_deleted_documents"),
        n_deleted_tokens=fields.count("n_deleted_tokens"),
        tombstones=fields.file_or_none("tombstones"),
        words=_read_words(fields, name),
        keys=None if fields.value.get("keys") is None else fields.text("keys"),
    )
    if segment.squared_error > _MOST_ERROR:
        raise fields.wrong("squared_error", f"at most {_MOST_ERROR:g}")
    if not 0 < segment.n_documents < 1 << 31:
        raise fields.wrong("n_documents", "from 1 to 2^31 - 1")
    deleted = segment.n_deleted_documents
    if deleted > segment.n_documents or segment.n_deleted_tokens > segment.n_tokens:
        raise fields.wrong("n_deleted_documents and n_deleted_tokens", "no more than there are")
    if (deleted > 0) != (segment.tombstones is not None):
        raise fields.wrong("tombstones", "given where documents are deleted, and only there")
    return segment


def _words_json(words: WordsRecord | None) -> dict[str, Any] | None:
    if words is None:
        return None
    files = {name: file_json(getattr(words, name)) for name in ("postings", "lengths")}
    return {"analysis": words.analysis, **files}


def _read_words(fields: JsonObject, segment: str) -> WordsRecord | None:
    if fields.value.get("words") is None:
        return None
    words = fields.child("words")
    record = WordsRecord(words.text("analysis"), words.file("postings"), words.file("lengths"))
    number = segment.removeprefix("segment-")
    names = (record.postings.name, record.lengths.name)
    if not all(map(str.startswith, names, (f"words-{number}-", f"lengths-{number}-"))):
        raise words.wrong("postings and lengths", "files of their segment")
    return record
