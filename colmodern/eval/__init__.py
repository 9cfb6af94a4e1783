"""How good, how fast, how big is a search? (extra ``eval``)."""

from colmodern.eval.bm25 import evaluate_bm25
from colmodern.eval.dataset import Dataset
from colmodern.eval.evaluate import Report, evaluate_dataset, measure

__all__ = ["Dataset", "Report", "evaluate_bm25", "evaluate_dataset", "measure"]
