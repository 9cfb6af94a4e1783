"""LlamaIndex: a retriever of text nodes.

pip install llama-index-core; colmodern index examples/handbook; then run this file.
"""

from colmodern.integrations.llamaindex import LlamaIndexRetriever

retriever = LlamaIndexRetriever("examples/handbook/.colmodern", k=3, mode="hybrid")
for found in retriever.retrieve("who may revoke a key that has leaked?"):
    print(f"{found.score:.3f}", found.node.metadata["id"], found.node.metadata.get("place", ""))
    print(found.node.get_content())
