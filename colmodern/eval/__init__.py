"""How good, how fast, how big is a search, and is the difference real? (extra ``eval``).

>>> from colmodern.eval import Dataset, compare, evaluate  # doctest: +SKIP
>>> scifact = Dataset.load("scifact")  # doctest: +SKIP
>>> print(compare(evaluate("bm25", scifact), evaluate("late", scifact)))  # doctest: +SKIP
"""

import sys

from colmodern.eval.collection.dataset import Dataset
from colmodern.eval.collection.statistics import Statistics
from colmodern.eval.layouts import read_qrels
from colmodern.eval.measures.rankings import measure_rankings, parse_measures
from colmodern.eval.mteb_model import MtebModel
from colmodern.eval.page import Section, write_page
from colmodern.eval.results.compare import (
    Bucket,
    Change,
    Comparison,
    compare,
    compare_with_baseline,
)
from colmodern.eval.results.report import QueryResult, Report
from colmodern.eval.run.efficiency import Efficiency, EfficiencyRow, efficiency
from colmodern.eval.run.environment import environment
from colmodern.eval.run.evaluate import evaluate
from colmodern.eval.run.record import Record, repeat
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
    "environment",
    "evaluate",
    "make_system",
    "measure_rankings",
    "parse_measures",
    "read_qrels",
    "repeat",
    "write_page",
]

# Where modules were before version 0.2; these names go in the version after it.
for _former, _now in {
    "compare": "results.compare",
    "dataset": "collection.dataset",
    "efficiency": "run.efficiency",
    "environment": "run.environment",
    "markup": "results.markup",
    "evaluate": "run.evaluate",
    "memory": "run.memory",
    "record": "run.record",
    "report": "results.report",
    "significance": "measures.significance",
    "statistics": "collection.statistics",
}.items():
    sys.modules[f"{__name__}.{_former}"] = sys.modules[f"{__name__}.{_now}"]
