"""PyLate: an index of its shape, here with vectors made by the student in the package.

With PyLate the vectors come from ``models.ColBERT(...).encode(...)``, and
``retrieve.ColBERT(index=index).retrieve(queries, k=3)`` asks. No PyLate is needed to run this file.
"""

import tempfile

from colmodern import Encoder
from colmodern.integrations.pylate import PyLateIndex

encoder = Encoder.load()
texts = {"keys": "An officer may revoke a key that has leaked.", "ice": "A glacier moves."}
documents = [one.vectors for one in encoder.encode_documents(list(texts.values()))]
queries = [one.vectors for one in encoder.encode_queries(["who may withdraw a key?"])]

index = PyLateIndex(tempfile.mkdtemp(), "mine", override=True)
index.add_documents(list(texts), documents)
print(index(queries, k=2))
