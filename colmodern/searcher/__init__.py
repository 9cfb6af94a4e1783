"""From a query to hits: probe, gather, rescore, explain."""

from colmodern.searcher.explain import Evidence, Explanation, Match, WarmToken
from colmodern.searcher.hits import Hit, Hits, Passage, marked_pieces
from colmodern.searcher.places import Place
from colmodern.searcher.query_file import read_queries
from colmodern.searcher.run_file import write_run
from colmodern.searcher.scoring import length_part, scoring_for, sharpness_of
from colmodern.searcher.searcher import Searcher

__all__ = [
    "Evidence",
    "Explanation",
    "Hit",
    "Hits",
    "Match",
    "Passage",
    "Place",
    "Searcher",
    "WarmToken",
    "length_part",
    "marked_pieces",
    "read_queries",
    "scoring_for",
    "sharpness_of",
    "write_run",
]
