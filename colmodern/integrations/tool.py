"""How does an agent search? With a function that has types and a docstring, and plain values.

Every framework of agents makes a tool of such a function: DSPy, smolagents, pydantic-ai, LangGraph
and LlamaIndex read its name, its types and its docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from colmodern.integrations.asked import AskedIndex
from colmodern.searcher import Searcher
from colmodern.types import QueryEncoder

_MOST = 50


def make_tool(
    index: str | Path | Searcher,
    *,
    name: str = "search",
    about: str = "the documents of the user",
    encoder: QueryEncoder | None = None,
    k: int = 8,
    **options: Any,
) -> Callable[..., list[dict[str, Any]]]:
    """Return a function ``tool(query, k)`` that an agent may call.

    Args:
        index: The folder of an index, or a searcher that is open.
        name: What the function is called.
        about: What is in the index, for the docstring that the agent reads.
        encoder: The encoder of the index; None: the one that it names.
        k: How many passages it returns if the agent does not say.
        **options: Fields of ``SearchRequest``, and ``whole_documents``.

    Raises:
        ConfigError: An option is not allowed.
        IndexStoreError: There is no index, or it cannot be read.
    """
    asked = AskedIndex(index, encoder=encoder, k=k, **options)

    def tool(query: str, k: int = k) -> list[dict[str, Any]]:
        texts = asked.texts(query, k=min(max(int(k), 1), _MOST))
        return [{"text": one.text, **one.metadata} for one in texts]

    tool.__name__ = tool.__qualname__ = name
    tool.__doc__ = (
        f"Search {about} and return the passages that answer, best first.\n\n"
        "Args:\n"
        "    query: What you look for, as a question or in words.\n"
        f"    k: How many passages at most, from 1 to {_MOST}.\n\n"
        "Returns:\n"
        "    For each passage its text, the id and title of its document, where it stands (place,\n"
        "    page, line, start and end character), and a score that compares within one query.\n"
    )
    # What reads types at run time does not see this module's names.
    tool.__annotations__ = {"query": str, "k": int, "return": list[dict[str, Any]]}
    return tool
