"""How good, how fast, how big is a search, and is the difference real? (extra ``eval``).

>>> from colmodern.eval import Dataset, compare, evaluate  # doctest: +SKIP
>>> scifact = Dataset.load("scifact")  # doctest: +SKIP
>>> print(compare(evaluate("bm25", scifact), evaluate("late", scifact)))  # doctest: +SKIP
"""

from colmodern.eval.compare import Bucket, Change, Comparison, compare, compare_with_baseline
from colmodern.eval.dataset import Dataset
from colmodern.eval.efficiency import Efficiency, EfficiencyRow, efficiency
from colmodern.eval.evaluate import evaluate
from colmodern.eval.layouts import read_qrels
from colmodern.eval.measures import measure_rankings, parse_measures
from colmodern.eval.mteb_model import MtebModel
from colmodern.eval.page import Section, write_page
from colmodern.eval.record import Record, repeat
from colmodern.eval.report import QueryResult, Report
from colmodern.eval.statistics import Statistics
from colmodern.eval.systems import System, make_system

__all__ = [
    "Bucket",
    "Change",
    "Comparison",
    "Dataset",
    "Efficiency",
    "EfficiencyRow",
    "MtebModel",
    "QueryResult",
    "Record",
    "Report",
    "Section",
    "Statistics",
    "System",
    "compare",
    "compare_with_baseline",
    "efficiency",
    "evaluate",
    "make_system",
    "measure_rankings",
    "parse_measures",
    "read_qrels",
    "repeat",
    "write_page",
]
