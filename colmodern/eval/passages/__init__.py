"""Does the passage shown answer? Measured on questions whose answer's place is known."""

from colmodern.eval.passages.annotated import Annotated, Question
from colmodern.eval.passages.finders import Finder, finders_of
from colmodern.eval.passages.measure import PassageReport, measure_passages

__all__ = [
    "Annotated",
    "Finder",
    "PassageReport",
    "Question",
    "finders_of",
    "measure_passages",
]
