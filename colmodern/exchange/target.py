"""For what can an index be exported?"""

from __future__ import annotations

from enum import StrEnum


class Target(StrEnum):
    """What an export is for."""

    PARQUET = "parquet"
    NPZ = "npz"
    LANCEDB = "lancedb"
    QDRANT = "qdrant"
