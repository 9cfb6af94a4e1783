"""What lies in this folder? One module for each layout in which judged collections are published.

Each has ``recognises(path)`` and ``read(path, split)``, which returns a ``Collection``; the first
that recognises a path reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts import beir, coir, longembed, mldr, plain, trec
from colmodern.eval.layouts.collection import Collection, Documents, Qrels, composed
from colmodern.eval.layouts.hub import fetch, is_hub_name
from colmodern.eval.layouts.judgments import read_qrels
from colmodern.home import at_home

__all__ = ["Collection", "Documents", "Qrels", "composed", "read_collection", "read_qrels"]

_LAYOUTS: dict[str, tuple[Callable[[Path], bool], Callable[[Path, str | None], Collection]]] = {
    "plain": (plain.recognises, plain.read),
    "beir": (beir.recognises, beir.read),
    "longembed": (longembed.recognises, longembed.read),
    "coir": (coir.recognises, coir.read),
    "mldr": (mldr.recognises, mldr.read),
    "trec": (trec.recognises, trec.read),
}


def read_collection(path_or_name: str | Path, split: str | None) -> tuple[str, Path, Collection]:
    """Return the layout's name, where the collection lies, and the collection.

    Raises:
        InputError: There is nothing, or nothing in a layout that is known; or it is broken.
    """
    path = at_home(path_or_name) or Path(path_or_name)
    name = str(path_or_name)
    if not path.exists() and not coir.recognises(path):
        if not is_hub_name(name):
            raise InputError(
                f"There is no collection {name!r}: no such folder or file.",
                code="collection_not_found",
            )
        path = fetch(name)
    for layout, (recognises, read) in _LAYOUTS.items():
        if recognises(path):
            return layout, path, read(path, split)
    raise InputError(_unknown(path), code="layout_unknown")


def _unknown(path: Path) -> str:
    if path.is_dir():
        inside = [
            folder.name
            for folder in sorted(path.iterdir())
            if folder.is_dir() and any(recognises(folder) for recognises, _ in _LAYOUTS.values())
        ]
        if inside:
            return f"{path} holds several collections; name one: {', '.join(inside)}."
        languages = sorted({f.name.removesuffix("-corpus") for f in path.glob("*-corpus")})
        if languages:
            return f"{path} holds several collections; name one: {path}/{languages[0]}, ..."
    return (
        f"{path} holds no collection that is known: BEIR (corpus.jsonl, queries.jsonl, "
        "qrels/test.tsv), TREC (topics, qrels, documents), MLDR, LongEmbed, CoIR, or one file of "
        "JSON lines with query and positive."
    )
