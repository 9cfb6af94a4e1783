"""The tool ``status``: what is indexed, and what changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colmodern import __version__
from colmodern.indexer import IndexStatus
from colmodern.indexer import status as compared
from colmodern.serve.config import ServeConfig
from colmodern.serve.mcp.answer import Sheet, ToolAnswer, id_in_call, named, on_a_line, plain
from colmodern.serve.mcp.desk import Caller, Desk
from colmodern.serve.mcp.search import MOST_HITS, index_schema
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.stopwatch import Stopwatch
from colmodern.storage.directory.urls import url_of

_MOST_NAMED = 20
_TOLD = ("documents", "tokens", "bytes", "encoder", "generation", "not_indexed")


def status_schema(_limits: ServeConfig) -> dict[str, Any]:
    """Return the JSON Schema of the arguments."""
    return {"type": "object", "properties": {}, "additionalProperties": False}


def local_status_schema(_limits: ServeConfig) -> dict[str, Any]:
    """Return the same where the files can be looked at."""
    return {
        "type": "object",
        "properties": {
            "index": {**index_schema(), "description": "One index only; all if left out."},
            "files": {
                "type": "boolean",
                "default": True,
                "description": "Also look which files changed since they were indexed; false is "
                "quicker for very many files.",
            },
        },
        "additionalProperties": False,
    }


async def status(desk: Desk, arguments: Mapping[str, Any], caller: Caller) -> ToolAnswer:
    """Answer what is indexed; where the agent is local, what changed in the files too."""

    def work(library: Library, watch: Stopwatch, _threads: int) -> ToolAnswer:
        name = arguments.get("index")
        indexes = list(library) if name is None else [library.named(name)]
        told = []
        for index in indexes:
            watch("status")
            told.append(_told(index))
            if desk.is_local and arguments["files"] and url_of(index.path) is None:
                found = compared(index.path, encoder=index.encoder)
                told[-1] |= {"not_indexed": dict(found.not_indexed), "files": files_told(found)}
        values = plain({"version": __version__, "indexes": told, "limits": limits_told(desk)})
        return ToolAnswer(status_text(values, desk.config.budget), values)

    return await desk.run(caller, work)


def _told(index: ServedIndex) -> dict[str, Any]:
    with index.use() as snapshot:
        described = snapshot.searcher.describe()
    return {"name": index.name, **{name: described[name] for name in _TOLD}}


def limits_told(desk: Desk) -> dict[str, int]:
    """Return what a call may ask for at most."""
    return {
        "k": min(MOST_HITS, desk.config.max_k),
        "query_characters": desk.config.max_characters,
        "text_characters": desk.config.budget,
    }


def files_told(found: IndexStatus) -> dict[str, Any]:
    """Return what the next ``index`` would do, with the first names of each kind."""
    kinds = {
        "new": found.added,
        "changed": found.changed,
        "removed": found.removed,
        "unreadable": found.unreadable,
    }
    return {
        "roots": list(found.roots),
        "missing_roots": list(found.missing_roots),
        "is_current": found.is_current,
        "unchanged": found.unchanged,
        **{kind: len(names) for kind, names in kinds.items()},
        "examples": {kind: list(names[:_MOST_NAMED]) for kind, names in kinds.items() if names},
        "needs_prune": found.needs_prune,
    }


def status_text(values: Mapping[str, Any], budget: int) -> str:
    """Return the state of the indexes as a text of at most ``budget`` characters."""
    sheet = Sheet(budget)
    for number, index in enumerate(values["indexes"]):
        if not sheet.add(_block(index), whole=number > 0):
            return sheet.close(f"[cut: {len(values['indexes']) - number} indexes more]")
    for index in values["indexes"]:
        if not index.get("files", {"is_current": True})["is_current"]:
            name = id_in_call(index["name"])
            return sheet.close(f"Next: refresh(index={name}) takes in what changed.")
    return sheet.close()


def _block(index: Mapping[str, Any]) -> str:
    counts = f"{index['documents']:,} documents, {index['tokens']:,} tokens"
    made = f"generation {index['generation']}, encoder {on_a_line(index['encoder'])}"
    lines = [f"index {on_a_line(index['name'])}: {counts}, {made}"]
    if index["not_indexed"]:
        why = ", ".join(f"{n:,} {on_a_line(reason)}" for reason, n in index["not_indexed"].items())
        lines.append(f"  files that are not in it: {why}")
    if "files" in index:
        lines += _file_lines(index["files"])
    return "\n".join(lines)


def _file_lines(files: Mapping[str, Any]) -> list[str]:
    lines = []
    for root in files["roots"]:
        gone = " (is gone; its documents stay)" if root in files["missing_roots"] else ""
        lines.append(f"  of {named(root)}{gone}")
    if not files["roots"]:
        lines.append("  made by a program, not of files")
    kinds = [f"{files[kind]:,} {kind}" for kind in ("new", "changed", "removed", "unreadable")]
    lines.append(f"  files: {files['unchanged']:,} as indexed, {', '.join(kinds)}")
    for kind, names in files["examples"].items():
        more = f" and {files[kind] - len(names):,} more" if files[kind] > len(names) else ""
        lines.append(f"  {kind}: {', '.join(map(named, names))}{more}")
    if files["needs_prune"]:
        lines.append("  refresh would stop: it would delete very many documents")
    return lines
