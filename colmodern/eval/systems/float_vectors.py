"""What would be found if nothing were compressed or skipped? The reference for our search."""

from __future__ import annotations

import heapq
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colmodern.codec import DocumentReservoir
from colmodern.errors import EncoderError, InputError
from colmodern.eval.systems.building import build_once, folder_bytes
from colmodern.eval.systems.quotes import quoted
from colmodern.eval.systems.system import Answer, Built
from colmodern.kernels.scoring import expected_of_vectors, vector_scores
from colmodern.request import Scoring, SearchRequest
from colmodern.searcher import scoring_for
from colmodern.types import Document, DocumentEncoder, FloatMatrix, FloatVector, Progress

_BATCH_CHARS = 200_000
_BATCH_DOCUMENTS = 512
_BLOCK_TOKENS = 1 << 16
_DRAWN = ("drawn.npy", "drawn-offsets.npy")


class FloatVectors:
    """The score of every query with every document, from vectors rounded to 16-bit floats.

    What is expected of a match in the corrected score comes from documents that are drawn as those
    that an index keeps.

    The vectors lie in a memory-mapped file; about 65,000 of them are in memory as 32-bit floats at
    a time, more only if one document has more. Blocks of documents are the outer loop, so a query's
    search seconds include an equal share of reading each block.
    """

    def __init__(
        self,
        encoder: DocumentEncoder,
        *,
        threads: int = 1,
        scoring: Scoring | str = Scoring.AUTO,
    ) -> None:
        """Measure exact scores of an encoder's vectors.

        Args:
            encoder: Encodes documents and queries.
            threads: Threads of one search.
            scoring: ``maxsim``, ``corrected``, or what the encoder was made for, ``auto``.

        Raises:
            ConfigError: There is no such scoring.
        """
        self._encoder = encoder
        self._threads = threads
        self._asked = SearchRequest.of(None, {"scoring": scoring}).scoring
        self._scoring = scoring_for(encoder) if self._asked is Scoring.AUTO else self._asked
        self._folder: Path | None = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return ", ".join(["float", *self._said.values()])

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again."""
        options = {"threads": self._threads, "model": quoted(self._encoder.name), **self._said}
        return "float:" + ",".join(f"{name}={value}" for name, value in options.items())

    @property
    def options(self) -> Mapping[str, Any]:
        """Encoder, threads and how it scores."""
        return {
            "encoder": self._encoder.name,
            "threads": self._threads,
            "dtype": "float16",
            "scoring": str(self._scoring),
        }

    def index(
        self, documents: Iterable[Document], folder: Path, *, progress: Progress | None = None
    ) -> Built:
        """Encode documents into a file of 16-bit floats, or find it there."""
        path = folder / f"float16-drawn-{self._encoder.fingerprint[:12]}"
        build_s, peak = build_once(
            path, path.is_dir, lambda: _write(path, documents, self._encoder, progress)
        )
        self._folder = path
        return Built(
            index_bytes=folder_bytes(path),
            n_tokens=int(_offsets(path)[-1]),
            build_s=build_s,
            build_peak_bytes=peak,
            fingerprints={"model": self._encoder.fingerprint},
        )

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Encode all queries, then score every document for each."""
        assert self._folder is not None, "index() comes first"
        encoded: list[FloatMatrix] = []
        encode_s = []
        for text in queries.values():
            started = time.perf_counter()
            (tokens,) = self._encoder.encode_queries([text])
            encode_s.append(time.perf_counter() - started)
            encoded.append(np.ascontiguousarray(tokens.vectors, np.float32))
        tops: list[list[tuple[float, int]]] = [[] for _ in encoded]
        search_s = np.zeros(len(encoded))
        expected: list[FloatVector | None] = [None] * len(encoded)
        if self._scoring is Scoring.CORRECTED:
            drawn = _drawn(self._folder)
            for number, query in enumerate(encoded):
                started = time.perf_counter()
                expected[number] = expected_of_vectors(query, *drawn)
                search_s[number] += time.perf_counter() - started
        ids = json.loads((self._folder / "ids.json").read_text())
        for first, vectors, offsets, read_s in _blocks(self._folder, self._encoder.dim):
            search_s += read_s / max(1, len(encoded))
            for number, query in enumerate(encoded):
                started = time.perf_counter()
                if len(query):
                    scores = vector_scores(
                        query,
                        vectors,
                        offsets,
                        self._scoring,
                        expected=expected[number],
                        threads=self._threads,
                    )
                    _keep_best(tops[number], scores, first, k)
                search_s[number] += time.perf_counter() - started
        for top, encode, search in zip(tops, encode_s, search_s.tolist(), strict=True):
            ranking = tuple((ids[-minus], score) for score, minus in sorted(top, reverse=True))
            yield Answer(ranking, encode, search)

    @property
    def _said(self) -> dict[str, str]:
        """How matches make a score, where that was said."""
        return {} if self._asked is Scoring.AUTO else {"scoring": str(self._asked)}

    def close(self) -> None:
        """Drop what was read of the folder."""
        self._folder = None


