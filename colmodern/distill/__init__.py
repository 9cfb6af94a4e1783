"""From a teacher to a student (extra ``distill``: torch, sentence-transformers)."""

from colmodern.distill.distill import distill
from colmodern.distill.recipe import Recipe

__all__ = ["Recipe", "distill"]
