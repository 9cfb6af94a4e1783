"""From documents to an index: read, spool, encode, compress, commit; or from ready vectors."""

from colmodern.indexer.embedded import EmbeddedDocument
from colmodern.indexer.embeddings import Embeddings
from colmodern.indexer.indexer import Indexer, compact, delete
from colmodern.indexer.pooling import pool_tokens
from colmodern.indexer.report import IndexReport
from colmodern.indexer.status import IndexStatus, status
from colmodern.indexer.watch import watch

__all__ = [
    "EmbeddedDocument",
    "Embeddings",
    "IndexReport",
    "IndexStatus",
    "Indexer",
    "compact",
    "delete",
    "pool_tokens",
    "status",
    "watch",
]
