"""A tool for agents: a function with types and a docstring, for any framework that takes one.

colmodern index examples/handbook; then run this file.
"""

import inspect

from colmodern.integrations.tool import make_tool

search = make_tool("examples/handbook/.colmodern", name="search_handbook", about="our handbook")
print(inspect.signature(search), inspect.getdoc(search), sep="\n")
for passage in search("who may revoke a key that has leaked?", k=2):
    print(passage["id"], passage.get("place", ""), passage["text"], sep="\n")
