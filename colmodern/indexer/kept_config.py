"""Which of the options in a manifest say how the index is built?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colmodern.indexer.scans import KEY as SCANS
from colmodern.request import IndexConfig
from colmodern.storage import TrainingRecord

__all__ = ["config_of"]


def config_of(config: Mapping[str, Any]) -> IndexConfig:
    """Return the options of a build among those in a manifest."""
    options = TrainingRecord.without(config)
    options.pop(SCANS, None)
    return IndexConfig.from_dict(options)
