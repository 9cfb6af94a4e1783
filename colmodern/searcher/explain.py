"""Why did a document match a query? From what the index keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from colmodern.errors import ConfigError
from colmodern.passages.asked import DocumentText
from colmodern.passages.exact import exact_scores
from colmodern.passages.explanation import BestTokens, Explanation, explain_match
from colmodern.passages.reasons import reasoned_passages
from colmodern.passages.scorer import DocumentScorer
from colmodern.request import Mode
from colmodern.searcher.answer import passage_query
from colmodern.searcher.checks import checked_vectors, found_document
from colmodern.searcher.explained_score import scored_as_hit
from colmodern.searcher.mode import check_has_text
from colmodern.searcher.part import Part
from colmodern.searcher.phrases import HeldPhrases, held_phrases
from colmodern.searcher.plan import QueryPlan, SearchPlan
from colmodern.searcher.prepared import PreparedQuery
from colmodern.searcher.search import prepared_chooser
from colmodern.searcher.segment import chooser_of, scorer_of
from colmodern.searcher.statistics import GlobalStatistics
from colmodern.storage import IndexReader, StoredDocument
from colmodern.text.names import exact_words_of
from colmodern.text.phrases import holds_folded
from colmodern.text.runs import longest_held
from colmodern.text.words import folded
from colmodern.types import QueryEncoder, TokenEmbeddings

# So many scores at a time: about 16 ms, and 4 MiB.
_BLOCK = 1 << 20


def explain_document(
    part: Part,
    reader: IndexReader,
    how: SearchPlan,
    doc_id: str,
    *,
    query: str,
    tokens: TokenEmbeddings,
    n_passages: int,
    exact_by: QueryEncoder | None,
    statistics: GlobalStatistics | None = None,
) -> Explanation:
    """Return, for every token of a query, the token of a document that it matched.

    Args:
        part: All segments of the index.
        reader: The index.
        how: How matches make a score, in which mode; not ``auto``.
        doc_id: The id of a document.
        query: The query's text.
        tokens: Its token vectors.
        n_passages: How many passages at most, at least 1.
        exact_by: The encoder of the index, for scores without the loss of compression; None: they
            are not wanted.
        statistics: The numbers of several indexes that are searched as one; None: it is the only.

    Raises:
        ConfigError: ``n_passages`` is less than 1.
        EncoderError: Exact scores are wanted, and the encoder cannot give them.
        IndexCorruptError: A number of the document is not finite.
        InputError: No live document has that id.
    """
    if n_passages < 1:
        message = f"passages must be at least 1, not {n_passages!r}."
        raise ConfigError(message, code="option_out_of_range", option="passages", value=n_passages)
    check_has_text(how.request, query)
    segment, position = found_document(reader, doc_id)
    document, spans = segment.document(position), segment.spans(position)
    words = None
    if how.request.mode is not Mode.LATE:
        how.begin("words")
        words = part.lexicon.look_up(query).statistics
        words = words if statistics is None else statistics.words_of(words)
    plan = QueryPlan(
        how,
        PreparedQuery.of(checked_vectors(tokens, reader.codec.dim), reader.codec, threads=1),
        words,
        prepared_chooser(tokens, reader.codec, how),
    )
    scorer = scorer_of(part, plan)
    number = part.number_of(segment, position)
    best = _best_tokens(scorer, number, len(spans), partial(how.begin, "rescore"))
    if best is None:
        raise segment.not_finite(position)
    exact = None
    if exact_by is not None:
        vectors = checked_vectors(tokens, reader.codec.dim)
        exact = exact_scores(exact_by, vectors, document, n_tokens=len(spans))
    held = held_phrases(part, query, part.live, statistics)
    how.begin("passages")
    found = reasoned_passages(
        passage_query(part, query, words, held),
        query,
        tokens.spans,
        scorer,
        chooser_of(part, plan),
        number,
        DocumentText.of(document.text, document.metadata, lambda: spans),
        n_passages,
    )
    how.begin("matches")
    explanation = explain_match(
        query,
        tokens,
        best,
        partial(scorer.of_tokens, number),
        spans,
        document,
        phrases=_phrases_in(document, query, held, number),
        found=found,
        exact=exact,
        scoring=how.scoring,
        expected=plan.expected,
    )
    return scored_as_hit(explanation, part, plan, number, held)


def _phrases_in(
    document: StoredDocument, query: str, held: HeldPhrases | None, number: int
) -> tuple[str, ...]:
    """Return what a document holds word by word: phrases, names, its own, or most of the query."""
    texts = document.title, document.text
    if exact := exact_words_of(query):
        plain = [folded(text) for text in texts]
        found = [one for one in exact if any(holds_folded(text, one) for text in plain)]
    else:
        decides = held is not None and held.phrases and held.counts[number]
        found = [longest_held(query, texts)] if decides else []
    named = held is not None and held.counts[number] and not found
    return (query.strip(),) if named else tuple(map(" ".join, found))


def _best_tokens(
    scorer: DocumentScorer, document: int, n_tokens: int, begin: Callable[[], object]
) -> BestTokens | None:
    """Return the best token of a document for each query token; None: a number is not finite.

    ``begin`` is called before each block of tokens, so that long documents can be stopped in the
    middle and need no more memory than short ones.
    """
    n_query = len(scorer.query)
    best = np.zeros(n_query, np.int64)
    scores = np.full(n_query, -np.inf, np.float32)
    step = max(1, _BLOCK // max(1, n_query))
    for start in range(0, max(1, n_tokens), step):
        begin()
        found = scorer.of_tokens(document, np.arange(start, min(start + step, n_tokens)))
        if not np.isfinite(found).all():
            return None
        if len(found):
            rows = found.argmax(axis=0)
            values = found[rows, np.arange(n_query)]
            is_better = values > scores
            best[is_better] = start + rows[is_better]
            scores[is_better] = values[is_better]
    return BestTokens(best, scores)
