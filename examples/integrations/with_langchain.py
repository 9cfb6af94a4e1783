"""LangChain: a retriever whose documents are passages with their places.

pip install langchain-core; colmodern index examples/handbook; then run this file.
"""

from colmodern.integrations.langchain import LangChainRetriever

retriever = LangChainRetriever(index="examples/handbook/.colmodern", k=3)
for document in retriever.invoke("who may revoke a key that has leaked?"):
    print(document.metadata["id"], "|", document.metadata.get("place", ""))
    print(document.page_content)

# One call may ask for something else: fewer documents, a filter.
print(retriever.invoke("how many days of leave?", k=1, where="path like 'people/%'"))
