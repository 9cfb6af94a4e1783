"""From a query to hits: plan, the best of each part, merge."""

import warnings

from colmodern.passages.explanation import Evidence, Explanation, Match, MatchedToken
from colmodern.passages.passage import Passage, marked_pieces
from colmodern.passages.places import Place
from colmodern.searcher.checks import scoring_for
from colmodern.searcher.hits import Hit, Hits
from colmodern.searcher.query_file import read_queries
from colmodern.searcher.run_file import write_run
from colmodern.searcher.searcher import Searcher

__all__ = [
    "Evidence",
    "Explanation",
    "Hit",
    "Hits",
    "Match",
    "MatchedToken",
    "Passage",
    "Place",
    "Searcher",
    "marked_pieces",
    "read_queries",
    "scoring_for",
    "write_run",
]


def __getattr__(name: str) -> object:
    """Return what a former name stands for; it goes in the next version."""
    if name != "WarmToken":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        "colmodern.searcher.WarmToken is now MatchedToken", DeprecationWarning, stacklevel=2
    )
    return MatchedToken
