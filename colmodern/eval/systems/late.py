"""Our own search, at any effort and number of bits; or an index that is open already."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from colmodern.eval.systems.building import build_once, folder_bytes
from colmodern.eval.systems.quotes import quoted
from colmodern.eval.systems.system import Answer, Built
from colmodern.indexer import Indexer
from colmodern.options import Door, Options, options_of
from colmodern.request import Effort, IndexConfig, Mode, SearchRequest
from colmodern.searcher import Searcher
from colmodern.storage import LocalDirectory, exists
from colmodern.storage.format.names import MANIFEST, set_name
from colmodern.storage.snapshot.shard_set import newest_generation
from colmodern.types import (
    Document,
    DocumentEncoder,
    Progress,
    QueryEncoder,
    TokenEmbeddings,
)

_NO_TOKENS = TokenEmbeddings(np.zeros((0, 0), np.float32), np.zeros((0, 2), np.int32))


class Late:
    """Late interaction in the compressed domain: encodes, indexes and searches."""

    def __init__(
        self, encoder: DocumentEncoder, *, config: IndexConfig | None = None, **options: Any
    ) -> None:
        """Measure our search.

        Args:
            encoder: Encodes documents and queries.
            config: How to index, instead of options.
            **options: Those fields of ``IndexConfig`` that a spec can say, and of
                ``SearchRequest``; mode late and one thread by default. Mode ``auto`` is the one
                that a query has in the index, whose words are there.

        Raises:
            ConfigError: An option is not allowed.
            TypeError: There is no such option.
        """
        said = {name: options.pop(name) for name in _in_specs(IndexConfig) if name in options}
        self._config = config or IndexConfig(**said)
        self._is_plain = all(
            value == getattr(IndexConfig(), name)
            for name, value in self._config.to_dict().items()
            if name not in _in_specs(IndexConfig)
        )
        plain = {"threads": 1, "passages": False, "mode": Mode.LATE}
        self._request = _in_mode(SearchRequest.of(None, {**plain, **options}), has_words=True)
        self._encoder = encoder
        self._searcher: Searcher | None = None

    @property
    def name(self) -> str:
        """What to call it in a table."""
        request = self._request
        if request.mode is Mode.BM25:
            return "BM25 of the index"
        name = f"{request.mode} {request.effort}, {self._config.bits} bits"
        said = {**self._indexed, **self._searched}
        said.pop("mode", None)
        return ", ".join([name, *(_named(option, value) for option, value in said.items())])

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again; None with options that no spec can say."""
        if not self._is_plain:
            return None
        said = {
            "bits": self._config.bits,
            **self._indexed,
            "threads": self._request.threads,
            "model": quoted(self._encoder.name),
            **self._searched,
        }
        return f"late:{self._request.effort}," + ",".join(
            f"{name}={_word(value)}" for name, value in said.items()
        )

    @property
    def options(self) -> Mapping[str, Any]:
        """Encoder, effort, threads and how it is indexed."""
        return {
            "encoder": self._encoder.name,
            "effort": str(self._request.effort),
            "threads": self._request.threads,
            **self._searched,
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
            lambda: exists(path),
            lambda: indexer.build(documents, progress=progress),
        )
        if self._request.mode is not Mode.LATE:
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
        return _search(self._searcher, self._encoder, queries, replace(self._request, k=k))

    @property
    def _indexed(self) -> dict[str, Any]:
        """What differs from a plain index, bits aside."""
        if self._config.pool == 1:
            return _said(self._config, also=(), but=("bits", "pooling"))
        return _said(self._config, also=("pooling",), but=("bits",))

    @property
    def _searched(self) -> dict[str, Any]:
        """What differs from plain late interaction, effort and threads aside."""
        if self._request.mode is Mode.HYBRID:
            return _said(self._request, also=("fusion",), but=("effort", "threads"))
        unsaid = ["effort", "threads", "fusion", "word_weight"]
        if self._request.mode is Mode.LATE:
            unsaid.append("mode")
        return _said(self._request, also=(), but=unsaid)

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
        options = {"effort": effort, "threads": threads, "passages": False}
        asked = SearchRequest.of(None, options)
        self._request = _in_mode(asked, has_words=searcher.has_words)
        self._searcher = searcher

    @property
    def name(self) -> str:
        """What to call it in a table."""
        request, bits = self._request, self._searcher.describe()["bits"]
        return f"{request.mode} {request.effort}, {bits} bits"

    @property
    def spec(self) -> str | None:
        """None: no spec describes a searcher that is open."""
        return None

    @property
    def options(self) -> Mapping[str, Any]:
        """What is open, and how it is searched."""
        about = self._searcher.describe()
        kept = {name: about[name] for name in ("index", "encoder", "bits", "centroids")}
        request = self._request
        said = {"mode": str(request.mode), "effort": str(request.effort)}
        return {**kept, **said, "threads": request.threads}

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
        request = replace(self._request, k=k)
        return _search(self._searcher, self._searcher.encoder, queries, request)

    def close(self) -> None:
        """Do nothing: who opened the searcher closes it."""


def _in_mode(request: SearchRequest, *, has_words: bool) -> SearchRequest:
    """Return a request in the mode that queries with words have in an index."""
    mode = request.mode_said
    if mode is Mode.AUTO:
        mode = Mode.HYBRID if has_words else Mode.LATE
    return replace(request, mode=mode)


def _search(
    searcher: Searcher, encoder: QueryEncoder, queries: Mapping[str, str], request: SearchRequest
) -> Iterator[Answer]:
    for text in queries.values():
        started = time.perf_counter()
        tokens = _NO_TOKENS if request.mode is Mode.BM25 else encoder.encode_queries([text])[0]
        encoded = time.perf_counter()
        is_asked = text.strip() if request.mode is Mode.BM25 else len(tokens)
        hits = searcher.search_embeddings(tokens, request, query=text) if is_asked else []
        searched = time.perf_counter()
        ranking = tuple((hit.doc_id, hit.score) for hit in hits)
        yield Answer(ranking, encoded - started, searched - encoded)


def _in_specs(kind: type[Options]) -> tuple[str, ...]:
    """Return the names of the options that a spec can say."""
    return tuple(one.name for one in options_of(kind) if Door.SPEC in one.doors)


def _said(options: Options, *, also: Sequence[str], but: Sequence[str]) -> dict[str, Any]:
    """Return the options that a spec says: what differs from the defaults, and some more."""
    plain = options.to_dict()
    return {
        one.name: plain[one.name]
        for one in options_of(type(options))
        if one.name in _in_specs(type(options))
        and one.name not in but
        and (one.name in also or plain[one.name] != one.default)
    }


def _named(option: str, value: Any) -> str:
    """Return an option as a system's name has it: a number with what it is, a word alone."""
    if isinstance(value, str):
        return value
    known = options_of(IndexConfig) + options_of(SearchRequest)
    label = next(one.label for one in known if one.name == option)
    if label is None:
        label = option.replace("_", " ")
    return f"{label} {_word(value)}".lstrip()


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fingerprints(encoder: QueryEncoder, path: Path) -> dict[str, str]:
    directory = LocalDirectory(path)
    generation = newest_generation(directory)
    data = directory.read(set_name(generation) if generation else MANIFEST)
    index = hashlib.sha256(data).hexdigest()
    return {"model": encoder.fingerprint, "index": index}
