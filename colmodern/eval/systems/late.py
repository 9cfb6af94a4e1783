"""Our own search, at any effort and number of bits; or an index that is open already."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from colmodern.config import Effort, IndexConfig, SearchParams
from colmodern.eval.systems.building import build_once, folder_bytes
from colmodern.eval.systems.system import Answer, Built
from colmodern.indexer import Indexer
from colmodern.searcher import Searcher
from colmodern.types import Document, DocumentEncoder, Progress, QueryEncoder


class Late:
    """Late interaction in the compressed domain: encodes, indexes and searches."""

    def __init__(
        self,
        encoder: DocumentEncoder,
        *,
        effort: Effort | str = Effort.MEDIUM,
        bits: int = 4,
        threads: int = 1,
        config: IndexConfig | None = None,
    ) -> None:
        """Measure our search.

        Args:
            encoder: Encodes documents and queries.
            effort: ``low``, ``medium``, ``high`` or ``exact``.
            bits: Bits a dimension.
            threads: Threads of one search.
            config: How to index, instead of ``bits``.

        Raises:
            ConfigError: An option is not allowed.
        """
        SearchParams.for_k(1, effort=effort, threads=threads)
        self._encoder = encoder
        self._effort = Effort(effort)
        self._threads = threads
        self._config = config or IndexConfig(bits=bits)
        self._is_plain = self._config == IndexConfig(bits=self._config.bits)
        self._searcher: Searcher | None = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return f"late {self._effort}, {self._config.bits} bits"

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again; None with options that no spec can say."""
        if not self._is_plain:
            return None
        return (
            f"late:{self._effort},bits={self._config.bits},threads={self._threads},"
            f"model={self._encoder.name}"
        )

    @property
    def options(self) -> Mapping[str, Any]:
        """Encoder, effort, threads and how it is indexed."""
        return {
            "encoder": self._encoder.name,
            "effort": str(self._effort),
            "threads": self._threads,
            **self._config.to_dict(),
        }

    def index(
        self, documents: Iterable[Document], folder: Path, *, progress: Progress | None = None
    ) -> Built:
        """Encode and index documents, or open the index of them that is there.

        Raises:
            IndexStoreError: The folder cannot be written, or holds an index that cannot be read.
        """
        parts = [f"late-{self._config.bits}bit", self._encoder.fingerprint[:12]]
        if not self._is_plain:
            settings = repr(sorted(self._config.to_dict().items()))
            parts.append(hashlib.sha256(settings.encode()).hexdigest()[:8])
        path = folder / "-".join(parts)
        indexer = Indexer(path, self._encoder, config=self._config)
        build_s, peak = build_once(
            path,
            (path / "manifest.json").exists,
            lambda: indexer.build(documents, progress=progress),
        )
        self._searcher = Searcher.open(path, self._encoder)
        return Built(
            n_documents=self._searcher.n_documents,
            index_bytes=folder_bytes(path),
            n_tokens=self._searcher.describe()["tokens"],
            build_s=build_s,
            build_peak_bytes=peak,
            fingerprints=_fingerprints(self._encoder, path),
        )

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Encode and search one query after the other."""
        assert self._searcher is not None, "index() comes first"
        params = SearchParams.for_k(k, effort=self._effort, threads=self._threads)
        return _search(self._searcher, self._encoder, queries, params)

    def close(self) -> None:
        """Close the index."""
        if self._searcher is not None:
            self._searcher.close()
            self._searcher = None


class OpenIndex:
    """An index that exists and is open; it must be one of the collection's documents."""

    def __init__(
        self, searcher: Searcher, *, effort: Effort | str = Effort.MEDIUM, threads: int = 1
    ) -> None:
        """Measure a searcher, which stays open.

        Raises:
            ConfigError: An option is not allowed.
        """
        SearchParams.for_k(1, effort=effort, threads=threads)
        self._searcher = searcher
        self._effort = Effort(effort)
        self._threads = threads

    @property
    def name(self) -> str:
        """What to call it in a table."""
        return f"late {self._effort}, {self._searcher.describe()['bits']} bits"

    @property
    def spec(self) -> str | None:
        """None: nobody else has this searcher."""
        return None

    @property
    def options(self) -> Mapping[str, Any]:
        """What is open, and how it is searched."""
        about = self._searcher.describe()
        kept = {name: about[name] for name in ("index", "encoder", "bits", "centroids")}
        return {**kept, "effort": str(self._effort), "threads": self._threads}

    def index(
        self,
        documents: Iterable[Document],  # noqa: ARG002
        folder: Path,  # noqa: ARG002
        *,
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Built:
        """Index nothing; say what is there."""
        about = self._searcher.describe()
        return Built(
            n_documents=about["documents"],
            index_bytes=about["bytes"],
            n_tokens=about["tokens"],
            fingerprints=_fingerprints(self._searcher.encoder, Path(about["index"])),
        )

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Encode and search one query after the other."""
        params = SearchParams.for_k(k, effort=self._effort, threads=self._threads)
        return _search(self._searcher, self._searcher.encoder, queries, params)

    def close(self) -> None:
        """Leave the searcher to its owner."""


def _search(
    searcher: Searcher, encoder: QueryEncoder, queries: Mapping[str, str], params: SearchParams
) -> Iterator[Answer]:
    for text in queries.values():
        started = time.perf_counter()
        (tokens,) = encoder.encode_queries([text])
        encoded = time.perf_counter()
        hits = searcher.search_embeddings(tokens, params, query=text) if len(tokens) else []
        searched = time.perf_counter()
        ranking = tuple((hit.doc_id, hit.score) for hit in hits)
        yield Answer(ranking, encoded - started, searched - encoded)


def _fingerprints(encoder: QueryEncoder, path: Path) -> dict[str, str]:
    index = hashlib.sha256((path / "manifest.json").read_bytes()).hexdigest()
    return {"model": encoder.fingerprint, "index": index}
