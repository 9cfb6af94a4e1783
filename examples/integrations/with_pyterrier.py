"""PyTerrier: index, retrieve, rerank BM25, and measure both.

pip install pyterrier; then run this file.
"""

import tempfile
from pathlib import Path

import pandas as pd
import pyterrier as pt

from colmodern.integrations.pyterrier import PyTerrierIndexer, PyTerrierRetriever

documents = [
    {"docno": "keys", "text": "An officer may revoke a key that has leaked."},
    {"docno": "bread", "text": "Bread rises in the oven; the oven must be hot."},
    {"docno": "ice", "text": "A glacier moves a metre a day."},
]
queries = pd.DataFrame([["1", "who may withdraw a key?"]], columns=["qid", "query"])
judgments = pd.DataFrame([["1", "keys", 1]], columns=["qid", "docno", "label"])

path = Path(tempfile.mkdtemp()) / "index"
late = PyTerrierIndexer(path).index(documents)
words = PyTerrierRetriever(path, mode="bm25", num_results=1000, passages=False)
print(late(queries)[["docno", "score", "text"]])
print(pt.Experiment([late, words, words >> late], queries, judgments, ["recip_rank"]))
