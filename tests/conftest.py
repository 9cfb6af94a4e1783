"""Small indexes for the tests of storage."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Self

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings

from colmodern.codec import Codec, Codes, train_codec
from colmodern.storage import (
    Directory,
    EncoderInfo,
    IndexLocation,
    IndexWriter,
    LocalDirectory,
    MemoryDirectory,
    StoredDocument,
)

# A busy machine is no failure: what is slow is told by --durations.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# No test leaves anything in the cache of whoever runs it; those of the cache name a folder.
os.environ["COLMODERN_CACHE"] = "off"


@pytest.fixture(autouse=True)
def closed_pipes() -> Iterator[None]:
    """Keep closed pipes an error for the next test; a command that printed lets them end it."""
    yield
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


DIM = 16


class IndexKit:
    """Makes documents with random codes, and indexes of them."""

    encoder = EncoderInfo("hash", "00ff", DIM)

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    @classmethod
    def with_codec(cls) -> Self:
        vectors = np.random.default_rng(0).standard_normal((200, DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return cls(train_codec(vectors, bits=4, n_centroids=8))

    def codes(self, n_tokens: int, *, seed: int = 0) -> Codes:
        rng = np.random.default_rng(seed)
        return Codes(
            rng.integers(0, self.codec.n_centroids, n_tokens).astype(np.uint16),
            rng.integers(0, 256, (n_tokens, DIM // 2)).astype(np.uint8),
            rng.random(n_tokens).astype(np.float16),
            rng.random(n_tokens).astype(np.float16),
        )

    def spans(self, n_tokens: int) -> np.ndarray:
        starts = np.arange(n_tokens, dtype=np.int32) * 3
        return np.stack([starts, starts + 2], axis=1)

    def add(self, writer: IndexWriter, ids, *, n_tokens: int = 5, text: str = "some text") -> None:
        """Add one segment of documents, with as many tokens each."""
        segment = writer.new_segment()
        for seed, name in enumerate(ids):
            document = StoredDocument(name, f"{text} {name}", content_hash=f"{text} {name}")
            segment.add(document, self.codes(n_tokens, seed=seed), self.spans(n_tokens))
        segment.finish()

    def create(self, path: IndexLocation, **options) -> IndexWriter:
        return IndexWriter.create(
            path, self.codec, encoder=self.encoder, config={"bits": 4}, **options
        )

    def build(self, path: IndexLocation, *segments) -> IndexLocation:
        """Commit an index with a segment for each list of ids."""
        with self.create(path) as writer:
            for ids in segments:
                self.add(writer, ids)
            writer.commit()
        return path

    @staticmethod
    def names(directory: Directory) -> list[str]:
        """Return the names of all files."""
        if isinstance(directory, MemoryDirectory):
            return sorted(directory._files)
        files = (path for path in directory.path.rglob("*") if path.is_file())
        return sorted(file.relative_to(directory.path).as_posix() for file in files)

    @staticmethod
    def overwrite(directory: Directory, name: str, data: bytes) -> None:
        """Give a file other bytes, as damage does."""
        if isinstance(directory, MemoryDirectory):
            directory.publish(name, pa.py_buffer(bytes(data)))
        else:
            (directory.path / name).write_bytes(data)


@pytest.fixture(params=["local", "memory"])
def home(request, tmp_path) -> Callable[[str], Directory]:
    """Gives the directory with a name, where an index may be: a folder, or memory."""
    known: dict[str, MemoryDirectory] = {}

    def named(name: str) -> Directory:
        if request.param == "local":
            return LocalDirectory(tmp_path / name)
        return known.setdefault(name, MemoryDirectory(name))

    return named


@pytest.fixture
def unsynced(monkeypatch):
    """Do not wait for the disk: only a power cut would tell the difference."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="session")
def kit() -> IndexKit:
    return IndexKit.with_codec()