def _keep_best(
    top: list[tuple[float, int]], scores: NDArray[np.float32], first: int, k: int
) -> None:
    """Keep the best k as a heap of (score, -position): of equal scores the earlier one stays."""
    floor = top[0][0] if len(top) == k else -np.inf
    for document in np.flatnonzero(scores > floor).tolist():
        item = (float(scores[document]), -(first + document))
        if len(top) < k:
            heapq.heappush(top, item)
        elif item > top[0]:
            heapq.heapreplace(top, item)


def _write(
    path: Path,
    documents: Iterable[Document],
    encoder: DocumentEncoder,
    progress: Progress | None,
) -> None:
    """Write vectors, offsets and ids into a scratch folder and rename it when all is there."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    ids: list[str] = []
    lengths: list[int] = []
    drawn = DocumentReservoir(encoder.dim, seed=0)
    try:
        with (scratch / "vectors.f16").open("wb") as out:
            for batch in _batches(documents):
                texts = [f"{d.title} {d.text}" if d.title else d.text for d in batch]
                for document, tokens in zip(batch, encoder.encode_documents(texts), strict=True):
                    if not np.isfinite(tokens.vectors).all():
                        raise EncoderError(
                            f"Encoder {encoder.name} gave vectors of document {document.id!r} that "
                            "are not finite.",
                            code="encoder_result_invalid",
                        )
                    out.write(tokens.vectors.astype(np.float16).tobytes())
                    drawn.offer(tokens.vectors)
                    ids.append(document.id)
                    lengths.append(len(tokens))
                if progress is not None:
                    progress("encoding", len(ids), 0)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        np.save(scratch / "offsets.npy", offsets)
        vectors_drawn, offsets_drawn = drawn.documents
        np.save(scratch / _DRAWN[0], vectors_drawn)
        np.save(scratch / _DRAWN[1], offsets_drawn)
        (scratch / "ids.json").write_text(json.dumps(ids))
        scratch.replace(path)
    except OSError as err:
        raise InputError(
            f"Cannot write the vectors to {path}: {err.strerror or err}.", code="file_not_written"
        ) from err
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    chars = 0
    for document in documents:
        batch.append(document)
        chars += len(document.text)
        if chars >= _BATCH_CHARS or len(batch) >= _BATCH_DOCUMENTS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _offsets(path: Path) -> NDArray[np.int64]:
    offsets: NDArray[np.int64] = np.load(path / "offsets.npy")
    return offsets


def _drawn(path: Path) -> tuple[FloatMatrix, NDArray[np.int64]]:
    """Return the vectors and the offsets of the documents that were drawn."""
    vectors, offsets = (np.load(path / name) for name in _DRAWN)
    return vectors, offsets


def _blocks(path: Path, dim: int) -> Iterator[tuple[int, FloatMatrix, NDArray[np.int64], float]]:
    """Yield the first document, vectors (float32), offsets and reading time of each block."""
    offsets = _offsets(path)
    if not offsets[-1]:
        return
    stored = np.memmap(path / "vectors.f16", np.float16, "r", shape=(int(offsets[-1]), dim))
    first = 0
    while first < len(offsets) - 1:
        started = time.perf_counter()
        limit = offsets[first] + _BLOCK_TOKENS
        last = max(first + 1, int(np.searchsorted(offsets, limit, side="right")) - 1)
        block = stored[offsets[first] : offsets[last]].astype(np.float32)
        local = offsets[first : last + 1] - offsets[first]
        yield first, block, local, time.perf_counter() - started
        first = last
