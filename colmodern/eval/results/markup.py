"""How do values become HTML? Everything is escaped here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def text_html(value: Any) -> str:
    """Return a value as text of a page; what no file can hold becomes a question mark."""
    return escape(str(value).encode("utf-8", "replace").decode("utf-8"), quote=True)


def number_text(value: Any) -> str:
    """Return a number with commas, a dash for None, and anything else as it is."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def table_html(rows: Sequence[Mapping[str, Any]], *, caption: str = "") -> str:
    """Return a table of rows with the same fields, numbers to the right.

    Args:
        rows: Values by column; a ``Markup`` goes in as it is.
        caption: What the table holds.
    """
    if not rows:
        return ""
    right = {name: all(_is_number(row[name]) for row in rows) for name in rows[0]}
    head = "".join(_cell("th", name, right=right[name]) for name in rows[0])
    body = "".join(
        f"<tr>{''.join(_cell('td', row[name], right=right[name]) for name in rows[0])}</tr>"
        for row in rows
    )
    title = f"<caption>{text_html(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def fields_html(values: Mapping[str, Any], *, caption: str = "") -> str:
    """Return a table of two columns, names and values; fields that are None are left out."""
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{text_html(name)}</th>'
        f"{_cell('td', value, right=False)}</tr>"
        for name, value in values.items()
        if value is not None
    )
    title = f"<caption>{text_html(caption)}</caption>" if caption else ""
    return f"<table>{title}<tbody>{body}</tbody></table>"


class Markup(str):
    """HTML that is finished: its parts have been escaped."""

    __slots__ = ()


def _cell(tag: str, value: Any, *, right: bool) -> str:
    inner = value if isinstance(value, Markup) else text_html(number_text(value))
    return f'<{tag} style="text-align:{"right" if right else "left"}">{inner}</{tag}>'


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float) or _looks_like_one(str(value))


def _looks_like_one(text: str) -> bool:
    return re.sub("<[^<>]*>", "", text).lstrip("+-").replace(",", "").replace(".", "", 1).isdigit()
