"""Files to documents: which files are there, what do they say, and what has changed?

``scan`` finds files, ``find_changes`` says which of them need work, ``extract`` reads one, and an
``IdRegistry`` sees to it that no two documents share an id. This room knows nothing of tokens,
vectors or indexes.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING

from colmodern.corpus.formats import FORMATS, FileFormat, extractor_fingerprint, format_of
from colmodern.corpus.identity import IdRegistry
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.scan import JOBS_SUFFIX, is_gone, named_root, resolved, scan
from colmodern.corpus.sources import (
    Extracted,
    ExtractionError,
    Scan,
    Skipped,
    SkipReason,
    SkipTally,
    Source,
)

if TYPE_CHECKING:
    from colmodern.corpus.box import ExtractionPool
    from colmodern.corpus.changes import Changes, SourceState, find_changes, hash_source
    from colmodern.corpus.extraction import extract, page_at

# Imported when they are first used: whoever shows help reads no file.
_HOMES = {
    "Changes": "changes",
    "ExtractionPool": "box",
    "SourceState": "changes",
    "extract": "extraction",
    "find_changes": "changes",
    "hash_source": "changes",
    "page_at": "extraction",
}

__all__ = [
    "FORMATS",
    "JOBS_SUFFIX",
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
    "is_gone",
    "named_root",
    "page_at",
    "resolved",
    "scan",
]


def __getattr__(name: str) -> object:
    """Import a name; ``Format`` was ``FileFormat`` in 0.1, and goes with the next version."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name == "Format":
        warnings.warn(
            "colmodern.corpus.Format is called FileFormat now.", DeprecationWarning, stacklevel=2
        )
        return FileFormat
    raise AttributeError(f"module 'colmodern.corpus' has no attribute {name!r}")
