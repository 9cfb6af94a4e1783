"""Which shard holds the document of an id? A hash of the id alone says it."""

from __future__ import annotations

from hashlib import blake2b
from unicodedata import normalize

__all__ = ["PLACEMENT", "shard_of"]

PLACEMENT = "blake2b-64"
"""What a set calls this rule; FORMAT.md has it in words."""


def shard_of(document_id: str, n_shards: int) -> int:
    """Return the number of a document's shard, from 0, among ``n_shards``.

    Ids that are one and the same (equal in composed form) have one shard.
    """
    if not document_id.isascii():
        document_id = normalize("NFC", document_id)
    # An id that is no text has a shard too: whoever takes documents refuses it, not this.
    data = document_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") % n_shards
