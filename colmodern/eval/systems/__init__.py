"""The searches that can be measured, all behind one small protocol: ``System``."""

from colmodern.eval.systems.bm25 import Bm25
from colmodern.eval.systems.dense import MINILM, Dense
from colmodern.eval.systems.float_vectors import FloatVectors
from colmodern.eval.systems.hybrid import Hybrid
from colmodern.eval.systems.late import Late, OpenIndex
from colmodern.eval.systems.rerank import PairScorer, Rerank, load_scorer
from colmodern.eval.systems.run_file import RunFile
from colmodern.eval.systems.specs import make_system, split_specs
from colmodern.eval.systems.system import Answer, Built, System

__all__ = [
    "MINILM",
    "Answer",
    "Bm25",
    "Built",
    "Dense",
    "FloatVectors",
    "Hybrid",
    "Late",
    "OpenIndex",
    "PairScorer",
    "Rerank",
    "RunFile",
    "System",
    "load_scorer",
    "make_system",
    "split_specs",
]
