"""From a teacher to a student (extra ``distill``: torch, sentence-transformers).

``recipe.py`` and ``options/`` say what is asked for, ``stages.py`` what each stage needs,
``ledger.py`` what is done already, and ``distill.py`` runs the stages. ``data/`` reads and prepares
texts, ``student/`` is the model that learns, ``losses/`` is what training minimises, ``training/``
trains, ``teachers/`` score lists of documents, and ``release/`` averages, exports and measures.
"""

from colmodern.distill.distill import distill
from colmodern.distill.recipe import Recipe

__all__ = ["Recipe", "distill"]
