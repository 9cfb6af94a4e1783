"""From documents to an index: read, spool, encode, compress, commit; or from ready vectors."""

from colmodern.indexer.indexer import Indexer
from colmodern.indexer.maintenance import compact, delete
from colmodern.indexer.pooling import pool_tokens
from colmodern.indexer.repair import RepairReport, repair
from colmodern.indexer.report import IndexReport
from colmodern.indexer.sources.embedded import EmbeddedDocument
from colmodern.indexer.sources.embeddings import Embeddings
from colmodern.indexer.status import IndexStatus, status
from colmodern.indexer.waiting import when_free
from colmodern.indexer.watch import watch

__all__ = [
    "EmbeddedDocument",
    "Embeddings",
    "IndexReport",
    "IndexStatus",
    "Indexer",
    "RepairReport",
    "compact",
    "delete",
    "pool_tokens",
    "repair",
    "status",
    "watch",
    "when_free",
]
