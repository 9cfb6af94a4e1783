"""Why did a document match? Token by token, from the stored spans."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from colmodern.searcher.hits import Passage, marked_html
from colmodern.searcher.passages import Maxima, best_passage
from colmodern.storage import StoredDocument
from colmodern.types import Spans, TokenEmbeddings


@dataclass(frozen=True, slots=True)
class Match:
    """One query token and the document token that it matched best.

    Attributes:
        query_token: The characters of the query token.
        document_token: The characters of the document token; empty if it stands outside the text
            (in the title).
        start: Where the document token starts in the document's text.
        end: Where it ends.
        score: Their similarity.
        share: The part of the document's score that this match brings.
    """

    query_token: str
    document_token: str
    start: int
    end: int
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a document has the score it has.

    Attributes:
        query: The query.
        doc_id: The document.
        score: The sum of the matches' scores: MaxSim of the compressed vectors.
        matches: One for each query token, in the query's order.
        passage: The passage that matches best.
    """

    query: str
    doc_id: str
    score: float
    matches: tuple[Match, ...]
    passage: Passage | None

    def __str__(self) -> str:
        """Return a small table, one match a line."""
        lines = [f"{self.doc_id}  {self.score:.3f}"]
        lines += [
            f"{match.score:7.3f} {match.share:6.1%}  {match.query_token}  ->  "
            f"{match.document_token or '(title)'}  [{match.start}:{match.end}]"
            for match in self.matches
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "query": self.query,
            "id": self.doc_id,
            "score": self.score,
            "matches": [
                {name: getattr(match, name) for name in Match.__slots__} for match in self.matches
            ],
        }

    def _repr_html_(self) -> str:
        """Return the same for a notebook: the darker a query token, the more it brought."""
        most = max((match.share for match in self.matches), default=0.0) or 1.0
        tokens = " ".join(
            f'<span title="{match.score:.3f}, {match.share:.1%}" style="padding:0 .2em;'
            f'background:rgba(0,114,178,{max(0.0, 0.45 * match.share / most):.2f})">'
            f"{escape(match.query_token)}</span>"
            for match in self.matches
        )
        rows = "".join(
            f"<tr><td>{match.score:.3f}</td><td>{match.share:.1%}</td>"
            f"<td>{escape(match.query_token)}</td>"
            f"<td>{escape(match.document_token) or '(title)'}</td>"
            f"<td>{match.start}:{match.end}</td></tr>"
            for match in self.matches
        )
        return (
            f"<p><b>{escape(self.doc_id)}</b> {self.score:.3f}</p><p>{tokens}</p>"
            "<table><thead><tr><th>score</th><th>share</th><th>query token</th>"
            f"<th>document token</th><th>characters</th></tr></thead><tbody>{rows}</tbody></table>"
            f"<p>{marked_html(self.passage)}</p>"
        )


def explain_match(
    query: str,
    tokens: TokenEmbeddings,
    maxima: Maxima,
    spans: Spans,
    document: StoredDocument,
) -> Explanation:
    """Return the explanation of one query and one document.

    Args:
        query: The query's text.
        tokens: Its token vectors and spans.
        maxima: What the query scores in spans of the document's tokens.
        spans: Shape (n_tokens, 2), int32, of the document's tokens in its text.
        document: The document.
    """
    if len(spans) == 0:
        return Explanation(query, document.id, 0.0, (), None)
    scores = maxima(np.arange(len(spans) + 1))
    best = scores.argmax(axis=0)
    values = scores[best, np.arange(scores.shape[1])].astype(np.float64)
    total = float(values.sum())
    matches = tuple(
        Match(
            query_token=query[int(span[0]) : int(span[1])],
            document_token=document.text[int(spans[row, 0]) : int(spans[row, 1])],
            start=int(spans[row, 0]),
            end=int(spans[row, 1]),
            score=float(value),
            share=float(value / total) if total else 0.0,
        )
        for span, row, value in zip(tokens.spans, best.tolist(), values, strict=True)
    )
    return Explanation(
        query, document.id, total, matches, best_passage(maxima, spans, document.text)
    )
