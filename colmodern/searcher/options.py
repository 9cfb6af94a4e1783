"""What can be said about a search, and what does it mean?"""

from __future__ import annotations

import os
from typing import TypedDict

from colmodern.config import Effort, Fusion, Mode, Scoring, SearchParams


class SearchOptions(TypedDict, total=False):
    """The options of ``Searcher.search`` and ``search_many``.

    Attributes:
        k: How many hits at most; 10.
        effort: ``low``, ``medium``, ``high`` or ``exact``; medium.
        exact: Score every document by all its codes; the same as ``effort="exact"``.
        mode: What decides the order: ``late``, ``bm25`` or ``hybrid``; late.
        fusion: How the hybrid mode makes one order of two: ``rrf`` or ``scores``; scores.
        word_weight: How much BM25 counts in the hybrid mode, 0 to 1; None: 0.05, and
            0.3 where documents have 2,000 tokens or more on average.
        scoring: How the matches of query tokens make a score: ``maxsim``, ``corrected``, or what
            the encoder was made for, ``auto``; auto.
        passage_weight: How much the best passage of a document counts beside all of it, 0 to 1, in
            mode late; 0.
        where: Which documents may be found: a filter of their fields, as in
            ``"year >= 2020 and path like 'docs/%'"``; None: all.
        passages: Also find the passage of each hit that matched; True.
        threads: How many threads; None takes all processors. Hits do not depend on it.
    """

    k: int
    effort: Effort | str
    exact: bool
    mode: Mode | str
    fusion: Fusion | str
    word_weight: float | None
    scoring: Scoring | str
    passage_weight: float
    where: str | None
    passages: bool
    threads: int | None


def read_options(options: SearchOptions) -> tuple[SearchParams, bool]:
    """Return the parameters of a search, and whether passages are wanted.

    Raises:
        ConfigError: An option has a value that is not allowed.
        TypeError: There is no such option.
    """
    unknown = sorted(options.keys() - SearchOptions.__annotations__.keys())
    if unknown:
        known = ", ".join(SearchOptions.__annotations__)
        raise TypeError(f"there is no search option {unknown[0]!r}; there are {known}")
    threads = options.get("threads")
    params = SearchParams.for_k(
        options.get("k", 10),
        effort=Effort.EXACT if options.get("exact") else options.get("effort", Effort.MEDIUM),
        threads=os.cpu_count() or 1 if threads is None else threads,
        mode=options.get("mode", Mode.LATE),
        fusion=options.get("fusion", Fusion.SCORES),
        word_weight=options.get("word_weight"),
        scoring=options.get("scoring", Scoring.AUTO),
        passage_weight=options.get("passage_weight", 0.0),
    )
    return params, options.get("passages", True)
