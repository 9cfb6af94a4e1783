"""Which parts does a part of an Office file name, by which ids, and as what?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from colmodern.corpus.extraction.office.archive import Archive

__all__ = ["Relation", "Relations", "relations_of"]


class Relation(NamedTuple):
    """A part that another one names: the last word of what it is (``comments``), its name."""

    kind: str
    part: str


class Relations(dict[str, Relation]):
    """What a part names, by the ids that stand in it."""

    def of_kind(self, kind: str) -> Iterator[str]:
        """Yield the names of the parts of a kind."""
        yield from (relation.part for relation in self.values() if relation.kind == kind)


class _RelationReader:
    def __init__(self, archive: Archive, part: str) -> None:
        self.found = Relations()
        self._archive = archive
        self._part = part

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = self._archive.beside(self._part, attributes.get("Target", ""))
            self.found[attributes.get("Id", "")] = Relation(kind, target)

    def text(self, text: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


def relations_of(archive: Archive, part: str) -> Relations:
    """Return what a part names; nothing if nothing is said of it."""
    folder, name = posixpath.split(part)
    place = posixpath.join(folder, "_rels", f"{name}.rels")
    reader = _RelationReader(archive, part)
    if place in archive.names:
        archive.read(place, reader)
    return reader.found
