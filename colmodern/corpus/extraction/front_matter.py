"""What does the front matter of a Markdown file say? Its simple fields, as metadata.

YAML between lines of ``---`` and TOML between lines of ``+++``. Of YAML the simple forms are
read: ``name: value``, lists in brackets or a dash a line; what is nested deeper or runs over
several lines is passed over, and stays in the text as everything does.
"""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

from colmodern.types import MetadataValue

__all__ = ["front_matter_fields"]

# Front matter is a page at most; a rule of dashes on the first line of a long text is none.
LONGEST = 64 * 1024

# The work of tomllib grows with the square of the parts of a dotted name; no line has so many.
MOST_DOTS = 200
_YAML = re.compile(
    r"---[ \t]*\r?\n(?P<matter>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_TOML = re.compile(
    r"\+\+\+[ \t]*\r?\n(?P<matter>.*?)^\+\+\+[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_FIELD = re.compile(r"(?P<name>[^\s:#\[\]{}'\"-][^:#\[\]{}'\"]*):(?P<value>|[ \t].*)$")
_ITEM = re.compile(r"[ \t]*-(?P<value>[ \t].*)$")
_QUOTED = re.compile(r"""\"(?:[^"\\]|\\.)*+"|'(?:[^']|'')*'""")
_UNQUOTED = re.compile(r"""[^,"']+""")
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[+-]?\d{1,40}\.\d{1,40}(?:[eE][+-]?\d{1,2})?")
_COMMENT = re.compile(r"(?:^|[ \t])#.*$")
_CONSTANTS: dict[str, MetadataValue] = {
    "true": True, "false": False, "null": None, "~": None, "": None,
}  # fmt: skip


def front_matter_fields(text: str) -> dict[str, MetadataValue]:
    """Return the fields in the front matter of a text; lists as JSON text; none without any."""
    head = text[:LONGEST]
    if match := _YAML.match(head):
        return _yaml_fields(match["matter"])
    if match := _TOML.match(head):
        return _toml_fields(match["matter"])
    return {}


def _yaml_fields(matter: str) -> dict[str, MetadataValue]:
    fields: dict[str, MetadataValue] = {}
    items: dict[str, list[MetadataValue]] = {}
    name = ""  # the field to which lines that follow belong
    for line in matter.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if match := _FIELD.match(line):
            name = match["name"].rstrip(" \t")
            fields[name] = _value(match["value"].strip(" \t"))
        elif name and (match := _ITEM.match(line)) and fields[name] is None:
            items.setdefault(name, []).append(_scalar(match["value"]))
        elif name:  # nested or folded: what it means as a whole is not known
            fields.pop(name, None)
            items.pop(name, None)
            name = ""
    lists = {name: _json(values) for name, values in items.items()}
    return {name: lists.get(name, value) for name, value in fields.items()}


def _value(text: str) -> MetadataValue:
    """Return what stands after a colon: a scalar, or a list in brackets as JSON text."""
    inner = _without_comment(text)
    if inner.startswith("[") and inner.endswith("]"):
        return _json([_scalar(item) for item in _split(inner[1:-1])])
    return _scalar(text)


def _scalar(text: str) -> MetadataValue:
    text = text.strip()
    if text[:1] in {'"', "'"} and (match := _QUOTED.match(text)):
        inner = match[0][1:-1]
        return inner.replace("''", "'") if text[0] == "'" else _unescaped(inner)
    text = _without_comment(text)
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _unescaped(inner: str) -> str:
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError:
        return inner


def _without_comment(text: str) -> str:
    return text if text[:1] in {'"', "'"} else _COMMENT.sub("", text).strip()


def _split(inner: str) -> list[str]:
    """Split at commas that stand outside quotes."""
    commas = [-1]
    at = 0
    while at < len(inner):
        piece = _QUOTED.match(inner, at) or _UNQUOTED.match(inner, at)
        if piece is None and inner[at] != ",":
            break  # a quote that is never closed: what follows is one item
        if piece is None:
            commas.append(at)
        at = piece.end() if piece else at + 1
    items = [inner[start + 1 : end] for start, end in pairwise([*commas, len(inner)])]
    return [item for item in items if item.strip()]


def _toml_fields(matter: str) -> dict[str, MetadataValue]:
    if any(line.count(".") > MOST_DOTS for line in matter.split("\n")):
        return {}
    try:
        table = tomllib.loads(matter)
    except (ValueError, RecursionError):  # a number of thousands of digits is a ValueError too
        return {}
    found = {name: _flat(value) for name, value in table.items() if not isinstance(value, dict)}
    extra = table.get("extra")  # where some site builders keep what is the author's own
    if isinstance(extra, dict):
        found |= {n: _flat(v) for n, v in extra.items() if n not in found and _is_scalar(v)}
    return found


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _flat(value: Any) -> MetadataValue:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    known: MetadataValue = value
    return known


def _json(values: list[MetadataValue]) -> str:
    return json.dumps(values, ensure_ascii=False)
