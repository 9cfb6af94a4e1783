"""From documents to an index: read, spool, encode, compress, commit; or from ready vectors."""

from colmodern.indexer.embedded import EmbeddedDocument
from colmodern.indexer.embeddings import Embeddings
from colmodern.indexer.indexer import Indexer, compact, delete
from colmodern.indexer.report import IndexReport

__all__ = ["EmbeddedDocument", "Embeddings", "IndexReport", "Indexer", "compact", "delete"]
