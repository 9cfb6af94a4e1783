"""DSPy: its ColBERT client asks a colmodern server, as it would ask Stanford's.

pip install dspy "colmodern[serve]"; colmodern index examples/handbook;
colmodern serve examples/handbook; then run this file.
"""

import sys

import dspy

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765"
search = dspy.ColBERTv2(url=f"{url}/api/search")
for found in search("who may revoke a key that has leaked?", k=3):
    print(found["long_text"])
