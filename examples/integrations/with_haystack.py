"""Haystack: a component in a pipeline, which can be saved as YAML.

pip install haystack-ai; colmodern index examples/handbook; then run this file.
"""

from haystack import Pipeline

from colmodern.integrations.haystack import HaystackRetriever

pipeline = Pipeline()
pipeline.add_component("retriever", HaystackRetriever("examples/handbook/.colmodern", top_k=3))
filters = {"field": "meta.type", "operator": "==", "value": "markdown"}
question = {"query": "who may revoke a key that has leaked?", "filters": filters}
for document in pipeline.run({"retriever": question})["retriever"]["documents"]:
    print(document.meta["id"], document.meta.get("place", ""))
    print(document.content)
print(pipeline.dumps())
