"""From a query to hits: probe, gather, rescore, explain."""

from colmodern.searcher.explain import Explanation, Match
from colmodern.searcher.hits import Hit, Hits, Passage, marked_pieces
from colmodern.searcher.options import SearchOptions
from colmodern.searcher.query_file import read_queries
from colmodern.searcher.run_file import write_run
from colmodern.searcher.searcher import Searcher

__all__ = [
    "Explanation",
    "Hit",
    "Hits",
    "Match",
    "Passage",
    "SearchOptions",
    "Searcher",
    "marked_pieces",
    "read_queries",
    "write_run",
]
