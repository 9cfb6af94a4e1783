"""A student for one corpus, without labels and without torch: how much does each query token count?

``sample.py`` takes documents, ``queries.py`` makes queries of them, ``weights.py`` fits,
``judge.py`` says what is gained and what is lost elsewhere, ``student.py`` writes the checkpoint
and ``fitting.py`` does the steps.
"""

from colmodern.distill.adapt.fitting import AdaptRequest, adapt
from colmodern.distill.adapt.report import Adaptation

__all__ = ["AdaptRequest", "Adaptation", "adapt"]
