"""A heat map of an explanation for a notebook: HTML and CSS, no script and no network.

The warmer a word, the better it answers some part of the query, and the more that part decides
which passage answers; sentences that do not answer are pale. Hovering over a query token shows its
match, in the passages and in the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.passages.explanation import Evidence, Explanation, Match
    from colmodern.passages.passage import Passage

_WARM = "213,94,0"  # vermilion and blue: told apart by those who see few colours
_COOL = "0,114,178"
_COLDEST = 0.35  # a similarity that says nothing
_MOST_OPAQUE = 0.55


def heat_map(explanation: Explanation) -> str:
    """Return an explanation as HTML that stands by itself."""
    key = "cm" + hashlib.blake2b(repr(explanation).encode(), digest_size=5).hexdigest()
    exact = explanation.exact_score
    head = f"<b>{escape(explanation.doc_id)}</b> {explanation.score:.3f}"
    if explanation.title:
        head += f" {escape(explanation.title)}"
    if exact is not None:
        head += f" (exact {exact:.3f})"
    query = " ".join(_query_token(n, m, explanation) for n, m in enumerate(explanation.matches))
    passages = "".join(_passage(one, explanation) for one in explanation.evidence)
    return (
        f'<div id="{key}">{_style(key, len(explanation.matches))}<p>{head}</p><p>{query}</p>'
        f"{passages}{_table(explanation)}</div>"
    )


def _style(key: str, n_tokens: int) -> str:
    """Return the rules by which hovering over query token i lights up what has the class mi."""
    rules = "".join(
        f"#{key}:has(.q{n}:hover) .m{n}{{outline:2px solid rgb({_COOL});"
        f"background:rgba({_COOL},.25)!important}}"
        for n in range(n_tokens)
    )
    return (
        f"<style>#{key} .q{{padding:0 .2em;cursor:default}}#{key} blockquote{{white-space:pre-wrap;"
        f"margin:.2em 0 .8em 1em}}{rules}</style>"
    )


def _query_token(number: int, match: Match, explanation: Explanation) -> str:
    most = max((m.share for m in explanation.matches), default=0.0) or 1.0
    heat = max(0.0, 0.45 * match.share / most)
    if explanation.weights:
        heat = 0.45 * _weight(explanation, number)
    tip = f"{match.score:.3f}, {match.share:.1%}: {match.document_token or '(title)'}"
    tip += f"; weight {_weight(explanation, number):.2f}" if explanation.weights else ""
    return (
        f'<span class="q q{number}" title="{escape(tip)}" '
        f'style="background:rgba({_COOL},{heat:.2f})">{escape(match.query_token) or "·"}</span>'
    )


def _weight(explanation: Explanation, number: int) -> float:
    """Return how much a query token decides; 1 where that is not known."""
    return explanation.weights[number] if explanation.weights else 1.0


def _passage(evidence: Evidence, explanation: Explanation) -> str:
    passage = evidence.passage
    place = f", {escape(str(passage.place))}" if str(passage.place) else ""
    return (
        f"<div><small>line {passage.line}{place}: alone {passage.score:.3f} of "
        f"{explanation.matched:.3f}; {evidence.share:.0%} of the score matches here best</small>"
        f"<blockquote>{''.join(_pieces(evidence, explanation))}</blockquote></div>"
    )


def _pieces(evidence: Evidence, explanation: Explanation) -> Iterator[str]:
    """Yield the passage's text with its tokens coloured."""
    passage, at = evidence.passage, evidence.passage.start
    matched: dict[tuple[int, int], list[str]] = {}
    for number, match in enumerate(explanation.matches):
        matched.setdefault((match.start, match.end), []).append(f"m{number}")
    for token in evidence.tokens:
        if token.start < at:  # tokens may overlap where an encoder says so
            continue
        yield escape(passage.text[at - passage.start : token.start - passage.start])
        text = escape(passage.text[token.start - passage.start : token.end - passage.start])
        names = " ".join(matched.get((token.start, token.end), ()))
        heat = _MOST_OPAQUE * max(0.0, (token.score - _COLDEST) / (1 - _COLDEST))
        heat *= _weight(explanation, token.query_token)
        yield (
            f'<span class="{names}" title="{token.score:.2f}" '
            f'style="background:rgba({_WARM},{min(heat, _MOST_OPAQUE):.2f})'
            f'{"" if _answers(passage, token.start) else ";opacity:.6"}">{text}</span>'
        )
        at = token.end
    yield escape(passage.text[at - passage.start :])


def _answers(passage: Passage, character: int) -> bool:
    """Whether a character stands in a sentence that answers, as far as sentences are known."""
    return not passage.sentences or any(
        one.start <= character < one.end for one in passage.answering
    )


def _table(explanation: Explanation) -> str:
    has_exact = explanation.exact_score is not None
    exact = "<th>exact</th>" if has_exact else ""
    rows = "".join(
        f'<tr class="m{number}"><td>{m.score:.3f}</td>'
        + ("" if m.exact is None else f"<td>{m.exact:.3f}</td>")
        + f"<td>{m.share:.1%}</td><td>{escape(m.query_token)}</td>"
        f"<td>{escape(m.document_token) or '(title)'}</td><td>{m.start}:{m.end}</td></tr>"
        for number, m in enumerate(explanation.matches)
    )
    return (
        f"<table><thead><tr><th>score</th>{exact}<th>share</th><th>query token</th>"
        f"<th>document token</th><th>characters</th></tr></thead><tbody>{rows}</tbody></table>"
    )
