"""Which indexes make up a shard set, and in which state is each? Its file as values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from colmodern.errors import IndexCorruptError, IndexFormatError
from colmodern.frozen import frozen
from colmodern.storage.format.documents import EncoderInfo
from colmodern.storage.format.manifest import CHECKSUM_BYTES, FileRecord, Manifest
from colmodern.storage.format.manifest_json import (
    encoder_json,
    file_json,
    read_encoder_info,
)
from colmodern.storage.format.names import MANIFEST, file_generation, shard_place
from colmodern.storage.format.placement import PLACEMENT
from colmodern.storage.format.sealed_json import JsonObject, check_seal, parsed, seal

__all__ = [
    "MOST_SHARDS",
    "SetCodec",
    "ShardRecord",
    "ShardSet",
    "decode_shard_set",
    "encode_shard_set",
    "manifest_checksum",
]

MAGIC = "colmodern-shards"
FORMAT_VERSION = 1
MOST_SHARDS = 10_000


@frozen
class ShardRecord:
    """One shard: the folder of its index, and the manifest that the index must have.

    Attributes:
        name: The folder, beside the file of the set.
        generation: That of the manifest.
        n_documents: How many live documents the index has.
        n_tokens: How many tokens they have.
        manifest: The manifest; its name is ``NAME/manifest.json``.
    """

    name: str
    generation: int
    n_documents: int
    n_tokens: int
    manifest: FileRecord

    @classmethod
    def of(cls, name: str, manifest: Manifest, data: bytes) -> ShardRecord:
        """Return the record of an index in the folder ``name``, whose manifest has these bytes."""
        file = FileRecord(f"{name}/{MANIFEST}", len(data), manifest_checksum(data))
        return cls(name, manifest.generation, manifest.n_documents, manifest.n_tokens, file)


@frozen
class SetCodec:
    """The one codec of all shards; each has the file of it."""

    dim: int
    bits: int
    n_centroids: int
    fingerprint: str


@frozen
class ShardSet:
    """A whole shard set at one moment: what a reader opens and a commit replaces.

    Attributes:
        generation: Rises with every commit.
        created_by: Program and version that made the set.
        updated_by: Program and version that changed it last.
        config: The options of the build, as in the manifest of an index.
        encoder: The encoder of all token vectors.
        codec: The codec of all shards.
        shards: By number; a document is in the one that ``shard_of`` its id says.
        sources: The files that documents were read from; None: none are known.
    """

    generation: int
    created_by: str
    updated_by: str
    config: Mapping[str, Any]
    encoder: EncoderInfo
    codec: SetCodec
    shards: tuple[ShardRecord, ...]
    sources: FileRecord | None = None

    @property
    def n_documents(self) -> int:
        """How many live documents there are."""
        return sum(shard.n_documents for shard in self.shards)

    @property
    def n_tokens(self) -> int:
        """How many tokens the live documents have."""
        return sum(shard.n_tokens for shard in self.shards)


def manifest_checksum(data: bytes) -> str:
    """Return the checksum of the bytes of a manifest, as that of any file."""
    return blake2b(data, digest_size=CHECKSUM_BYTES).hexdigest()


def encode_shard_set(found: ShardSet) -> bytes:
    """Return the content of the file of a set, the checksum line included."""
    codec = found.codec
    return seal(
        {
            "magic": MAGIC,
            "format_version": FORMAT_VERSION,
            "generation": found.generation,
            "created_by": found.created_by,
            "updated_by": found.updated_by,
            "n_documents": found.n_documents,
            "n_tokens": found.n_tokens,
            "placement": PLACEMENT,
            "config": dict(found.config),
            "encoder": encoder_json(found.encoder),
            "codec": asdict(codec),
            "shards": [
                {
                    "name": shard.name,
                    "generation": shard.generation,
                    "n_documents": shard.n_documents,
                    "n_tokens": shard.n_tokens,
                    "bytes": shard.manifest.bytes,
                    "checksum": shard.manifest.checksum,
                }
                for shard in found.shards
            ],
            "sources": file_json(found.sources),
        }
    )


def decode_shard_set(data: bytes, path: Path, *, generation: int) -> ShardSet:
    """Return the set that these bytes hold.

    Args:
        data: The content of its file.
        path: The file, for the messages.
        generation: The one in the name of the file.

    Raises:
        IndexFormatError: No file of a shard set, or of a version not read here.
        IndexCorruptError: A byte was changed, or a field is missing or has a wrong value.
    """
    content = JsonObject(_payload(data, path), path)
    check_seal(data, path)
    found = ShardSet(
        generation=content.count("generation"),
        created_by=content.text("created_by"),
        updated_by=content.text("updated_by"),
        config=content.mapping("config"),
        encoder=read_encoder_info(content.child("encoder")),
        codec=_codec(content.child("codec")),
        shards=tuple(content.children("shards", _shard)),
        sources=content.file_or_none("sources"),
    )
    _check_whole(found, content, generation)
    return found


def _payload(data: bytes, path: Path) -> dict[str, Any]:
    try:
        payload = parsed(data)
    except (ValueError, RecursionError) as error:
        raise IndexCorruptError(
            f"{path} is not whole: {error}. Mend it with `colmodern repair`, or restore it from "
            "a backup.",
            path=path,
        ) from error
    if not isinstance(payload, dict) or payload.get("magic") != MAGIC:
        raise IndexFormatError(f"{path} is not the file of a colmodern shard set.", path=path)
    version, placement = payload.get("format_version"), payload.get("placement")
    if version != FORMAT_VERSION or type(version) is not int or placement != PLACEMENT:
        raise IndexFormatError(
            f"{path} has version {version!r} and places documents by {placement!r}; this program "
            f"reads version {FORMAT_VERSION} and {PLACEMENT!r}. Use a newer colmodern, or index "
            "again.",
            path=path,
        )
    return payload


def _codec(fields: JsonObject) -> SetCodec:
    return SetCodec(
        fields.count("dim"),
        fields.count("bits"),
        fields.count("n_centroids"),
        fields.text("fingerprint"),
    )


def _shard(fields: JsonObject) -> ShardRecord:
    name = fields.text("name")
    if shard_place(name) is None:
        raise fields.wrong("name", "the name of a shard")
    return ShardRecord(
        name,
        fields.count("generation"),
        fields.count("n_documents"),
        fields.count("n_tokens"),
        FileRecord(f"{name}/{MANIFEST}", fields.count("bytes"), fields.text("checksum")),
    )


def _check_whole(found: ShardSet, content: JsonObject, generation: int) -> None:
    """Check what no single field shows: totals, numbers and names."""
    if found.generation != generation or not generation:
        raise content.wrong("generation", f"the one in the name of the file, {generation}")
    if not 0 < len(found.shards) <= MOST_SHARDS:
        raise content.wrong("shards", f"a list of 1 to {MOST_SHARDS}")
    places = [shard_place(shard.name) or (0, 0) for shard in found.shards]
    if [number for number, _ in places] != list(range(1, len(places) + 1)):
        raise content.wrong("shards", "numbered from 1, in their order")
    if any(since > generation for _, since in places):
        raise content.wrong("shards", "of no later generation than the set")
    totals = (content.count("n_documents"), content.count("n_tokens"))
    if totals != (found.n_documents, found.n_tokens):
        raise content.wrong("n_documents and n_tokens", "the sums over the shards")
    sources = "" if found.sources is None else found.sources.name
    is_ours = sources.startswith("sources-g") and file_generation(sources) <= generation
    if sources and not is_ours:
        raise content.wrong("sources", "a file sources-gNNNNNN.arrow of no later generation")
