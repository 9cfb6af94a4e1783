"""Files to documents: which files are there, what do they say, and what has changed?

``scan`` finds files, ``find_changes`` says which of them need work, ``extract`` reads one, and an
``IdRegistry`` sees to it that no two documents share an id. This room knows nothing of tokens,
vectors or indexes.
"""

import warnings

from colmodern.corpus.box import ExtractionPool
from colmodern.corpus.changes import Changes, SourceState, find_changes, hash_source
from colmodern.corpus.extraction import extract, page_at
from colmodern.corpus.formats import FORMATS, FileFormat, extractor_fingerprint, format_of
from colmodern.corpus.identity import IdRegistry
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.scan import named_root, scan
from colmodern.corpus.sources import (
    Extracted,
    ExtractionError,
    Scan,
    Skipped,
    SkipReason,
    SkipTally,
    Source,
)

__all__ = [
    "FORMATS",
    "Changes",
    "Extracted",
    "ExtractionError",
    "ExtractionPool",
    "FileFormat",
    "IdRegistry",
    "Scan",
    "ScanOptions",
    "SkipReason",
    "SkipTally",
    "Skipped",
    "Source",
    "SourceState",
    "extract",
    "extractor_fingerprint",
    "find_changes",
    "format_of",
    "hash_source",
    "named_root",
    "page_at",
    "scan",
]


def __getattr__(name: str) -> object:
    """Return what had another name in version 0.1; goes with the next version."""
    if name == "Format":
        warnings.warn(
            "colmodern.corpus.Format is called FileFormat now.", DeprecationWarning, stacklevel=2
        )
        return FileFormat
    raise AttributeError(f"module 'colmodern.corpus' has no attribute {name!r}")
