"""How good is a ranking, and is a difference real?"""

from colmodern.eval.measures.rankings import measure_rankings, parse_measures

__all__ = ["measure_rankings", "parse_measures"]
