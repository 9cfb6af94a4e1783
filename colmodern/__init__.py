"""Late-interaction search for long documents, on the machine you have.

>>> from colmodern import Encoder, Indexer, Searcher  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.encoder import Encoder, HashEncoder
    from colmodern.errors import ColModernError
    from colmodern.indexer import EmbeddedDocument, Embeddings, Indexer, IndexReport
    from colmodern.request import Effort, IndexConfig, SearchParams, SearchRequest
    from colmodern.searcher import Explanation, Hit, Hits, Passage, Searcher
    from colmodern.storage import EncoderInfo
    from colmodern.types import Document, TokenEmbeddings

__version__ = "0.1.0"

# Names are imported when they are first used: a program that only searches does not pay for more.
_HOMES = {
    "ColModernError": "errors",
    "Document": "types",
    "Effort": "request",
    "EmbeddedDocument": "indexer",
    "Embeddings": "indexer",
    "Encoder": "encoder",
    "EncoderInfo": "storage",
    "Explanation": "searcher",
    "HashEncoder": "encoder",
    "Hit": "searcher",
    "Hits": "searcher",
    "IndexConfig": "request",
    "IndexReport": "indexer",
    "Indexer": "indexer",
    "Passage": "searcher",
    "SearchParams": "request",
    "SearchRequest": "request",
    "Searcher": "searcher",
    "TokenEmbeddings": "types",
}

__all__ = [
    "ColModernError",
    "Document",
    "Effort",
    "EmbeddedDocument",
    "Embeddings",
    "Encoder",
    "EncoderInfo",
    "Explanation",
    "HashEncoder",
    "Hit",
    "Hits",
    "IndexConfig",
    "IndexReport",
    "Indexer",
    "Passage",
    "SearchParams",
    "SearchRequest",
    "Searcher",
    "TokenEmbeddings",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(f"colmodern.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'colmodern' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
