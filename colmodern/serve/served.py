"""What is served of one index? Its newest state, to requests that may outlive it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from colmodern.errors import ConfigError, RequestRefusedError
from colmodern.indexer.agreement import UNNAMED
from colmodern.remote.reading import open_index
from colmodern.request import SearchRequest
from colmodern.searcher import Searcher
from colmodern.searcher.checks import encoder_of, found_document
from colmodern.serve.encoding import NoEncoder, SharedEncoder
from colmodern.serve.pause import Pause
from colmodern.serve.stopwatch import Stopwatch
from colmodern.storage import IndexReader, StoredDocument
from colmodern.storage.snapshot.reader import closed_if_it_fails
from colmodern.types import QueryEncoder, TokenEmbeddings

# A thread more is of use for so many tokens more. Below that, handing work over costs a search more
# than it gains, and the next one waits.
_TOKENS_A_THREAD = 4_000_000

_WARMING = SearchRequest(k=1, probes=1, gathered=1, candidates=1, passages=False)


class Snapshot:
    """One state of an index, open as long as a request uses it."""

    def __init__(self, reader: IndexReader, encoder: SharedEncoder) -> None:
        """Search what ``reader`` has open."""
        self.reader = reader
        self.searcher = Searcher(reader, encoder)
        self.encoder = encoder
        self.opened = time.time()
        self.n_users = 1  # who serves it
        self._changes = threading.Lock()

    @property
    def generation(self) -> int:
        """The number of the commit whose state this is."""
        return self.reader.manifest.generation

    @cached_property
    def state(self) -> str:
        """What tells this state from any other, also of another index: a copy has the same."""
        files = [f"{one.name} {one.checksum}" for one in self.reader.manifest.files()]
        return hashlib.blake2b("\n".join(sorted(files)).encode(), digest_size=16).hexdigest()

    @property
    def version(self) -> str:
        """What an answer of this state is told by: one index in another's place has other files."""
        return f"{self.generation}-{self.state[:16]}"

    @property
    def n_useful_threads(self) -> int:
        """How many threads one search has a use for."""
        return max(1, self.reader.n_tokens // _TOKENS_A_THREAD)

    def document(self, doc_id: str) -> StoredDocument:
        """Return a live document.

        Raises:
            InputError: There is none of this id.
        """
        segment, position = found_document(self.reader, doc_id)
        return segment.document(position)

    def warm(self) -> None:
        """Search once, so that the first request finds everything open and mapped."""
        if self.reader.n_documents:
            vector = np.ones((1, self.reader.codec.dim), np.float32)
            vector /= np.linalg.norm(vector)
            tokens = TokenEmbeddings(vector, np.zeros((1, 2), np.int32))
            # No vector of a query is like this one, so need would not decide when to stop.
            self.searcher.search_embeddings(tokens, _WARMING, query="a")

    def take(self) -> bool:
        """Keep it open for one user more; False if it is closed already."""
        with self._changes:
            if not self.n_users:
                return False
            self.n_users += 1
            return True

    def leave(self) -> None:
        """Be no user of it any more; the last one closes it."""
        with self._changes:
            self.n_users -= 1
            if self.n_users:
                return
        self.searcher.close()


class ServedIndex:
    """An index under a name; ``use`` it for a request, ``refresh`` it now and then.

    Attributes:
        name: What requests call it.
        path: Where it is.
        names_encoder: Whether that is the one that the index names, which any process can load.
        follow: Called when another state is served.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        encoder: QueryEncoder | None = None,
        *,
        shard: int | None = None,
    ) -> None:
        """Open the index in the folder, or at the URL, ``path``, and load its encoder.

        It is not loaded if one is given.

        Args:
            name: What requests call it.
            path: Where it is.
            encoder: What encodes queries; None: what the index names.
            shard: Which shard is served of the set that is there, from 1; None: all there is.

        Raises:
            ConfigError: The set has no such shard.
            EncoderError: Its encoder cannot be loaded.
            EncoderMismatchError: It was made with another encoder than the one given.
            IndexStoreError: There is no index, or it cannot be read.
        """
        self.name = name
        self.path = path
        reader = open_index(path, shard=shard)
        self.names_encoder = encoder is None
        with closed_if_it_fails(reader):
            given = _encoder_of(reader) if encoder is None else encoder
            self._newest = Snapshot(reader, SharedEncoder(given))
            self._newest.warm()
        self.follow: Callable[[], object] | None = None
        self._refreshing = threading.Lock()
        self._pause: Pause | None = None

    @property
    def encoder(self) -> SharedEncoder:
        """What encodes queries for the newest state."""
        return self._newest.encoder

    @property
    def generation(self) -> int:
        """The number of the newest commit that is served."""
        return self._newest.generation

    @property
    def version(self) -> str:
        """What answers of the newest state are told by."""
        return self._newest.version

    @property
    def n_useful_threads(self) -> int:
        """How many threads one search of the newest state has a use for."""
        return self._newest.n_useful_threads

    @property
    def opened(self) -> float:
        """When the newest state was opened, in seconds since 1970."""
        return self._newest.opened

    @property
    def mapped_bytes(self) -> int:
        """How many bytes of files are mapped."""
        return sum(file.bytes for file in self._newest.reader.manifest.files())

    @contextmanager
    def use(self) -> Iterator[Snapshot]:
        """Give the newest state, which stays open and the same until the request ends."""
        snapshot = self._newest
        while not snapshot.take():  # it was replaced and closed in between
            snapshot = self._newest
        try:
            yield snapshot
        finally:
            snapshot.leave()

    def refresh(self, *, retry: bool = True) -> bool:
        """Serve what was committed since, and return whether anything was.

        Requests that run keep the state they began with. An index that was made again with another
        encoder is served with that one, unless an encoder was handed over.

        Args:
            retry: Whether a state that failed a moment ago is tried again at once. Else it is left
                alone for a growing pause, up to a minute, and its error is raised again.

        Raises:
            EncoderError: The other encoder cannot be loaded; the state before is served on.
            EncoderMismatchError: The index was made with another encoder than the one handed over.
            IndexStoreError: The new state cannot be read; the one before it is served on.
        """
        with self._refreshing:
            before = self._newest
            if before.reader.is_current():
                return False
            version, pause = before.reader.newest_version(), self._pause
            if pause is not None and not retry and pause.holds(version):
                raise pause.error.with_traceback(None)
            try:
                self._newest = self._opened(before.reader.refresh())
            except Exception as error:
                self._pause = Pause.after(pause, version, error)
                raise
            self._pause = None
        before.leave()
        if self.follow is not None:
            self.follow()
        return True

    def _opened(self, reader: IndexReader) -> Snapshot:
        with closed_if_it_fails(reader):
            found = Snapshot(reader, self._encoder_for(reader))
            found.warm()
        return found

    def close(self) -> None:
        """Let go of the index; requests that run end first."""
        self._newest.leave()

    def _encoder_for(self, reader: IndexReader) -> SharedEncoder:
        made_with = reader.manifest.encoder.fingerprint
        if not self.names_encoder or made_with == self.encoder.fingerprint:
            return self.encoder
        return SharedEncoder(_encoder_of(reader))


def _encoder_of(reader: IndexReader) -> QueryEncoder:
    made_with = reader.manifest.encoder
    if made_with.name.startswith(f"{UNNAMED}:"):
        return NoEncoder(made_with)
    return encoder_of(reader, precision="auto")


T = TypeVar("T")


class Library:
    """The indexes that a server has, by name."""

    def __init__(self, indexes: Sequence[ServedIndex]) -> None:
        """Serve these; the first is the one that is meant where a request names none.

        Raises:
            ConfigError: Two have the same name, or there is none.
        """
        if not indexes:
            raise ConfigError("There is no index to serve.", code="option_missing", option="index")
        self._by_name: dict[str, ServedIndex] = {}
        for one in indexes:
            if one.name in self._by_name:
                raise ConfigError(
                    f"Two indexes have the name {one.name!r}; give one another: --name NAME=PATH.",
                    code="option_conflict",
                    option="name",
                    value=one.name,
                )
            self._by_name[one.name] = one

    def __iter__(self) -> Iterator[ServedIndex]:
        """Iterate over the indexes, in their order."""
        return iter(self._by_name.values())

    def named(self, name: str | None) -> ServedIndex:
        """Return the index of that name; the first for None.

        Raises:
            RequestRefusedError: No index of that name is served.
        """
        if name is None:
            return next(iter(self))
        try:
            return self._by_name[name]
        except KeyError:
            known: Mapping[str, ServedIndex] = self._by_name
            raise RequestRefusedError(
                f"No index {name!r} is served here; there are {', '.join(known)}.",
                code="index_not_served",
                option="index",
                value=name,
            ) from None

    def close(self) -> None:
        """Let go of all of them."""
        for one in self:
            one.close()


Work = Callable[[Library, Stopwatch, int], T]
"""What is done for a request: with the indexes, the watch to stop by, and a number of threads."""
