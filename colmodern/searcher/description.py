"""What is an index? Counts, sizes, how it was made, and what runs here."""

from __future__ import annotations

from typing import Any

from colmodern import kernels
from colmodern.searcher.left_out import left_out_of
from colmodern.storage import IndexReader, ShardSetReader, drift


def describe(reader: IndexReader) -> dict[str, Any]:
    """Return plain values about an index, fit for JSON."""
    from colmodern.encoder import languages_of

    manifest = reader.manifest
    fit = drift(manifest)
    return {
        "index": reader.location,
        "documents": reader.n_documents,
        "tokens": reader.n_tokens,
        **({"shards": len(reader.shards)} if isinstance(reader, ShardSetReader) else {}),
        "segments": len(reader.segments),
        "bytes": reader.n_bytes,
        "bytes_a_token": round(reader.n_bytes / max(1, reader.n_tokens), 1),
        "dim": reader.codec.dim,
        "bits": reader.codec.bits,
        "pool": pool if type(pool := manifest.config.get("pool", 1)) is int else None,
        "centroids": reader.codec.n_centroids,
        "encoder": manifest.encoder.name,
        "languages": ", ".join(languages_of(manifest.encoder.name)) or None,
        "fingerprint": manifest.encoder.fingerprint,
        "not_indexed": left_out_of(manifest.config),
        "generation": manifest.generation,
        "drift": None if fit is None else round(fit, 2),
        "kernels": kernels.active_isa(),
    }
