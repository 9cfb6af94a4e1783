"""How is a file read that may be made to harm? By a process with limits, not by this one.

``pool.py`` gives files to processes and takes documents back in order; ``worker.py`` is what they
do; ``messages.py`` is what they say to each other; ``limits.py`` bounds them.
"""

from colmodern.corpus.box.pool import ExtractionPool

__all__ = ["ExtractionPool"]
