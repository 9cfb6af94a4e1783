"""XML as a stream: the start of an element, its text, its end. No tree, no entities."""

from __future__ import annotations

from functools import lru_cache
from typing import IO, Protocol
from xml.parsers import expat

__all__ = ["Handler", "TooManyElementsError", "read_elements"]

_BLOCK_BYTES = 1 << 16
# So many elements, and so many more for each character of text, are a document; more are a bomb.
_FREE_ELEMENTS = 1_000_000
_ELEMENTS_A_CHARACTER = 50


class TooManyElementsError(ValueError):
    """A part has far more elements than text."""


class Handler(Protocol):
    """What is told of a stream of elements; names come without their namespaces."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        ...

    def text(self, text: str) -> None:
        """Take text."""
        ...

    def end(self, name: str) -> None:
        """Take the end of an element."""
        ...


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    return name.rpartition("}")[2]


def read_elements(file: IO[bytes], handler: Handler) -> None:
    """Hand the elements of an XML file to a handler.

    Raises:
        ExpatError: Where it is no XML any more, after what came before.
        TooManyElementsError: If it has far more elements than text.
    """
    counts = [0, 0]

    def start(name: str, attributes: dict[str, str]) -> None:
        counts[0] += 1
        if counts[0] > _FREE_ELEMENTS + _ELEMENTS_A_CHARACTER * counts[1]:
            raise TooManyElementsError(f"more than {counts[0]:,} elements hold hardly any text")
        bare = {_bare(key): value for key, value in attributes.items()}
        if len(bare) < len(attributes):  # of two of one name that with a namespace is kept
            bare |= {_bare(key): value for key, value in attributes.items() if "}" in key}
        handler.start(_bare(name), bare)

    def text(data: str) -> None:
        counts[1] += len(data)
        handler.text(data)

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: handler.end(_bare(name))
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = _refuse
    while block := file.read(_BLOCK_BYTES):
        parser.Parse(block, False)
    parser.Parse(b"", True)


def _refuse(*_: object) -> None:
    raise expat.ExpatError("it defines entities")
