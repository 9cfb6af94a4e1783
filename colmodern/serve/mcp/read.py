"""The tool ``read``: the text of a document, whole, in a range, or in a section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colmodern.errors import RequestRefusedError
from colmodern.passages.places import NOTED_FIELDS, place_of
from colmodern.serve.config import LONGEST_ID, ServeConfig
from colmodern.serve.mcp.answer import (
    DATA,
    Sheet,
    ToolAnswer,
    cut,
    id_in_call,
    literal,
    named,
    on_a_line,
    plain,
    quoted,
)
from colmodern.serve.mcp.desk import Caller, Desk
from colmodern.serve.mcp.search import index_schema, path_of
from colmodern.serve.mcp.sections import section_of
from colmodern.serve.served import Library
from colmodern.serve.stopwatch import Stopwatch
from colmodern.storage import StoredDocument

_MOST_CHARACTERS = 1 << 31
_LONGEST_FIELD = 1_000
_HEAD = 1_600
"""Characters of the budget that are kept for what is said of a part and of what follows."""


def read_schema(_limits: ServeConfig) -> dict[str, Any]:
    """Return the JSON Schema of the arguments."""
    return {
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "maxLength": LONGEST_ID,
                "description": "The id of a document, as search gives it.",
            },
            "start": _number("The first character, from 0."),
            "end": _number("One past the last character."),
            "section": {
                "type": "string",
                "maxLength": 1_000,
                "description": "A heading instead of a range: Rotation, or Keys > Rotation.",
            },
            "before": _number("So many characters more in front of it.", default=0),
            "after": _number("So many characters more behind it.", default=0),
            "index": index_schema(),
        },
        "required": ["id"],
        "additionalProperties": False,
    }


def _number(what: str, **more: int) -> dict[str, Any]:
    bounds = {"type": "integer", "minimum": 0, "maximum": _MOST_CHARACTERS}
    return {**bounds, **more, "description": what}


async def read(desk: Desk, arguments: Mapping[str, Any], caller: Caller) -> ToolAnswer:
    """Answer with a part of a document."""

    def work(library: Library, watch: Stopwatch, _threads: int) -> ToolAnswer:
        index = library.named(arguments["index"])
        with index.use() as snapshot:
            watch("document")
            document = snapshot.document(arguments["id"])
            head = {"index": index.name, "generation": snapshot.generation}
        values = plain({**head, **part_of(document, arguments, desk.config.budget)})
        return ToolAnswer(read_text(values, desk.config.budget), values)

    return await desk.run(caller, work)


def part_of(document: StoredDocument, asked: Mapping[str, Any], budget: int) -> dict[str, Any]:
    """Return a part of a document as values: at most as many characters as ``budget`` lets.

    Raises:
        RequestRefusedError: The range is none, or there is no such section.
    """
    text = document.text
    start, wanted = _range(document, asked)
    end = _kept_end(text, start, wanted, budget)
    place = place_of(document.metadata, text, min(start, max(0, len(text) - 1)))
    return {
        "id": document.id,
        "path": path_of(document.metadata, document.source),
        "source": document.source,
        "title": document.title or str(document.metadata.get("title", "")),
        "metadata": {
            name: cut(value, _LONGEST_FIELD) if isinstance(value, str) else value
            for name, value in document.metadata.items()
            if name not in NOTED_FIELDS
        },
        "characters": len(text),
        "start": start,
        "end": end,
        "line": text.count("\n", 0, start) + 1,
        **place.to_dict(),
        "text": text[start:end],
        "cut": wanted - end,
    }


def _range(document: StoredDocument, asked: Mapping[str, Any]) -> tuple[int, int]:
    start, end, length = asked["start"], asked["end"], len(document.text)
    if asked["section"] is not None:
        if start is not None or end is not None:
            message = "Give a section, or start and end, not both."
            raise RequestRefusedError(message, code="request_invalid", option="section")
        start, end = section_of(document, asked["section"])
    start, end = start or 0, length if end is None else end
    if end < start:
        message = f"end must not be before start, {start}, but is {end}."
        raise RequestRefusedError(message, code="request_invalid", option="end", value=end)
    if start > length or (start == length and length):
        message = f"start is {start:,}, but the document has {length:,} characters."
        raise RequestRefusedError(message, code="request_invalid", option="start", value=start)
    return max(0, start - asked["before"]), min(length, end + asked["after"])


def _kept_end(text: str, start: int, wanted: int, budget: int) -> int:
    """Return where the part ends whose quotation has room: after a line, if one ends in it."""
    room, at = budget - _HEAD, start
    while at < wanted:
        end = text.find("\n", at, wanted) + 1 or wanted
        cost = end - at + len("> ")
        if cost > room:
            return at if at > start else min(wanted, start + room - len("> "))
        room, at = room - cost, end
    return at


def read_text(values: Mapping[str, Any], budget: int) -> str:
    """Return a part of a document as a text of at most ``budget`` characters."""
    sheet = Sheet(budget)
    lines = [f"id {on_a_line(literal(values['id']), 300)}"]
    if values["title"]:
        lines[0] += f", title {named(values['title'], 150)}"
    where = [
        f"characters {values['start']}-{values['end']} of {values['characters']}",
        f"line {values['line']}",
    ]
    if values["place"]:
        where.insert(0, f"at {named(values['place'])}")
    if values["path"] not in (None, values["id"]):
        where.insert(0, f"file {named(values['path'], 300)}")
    lines.append(" | ".join(where))
    lines.append(DATA)
    sheet.add("\n".join(lines), whole=False)
    text = values["text"].removesuffix("\n")
    sheet.add(quoted(text) if values["text"] else "(empty)", whole=False)
    return sheet.close(_what_follows(values))


def _what_follows(values: Mapping[str, Any]) -> str:
    end, length = values["end"], values["characters"]
    if values["cut"]:
        return (
            f"[cut: {values['cut']:,} of the characters asked for do not fit] "
            f"Next: read(id={id_in_call(values['id'])}, start={end}, end={end + values['cut']})"
        )
    return f"[{length - end:,} characters follow]" if end < length else "[end of the document]"
