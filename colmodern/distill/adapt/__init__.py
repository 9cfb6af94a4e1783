"""A student for one corpus, without labels: how much does each query token count?

``sample.py`` takes documents, ``queries.py`` makes queries of them, ``reading.py`` encodes both,
``weights.py`` fits, ``judge.py`` says what is gained and what is lost elsewhere, ``student.py``
writes the checkpoint and ``fitting.py`` does the steps. ``training.py``, where it is asked for,
trains the student on texts of the corpus; it alone needs torch.
"""

from colmodern.distill.adapt.fitting import AdaptRequest, adapt, forget_training
from colmodern.distill.adapt.report import Adaptation

__all__ = ["AdaptRequest", "Adaptation", "adapt", "forget_training"]
