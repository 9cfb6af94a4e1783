"""What does a search give back?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from colmodern.passages.passage import Passage, marked_html
from colmodern.passages.score_parts import rounded_parts
from colmodern.request import Mode
from colmodern.searcher.unread import Unread
from colmodern.types import Metadata

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found.

    Attributes:
        rank: From 1.
        score: What decides the order: MaxSim or the corrected score from the compressed token
            vectors, BM25, or both fused, as the mode of the search says. It orders the documents
            of one query; scores of two queries do not compare.
        doc_id: The document's id.
        title: Its title; may be empty.
        metadata: What was stored beside it.
        passage: The passage that matched; None if passages were not asked for, or no text matched.
        parts: What the score is made of, where it is of several: ``late`` and ``bm25`` in the
            hybrid mode, ``document`` and ``passage`` with a passage weight; ``phrases``, how many
            phrases in quotes the document holds, where the query has any.
        source: The file that the document was read from, absolute; None for one from a program.
        also: A second passage, elsewhere in the document, that answers about as well; None: no
            other does.
    """

    rank: int
    score: float
    doc_id: str
    title: str = ""
    metadata: Metadata = field(default_factory=dict)
    passage: Passage | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    source: str | None = None
    also: Passage | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "rank": self.rank,
            "score": round(self.score, 6),
            "id": self.doc_id,
            "title": self.title,
            "source": self.source,
            "passage": None if self.passage is None else self.passage.to_dict(),
            "also": None if self.also is None else self.also.to_dict(),
            "metadata": dict(self.metadata),
            **({"parts": rounded_parts(self.parts)} if self.parts else {}),
        }


class Hits(Sequence[Hit]):
    """The hits of one query, best first; as tables for whoever has a table library.

    Attributes:
        query: Its text.
        notes: What there is to say of the search, sentences for people.
        unread: What the model cannot read of the query; None: it can read it.
        is_exact: Whether every document that might be found was scored by all of it: no effort
            finds others.
        mode: The mode that answered; never ``auto``.
    """

    def __init__(
        self,
        query: str,
        hits: Sequence[Hit],
        notes: Sequence[str] = (),
        *,
        unread: Unread | None = None,
        is_exact: bool = False,
        mode: Mode = Mode.LATE,
    ) -> None:
        """Keep the query, its hits and what there is to say of the search."""
        self.mode = mode
        self.query = query
        self.is_exact = is_exact
        self.notes = tuple(notes)
        self.unread = unread
        self._hits = tuple(hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Hits: ...
    def __getitem__(self, index: int | slice) -> Hit | Hits:
        """Return one hit, or some of them."""
        if isinstance(index, slice):
            return Hits(
                self.query,
                self._hits[index],
                self.notes,
                unread=self.unread,
                is_exact=self.is_exact,
                mode=self.mode,
            )
        return self._hits[index]

    def __len__(self) -> int:
        """Return the number of hits."""
        return len(self._hits)

    def __iter__(self) -> Iterator[Hit]:
        """Iterate, best first."""
        return iter(self._hits)

    def __eq__(self, other: object) -> bool:
        """Equal if query and hits are."""
        return isinstance(other, Hits) and (self.query, self._hits) == (other.query, other._hits)

    def __hash__(self) -> int:
        """Hash of what decides equality, as far as it is hashable."""
        return hash((self.query, self.doc_ids))

    def __repr__(self) -> str:
        """Say what was asked and what came first."""
        first = f", best {self._hits[0].doc_id!r}" if self._hits else ""
        return f"<Hits {self.query!r}: {len(self)}{first}>"

    @property
    def doc_ids(self) -> tuple[str, ...]:
        """Ids, best first."""
        return tuple(hit.doc_id for hit in self._hits)

    @property
    def scores(self) -> NDArray[np.float32]:
        """Scores, best first, float32."""
        return np.asarray([hit.score for hit in self._hits], dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return the query and its hits as plain values, fit for JSON.

        A query that the model cannot read has ``unread_scripts`` too, and ``answered_by``.
        """
        found = {
            "query": self.query,
            "hits": [hit.to_dict() for hit in self._hits],
            "mode": str(self.mode),
            "exact": self.is_exact,
            "notes": list(self.notes),
        }
        return found if self.unread is None else found | self.unread.to_dict()

    def of_unread(self, unread: Unread) -> Hits:
        """Return the same hits, of a query of which the model cannot read much."""
        notes = (str(unread), *self.notes)
        return Hits(
            self.query, self._hits, notes, unread=unread, is_exact=self.is_exact, mode=self.mode
        )

    def to_arrow(self) -> pa.Table:
        """Return a pyarrow table: rank, score, id, title, passage, start, end."""
        import pyarrow as pa

        passages = [hit.passage for hit in self._hits]
        return pa.table(
            {
                "rank": pa.array([hit.rank for hit in self._hits], pa.int32()),
                "score": pa.array([hit.score for hit in self._hits], pa.float32()),
                "id": pa.array(self.doc_ids, pa.string()),
                "title": pa.array([hit.title for hit in self._hits], pa.string()),
                "passage": pa.array([p and p.text for p in passages], pa.string()),
                "start": pa.array([p and p.start for p in passages], pa.int64()),
                "end": pa.array([p and p.end for p in passages], pa.int64()),
            }
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export through the Arrow PyCapsule protocol: polars, duckdb and pandas read it."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas data frame (pandas must be installed)."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """Return a polars data frame (polars must be installed)."""
        import polars as pl

        return pl.DataFrame(self.to_arrow())

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{hit.rank}</td><td>{hit.score:.3f}</td><td>{escape(hit.doc_id)}</td>"
            f"<td>{marked_html(hit.passage)}{_also_html(hit.also)}</td></tr>"
            for hit in self._hits
        )
        return (
            f"<p><b>{escape(self.query)}</b></p><table><thead><tr><th>rank</th><th>score</th>"
            f"<th>document</th><th>passage</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def _also_html(passage: Passage | None) -> str:
    return "" if passage is None else f"<hr>{marked_html(passage)}"
