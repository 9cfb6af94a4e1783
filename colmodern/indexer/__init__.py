"""From documents to an index: read, spool, encode, compress, commit."""

from colmodern.indexer.indexer import Indexer, delete
from colmodern.indexer.report import IndexReport

__all__ = ["IndexReport", "Indexer", "delete"]
