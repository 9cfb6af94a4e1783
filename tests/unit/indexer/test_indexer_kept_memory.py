"""Documents with much metadata, or a long title, and few tokens: few of them are held at once."""

import tracemalloc

import numpy as np
import pytest

from colmodern import HashEncoder, Indexer
from colmodern.indexer.sources.embedded import BATCH_KEPT, EmbeddedDocument, batched
from colmodern.types import Document

N = 200
KEPT = 1 << 20

pytestmark = pytest.mark.usefixtures("unsynced")


def documents():
    """Documents of a few tokens with a mebibyte each beside them."""
    for number in range(N):
        yield Document(f"d{number}", "few tokens", metadata={"m": "x" * KEPT})


def test_a_build_holds_few_of_them(tmp_path):
    tracemalloc.start()
    try:
        Indexer(tmp_path / "index", HashEncoder(dim=16)).build(documents())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < N * KEPT / 2


def test_documents_with_vectors_are_batched_by_what_is_kept_of_them():
    vectors = np.ones((2, 16), np.float32)
    rows = (
        EmbeddedDocument(one.id, vectors, text=one.text, metadata=one.metadata)
        for one in documents()
    )
    sizes = [len(batch.documents) for batch in batched(rows)]
    assert sum(sizes) == N
    assert max(sizes) <= BATCH_KEPT // KEPT
