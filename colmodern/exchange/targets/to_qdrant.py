"""A local store of Qdrant with one collection, ``documents``, of multivectors.

A point of Qdrant holds fewer than 1,048,576 numbers: 8,191 tokens of 128 dimensions. A longer
document becomes several points of equal ``document`` and rising ``part``: no token is left out.
What Qdrant finds is then the best part, whose score is not MaxSim of the whole; ``parts`` says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from colmodern.errors import MissingPackageError
from colmodern.exchange.rows import ExportedDocument
from colmodern.storage import IndexReader

COLLECTION = "documents"
VECTOR = "colbert"
MOST_NUMBERS = 1_048_575
"""How many numbers a multivector of Qdrant has at most."""
_BATCH = 64
_SPACE = uuid.UUID("7f6c4d9e-0b3a-5e61-9a54-2f1c9d7e8b10")


def write(output: Path, reader: IndexReader, rows: Iterator[ExportedDocument]) -> int:
    """Write a store and return how many points it has.

    Raises:
        MissingPackageError: The client of Qdrant is not installed.
    """
    try:
        from qdrant_client import QdrantClient, models
    except ImportError as error:
        package = "qdrant-client>=1.20"
        raise MissingPackageError(purpose="An export to Qdrant", package=package) from error
    client = QdrantClient(path=str(output))
    n_points = 0
    try:
        client.create_collection(
            COLLECTION, vectors_config={VECTOR: _parameters(models, reader.codec.dim)}
        )
        for some in _several(points_of(rows)):
            client.upsert(COLLECTION, [models.PointStruct(**point) for point in some])
            n_points += len(some)
    finally:
        client.close()
    return n_points


def points_of(rows: Iterable[ExportedDocument]) -> Iterator[dict[str, Any]]:
    """Yield the points of documents: id, vectors and payload; no vector for one without a token.

    An id is made of the document's id and the part, so that an export that is repeated writes the
    same points.
    """
    for row in rows:
        document = row.document
        most = MOST_NUMBERS // row.vectors.shape[1]
        starts = range(0, max(1, len(row.vectors)), most)
        for part, start in enumerate(starts):
            vectors = row.vectors[start : start + most].tolist()
            yield {
                "id": str(uuid.uuid5(_SPACE, f"{part} {document.id}")),
                "vector": {VECTOR: vectors} if vectors else {},
                "payload": {
                    "document": document.id,
                    "title": document.title,
                    "text": document.text if part == 0 else "",
                    "source": document.source,
                    "metadata": dict(document.metadata),
                    "part": part,
                    "parts": len(starts),
                },
            }


def _parameters(models: Any, dim: int) -> Any:
    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    return models.VectorParams(size=dim, distance=models.Distance.DOT, multivector_config=several)


def _several(points: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    for point in points:
        waiting.append(point)
        if len(waiting) == _BATCH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
