"""Which documents has a segment? A checksum of the columns that say so, without the texts.

What a change does depends on ids, content hashes and numbers of tokens. They are a small part of
their file, so they have a checksum of their own: a change that touches no text reads none.
"""

from __future__ import annotations

from hashlib import blake2b

from colmodern.storage.format.manifest import CHECKSUM_BYTES
from colmodern.storage.format.tables import Table

__all__ = ["keys_checksum"]


def keys_checksum(documents: Table) -> str:
    """Return the checksum of the key columns of a documents table, in hex; see FORMAT.md.

    Raises:
        IndexCorruptError: A column does not lie within the file.
    """
    digest = blake2b(digest_size=CHECKSUM_BYTES)
    for name in ("id", "content_hash"):
        column = documents.strings(name)
        digest.update(column.offsets.data)
        digest.update(column.data)
    digest.update(documents.vector("id_order").data)
    digest.update(documents.offsets("spans").data)
    return digest.hexdigest()
