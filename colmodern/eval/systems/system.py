"""What can be measured? Anything that indexes documents and answers queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from colmodern.types import Document, Progress


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system answers to one query.

    Attributes:
        ranking: Pairs of document id and score, best first.
        encode_s: Seconds to turn the query's text into what is searched with; None: not known.
        search_s: Seconds of the search proper; None: not known.
    """

    ranking: tuple[tuple[str, float], ...]
    encode_s: float | None = None
    search_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What indexing made; None is what a system cannot say.

    Attributes:
        n_documents: Documents that can be found.
        index_bytes: Bytes of the index, on disk or, where there is none on disk, of its arrays.
        n_tokens: Token vectors in the index.
        build_s: Seconds to make it; of the run that made it, if an index was found.
        build_peak_bytes: Peak memory of the process meanwhile.
        fingerprints: Hex digests that tell models and indexes apart, by what they are of.
    """

    n_documents: int | None = None
    index_bytes: int | None = None
    n_tokens: int | None = None
    build_s: float | None = None
    build_peak_bytes: int | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class System(Protocol):
    """A search to be measured; it may have further methods."""

    @property
    def name(self) -> str:
        """What to call it in a table."""
        ...

    @property
    def spec(self) -> str | None:
        """What ``make_system`` takes to make it again; None if nothing does."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """How it was set up: plain values."""
        ...

    def index(
        self, documents: Iterable[Document], folder: Path, *, progress: Progress | None = None
    ) -> Built:
        """Index documents, or find the index of them in the folder again.

        Args:
            documents: They may be iterated over more than once.
            folder: Where to keep what belongs to these documents; it exists. Other systems keep
                theirs there as well.
            progress: Told how far it is.
        """
        ...

    def search(self, queries: Mapping[str, str], k: int) -> Iterator[Answer]:
        """Yield the answer to each query, in their order.

        Args:
            queries: Text by query id.
            k: How many documents at most.
        """
        ...

    def close(self) -> None:
        """Let go of files and models; ``index`` comes first if it is used again."""
        ...
