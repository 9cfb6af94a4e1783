"""From a query to hits: plan, the best of each part, merge."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colmodern.passages.explanation import Evidence, Explanation, Match, MatchedToken
    from colmodern.passages.passage import Passage, marked_pieces
    from colmodern.passages.places import Place
    from colmodern.searcher.checks import scoring_for
    from colmodern.searcher.hits import Hit, Hits
    from colmodern.searcher.query_file import read_queries
    from colmodern.searcher.run_file import write_run
    from colmodern.searcher.searcher import Searcher

# Names are imported when they are first used: a search pays for no explanation and no file.
_HOMES = {
    "Evidence": "passages.explanation",
    "Explanation": "passages.explanation",
    "Hit": "searcher.hits",
    "Hits": "searcher.hits",
    "Match": "passages.explanation",
    "MatchedToken": "passages.explanation",
    "Passage": "passages.passage",
    "Place": "passages.places",
    "Searcher": "searcher.searcher",
    "marked_pieces": "passages.passage",
    "read_queries": "searcher.query_file",
    "scoring_for": "searcher.checks",
    "write_run": "searcher.run_file",
}

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
    """Import a public name from the module it lives in; a former name warns."""
    if name == "WarmToken":
        warnings.warn(
            "colmodern.searcher.WarmToken is now MatchedToken", DeprecationWarning, stacklevel=2
        )
        return __getattr__("MatchedToken")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"colmodern.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
