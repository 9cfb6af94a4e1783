"""Our own search, at any effort and number of bits; or an index that is open already."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.config import (
    Effort,
    Fusion,
    IndexConfig,
    Mode,
    Pooling,
    Scoring,
    SearchParams,
)
from colmodern.eval.systems.building import build_once, folder_bytes
from colmodern.eval.systems.system import Answer, Built
from colmodern.indexer import Indexer
from colmodern.searcher import Searcher
from colmodern.types import (
    Document,
    DocumentEncoder,
    Progress,
    QueryEncoder,
    TokenEmbeddings,
)

_NUMBERS_WITH_NAMES = ("pool", "passage_weight")
_NO_TOKENS = TokenEmbeddings(np.zeros((0, 0), np.float32), np.zeros((0, 2), np.int32))


class Late:
    """Late interaction in the compressed domain: encodes, indexes and searches."""

    def __init__(
        self,
        encoder: DocumentEncoder,
        *,
        effort: Effort | str = Effort.MEDIUM,
        bits: int = 4,
        pool: int = 1,
        pooling: Pooling | str = Pooling.CLOSEST,
        threads: int = 1,
        mode: Mode | str = Mode.LATE,
        fusion: Fusion | str = Fusion.SCORES,
        word_weight: float | None = None,
        scoring: Scoring | str = Scoring.AUTO,
        passage_weight: float = 0.0,
        config: IndexConfig | None = None,
    ) -> None:
        """Measure our search.

        Args:
            encoder: Encodes documents and queries.
            effort: ``low``, ``medium``, ``high`` or ``exact``.
            bits: Bits a dimension.
            pool: How many tokens of a document share a vector.
            pooling: Which do, ``adjacent`` or ``closest``.
            threads: Threads of one search.
            mode: ``late``, ``bm25`` or ``hybrid``, all from the same index.
            fusion: ``rrf`` or ``scores``: how the hybrid mode fuses.
            word_weight: How much BM25 counts in the hybrid mode; None: by the documents' length.
            scoring: ``maxsim``, ``corrected``, or what the encoder was made for, ``auto``.
            passage_weight: How much the best passage counts beside the whole document.
            config: How to index, instead of ``bits``, ``pool`` and ``pooling``.

        Raises:
            ConfigError: An option is not allowed.
        """
        self._params = SearchParams.for_k(
            1,
            effort=effort,
            threads=threads,
            mode=mode,
            fusion=fusion,
            word_weight=word_weight,
            scoring=scoring,
            passage_weight=passage_weight,
        )
        self._encoder = encoder
        self._effort = Effort(effort)
        said = {"bits": bits, "pool": pool, "pooling": pooling}
        self._config = config or IndexConfig.from_dict(said)
        self._is_plain = all(
            value == getattr(IndexConfig(), name)
            for name, value in self._config.to_dict().items()
            if name not in said
        )
        self._searcher: Searcher | None = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        if self._params.mode is Mode.BM25:
            return "BM25 of the index"
        name = f"{self._params.mode} {self._effort}, {self._config.bits} bits"
        said = {**self._pooled, **self._fusing, **self._scoring}
        words = (
            f"{option.split('_')[0]} {value}" if option in _NUMBERS_WITH_NAMES else str(value)
            for option, value in said.items()
        )
        return ", ".join([name, *words])

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again; None with options that no spec can say."""
        if not self._is_plain:
            return None
        said = {
            "bits": self._config.bits,
            **self._pooled,
            "threads": self._params.threads,
            "model": self._encoder.name,
            **self._moding,
        }
        return f"late:{self._effort}," + ",".join(f"{key}={value}" for key, value in said.items())

    @property
    def options(self) -> Mapping[str, Any]:
        """Encoder, effort, threads and how it is indexed."""
        return {
            "encoder": self._encoder.name,
            "effort": str(self._effort),
            "threads": self._params.threads,
            **self._moding,
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
        if self._config != IndexConfig(bits=self._config.bits):
            settings = repr(sorted(self._config.to_dict().items()))
            parts.append(hashlib.sha256(settings.encode()).hexdigest()[:8])
        path = folder / "-".join(parts)
        indexer = Indexer(path, self._encoder, config=self._config)
        build_s, peak = build_once(
            path,
            (path / "manifest.json").exists,
            lambda: indexer.build(documents, progress=progress),
        )
        if self._params.mode is not Mode.LATE:
            indexer.update([])  # counts the words of an index that an older program made
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
        params = SearchParams.for_k(
            k,
            effort=self._effort,
            threads=self._params.threads,
            mode=self._params.mode,
            fusion=self._params.fusion,
            word_weight=self._params.word_weight,
            scoring=self._params.scoring,
            passage_weight=self._params.passage_weight,
        )
        return _search(self._searcher, self._encoder, queries, params)

    @property
    def _pooled(self) -> dict[str, Any]:
        """How tokens share vectors, where they do."""
        if self._config.pool == 1:
            return {}
        return {"pool": self._config.pool, "pooling": str(self._config.pooling)}

    @property
    def _fusing(self) -> dict[str, Any]:
        """How two orders are fused, where they are."""
        if self._params.mode is not Mode.HYBRID:
            return {}
        weight = self._params.word_weight
        said = {} if weight is None else {"word_weight": weight}
        return {"fusion": str(self._params.fusion), **said}

    @property
    def _moding(self) -> dict[str, Any]:
        """What differs from plain late interaction."""
        mode = self._params.mode
        moding = {} if mode is Mode.LATE else {"mode": str(mode), **self._fusing}
        return {**moding, **self._scoring}

    @property
    def _scoring(self) -> dict[str, Any]:
        """How matches make a score, and how much a passage counts, where that was said."""
        said: dict[str, Any] = {}
        if self._params.scoring is not Scoring.AUTO:
            said["scoring"] = str(self._params.scoring)
        if self._params.passage_weight:
            said["passage_weight"] = self._params.passage_weight
        return said

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
        tokens = _NO_TOKENS if params.mode is Mode.BM25 else encoder.encode_queries([text])[0]
        encoded = time.perf_counter()
        is_asked = text.strip() if params.mode is Mode.BM25 else len(tokens)
        hits = searcher.search_embeddings(tokens, params, query=text) if is_asked else []
        searched = time.perf_counter()
        ranking = tuple((hit.doc_id, hit.score) for hit in hits)
        yield Answer(ranking, encoded - started, searched - encoded)


def _fingerprints(encoder: QueryEncoder, path: Path) -> dict[str, str]:
    index = hashlib.sha256((path / "manifest.json").read_bytes()).hexdigest()
    return {"model": encoder.fingerprint, "index": index}
