"""Why did a document match? Token by token and passage by passage, from the stored spans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from colmodern.kernels.scoring import document_score, shares
from colmodern.passages.passage import Passage
from colmodern.passages.reasons import ReasonedPassages, Reasons
from colmodern.passages.score_parts import rounded_parts
from colmodern.request import Mode, Scoring
from colmodern.storage import StoredDocument
from colmodern.types import (
    FloatMatrix,
    FloatVector,
    IntVector,
    Metadata,
    Spans,
    TokenEmbeddings,
)


@dataclass(frozen=True, slots=True)
class Match:
    """One query token and the document token that it matched best.

    Attributes:
        query_token: The characters of the query token; empty for one that the encoder adds.
        document_token: The characters of the document token; empty if it stands outside the text
            (in the title).
        start: Where the document token starts in the document's text.
        end: Where it ends.
        score: Their similarity, from the compressed document token.
        share: The part of the document's late score that this match brings.
        query_start: Where the query token starts in the query.
        query_end: Where it ends.
        exact: The best similarity without compression; None if that was not asked for.
        expected: What the query token matches best in any document of the index, on the mean; the
            match counts by what it is above that. None where that does not count.
    """

    query_token: str
    document_token: str
    start: int
    end: int
    score: float
    share: float
    query_start: int = 0
    query_end: int = 0
    exact: float | None = None
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class MatchedToken:
    """A document token in a passage, and how much of the query it answers.

    Attributes:
        start: Where it starts in the document's text.
        end: Where it ends.
        score: The best of its similarities to the query's tokens.
        query_token: The number of that query token, from 0.
    """

    start: int
    end: int
    score: float
    query_token: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage and what it brings.

    Attributes:
        passage: The passage; its score is the sum of the matches in it alone.
        share: The part of the document's score whose best matches lie in it: little where other
            passages say the same a little better.
        tokens: Its tokens, in their order.
        reasons: Why it was chosen, and what the best one has more of; None: that is not known.
    """

    passage: Passage
    share: float
    tokens: tuple[MatchedToken, ...]
    reasons: Reasons | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; offsets are characters of the document's text."""
        return {
            "score": self.passage.score,
            "share": self.share,
            **self.passage.to_dict(),
            "reasons": None if self.reasons is None else self.reasons.to_dict(),
            "tokens": [[t.start, t.end, round(t.score, 4), t.query_token] for t in self.tokens],
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a document has the score it has.

    Attributes:
        query: The query.
        doc_id: The document.
        score: What a hit scores, in the mode that is asked for.
        parts: What the score is made of, where it is of several; as in a hit.
        mode: The mode in which it is so.
        matches: One for each query token, in the query's order.
        evidence: The passages that answer best, best first; a search shows the first of them. They
            do not overlap.
        exact_score: The same without compression; None if that was not asked for.
        scoring: How the matches make the score: ``maxsim`` or ``corrected``.
        phrases: The phrases in quotes, or the names, that the document holds; docs/how-to/search.md
            says when they decide before any score.
        weights: For each match how much its query token decides which passage answers, at most 1;
            empty: that is not known.
        title: The document's title.
        source: The file it was read from; None for a document from a program.
        metadata: What is kept beside it.
    """

    query: str
    doc_id: str
    score: float
    matches: tuple[Match, ...]
    evidence: tuple[Evidence, ...] = ()
    exact_score: float | None = None
    title: str = ""
    source: str | None = None
    metadata: Metadata | None = None
    scoring: str = str(Scoring.MAXSIM)
    phrases: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    mode: str = str(Mode.LATE)

    @property
    def passage(self) -> Passage | None:
        """The passage that matches best."""
        return self.evidence[0].passage if self.evidence else None

    @property
    def matched(self) -> float:
        """The sum of all matches, what passages are measured by; no corrected score."""
        return sum(match.score for match in self.matches)

    def __str__(self) -> str:
        """Return a small table, one match a line."""
        exact = "" if self.exact_score is None else f"  (exact {self.exact_score:.3f})"
        return "\n".join([f"{self.doc_id}  {self.score:.3f}{exact}", *self.match_lines()])

    def match_lines(self) -> list[str]:
        """Return a line for each match: its scores, share, tokens and characters."""
        return [
            f"{match.score:7.3f} "
            + ("" if match.exact is None else f"{match.exact:7.3f} ")
            + f"{match.share:6.1%}  {_on_one_line(match.query_token)}  ->  "
            f"{_on_one_line(match.document_token) or '(title)'}  [{match.start}:{match.end}]"
            for match in self.matches
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; offsets count characters."""
        return {
            "query": self.query,
            "id": self.doc_id,
            "title": self.title,
            "source": self.source,
            "score": self.score,
            "exact_score": self.exact_score,
            "mode": self.mode,
            "parts": rounded_parts(self.parts),
            "scoring": self.scoring,
            "phrases": list(self.phrases),
            "weights": [round(weight, 4) for weight in self.weights],
            "matches": [
                {name: getattr(match, name) for name in Match.__slots__} for match in self.matches
            ],
            "passages": [evidence.to_dict() for evidence in self.evidence],
        }

    def _repr_html_(self) -> str:
        """Return a heat map for a notebook."""
        from colmodern.passages.heat_map import heat_map

        return heat_map(self)


@dataclass(frozen=True, slots=True, eq=False)
class BestTokens:
    """The token of a document that each token of a query matches best.

    Attributes:
        tokens: Shape (n_query_tokens,), int64: its number in the document, the first of equals.
        scores: Shape (n_query_tokens,), float32: their similarity.
    """

    tokens: IntVector
    scores: FloatVector


def explain_match(
    query: str,
    tokens: TokenEmbeddings,
    best: BestTokens,
    scores_of: Callable[[IntVector], FloatMatrix],
    spans: Spans,
    document: StoredDocument,
    *,
    phrases: tuple[str, ...] = (),
    found: ReasonedPassages | None = None,
    exact: FloatVector | None = None,
    scoring: Scoring = Scoring.MAXSIM,
    expected: FloatVector | None = None,
) -> Explanation:
    """Return the explanation of one query and one document.

    Args:
        query: The query's text.
        tokens: Its token vectors and spans.
        best: The token of the document that each query token matches best.
        scores_of: Returns what tokens of the document score for each query token.
        spans: Shape (n_tokens, 2), int32, of the document's tokens in its text.
        document: The document.
        phrases: What of the query it holds word by word.
        found: The passages that answer, best first, and why.
        exact: The best score of each query token without compression; None: not known.
        scoring: How the matches make the score.
        expected: What each query token matches best in any document; None: that does not count.
    """
    nothing = Explanation(
        query,
        document.id,
        0.0,
        (),
        title=document.title,
        source=document.source,
        metadata=document.metadata,
        scoring=str(scoring),
        phrases=phrases,
    )
    if len(spans) == 0:
        return nothing
    matches, score = _matches(
        query, tokens.spans, best, spans, document.text, exact, scoring, expected
    )
    return replace(
        nothing,
        score=score,
        matches=matches,
        evidence=() if found is None else _all_evidence(found, scores_of, spans, matches),
        weights=() if found is None else tuple(found.weights.tolist()),
        exact_score=None
        if exact is None
        else document_score(exact, scoring, n_tokens=len(spans), expected=expected),
    )


def _on_one_line(token: str) -> str:
    return " ".join(token.split())


def _matches(
    query: str,
    query_spans: Spans,
    best: BestTokens,
    spans: Spans,
    text: str,
    exact: FloatVector | None,
    scoring: Scoring,
    expected: FloatVector | None,
) -> tuple[tuple[Match, ...], float]:
    """Return the match of each query token, and what they score together."""
    values = best.scores
    parts = shares(values, scoring, expected)
    matches = []
    for number, row in enumerate(best.tokens.tolist()):
        a, b = query_spans[number].tolist()
        start, end = spans[row].tolist()
        matches.append(
            Match(
                query_token=query[a:b],
                document_token=text[start:end],
                start=start,
                end=end,
                score=float(values[number]),
                share=float(parts[number]),
                query_start=a,
                query_end=b,
                exact=None if exact is None else float(exact[number]),
                expected=None if expected is None else float(expected[number]),
            )
        )
    score = document_score(values, scoring, n_tokens=len(spans), expected=expected)
    return tuple(matches), score


def _all_evidence(
    found: ReasonedPassages,
    scores_of: Callable[[IntVector], FloatMatrix],
    spans: Spans,
    matches: Sequence[Match],
) -> tuple[Evidence, ...]:
    return tuple(
        _evidence(passage, why, scores_of, spans, matches)
        for passage, why in zip(found.passages, found.reasons, strict=True)
    )


def _evidence(
    passage: Passage,
    why: Reasons,
    scores_of: Callable[[IntVector], FloatMatrix],
    spans: Spans,
    matches: Sequence[Match],
) -> Evidence:
    """Return a passage with its tokens and the share of the score that lies in it."""
    starts, ends = spans[:, 0], spans[:, 1]
    inside = (starts >= passage.start) & (ends <= passage.end) & (ends > starts)
    rows = inside.nonzero()[0]
    scores = scores_of(rows)
    best = scores.argmax(axis=1)
    tokens = tuple(
        MatchedToken(start, end, score, number)
        for (start, end), score, number in zip(
            spans[rows].tolist(),
            scores[np.arange(len(rows)), best].tolist(),
            best.tolist(),
            strict=True,
        )
    )
    inside_shares = (
        match.share
        for match in matches
        if match.start < match.end and passage.start <= match.start and match.end <= passage.end
    )
    return Evidence(passage, sum(inside_shares), tokens, why)
