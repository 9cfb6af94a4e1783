"""Which of the options in a manifest say how the index is built?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colmodern.indexer.scans import KEY as SCANS
from colmodern.request import IndexConfig
from colmodern.storage import TrainingRecord, open_reader

__all__ = ["config_at", "config_of"]


def config_of(config: Mapping[str, Any]) -> IndexConfig:
    """Return the options of a build among those in a manifest."""
    options = TrainingRecord.without(config)
    options.pop(SCANS, None)
    return IndexConfig.from_dict(options)


def config_at(path: Path) -> IndexConfig:
    """Return how the index in a folder is built.

    Raises:
        IndexStoreError: There is none, or it cannot be read.
    """
    with open_reader(path) as reader:
        return config_of(reader.manifest.config)
