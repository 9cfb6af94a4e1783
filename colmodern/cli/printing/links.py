"""How does a terminal link to a line of a file? OSC 8 links in the words of several editors."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from colmodern.errors import ConfigError

__all__ = ["ALIASES", "check_template", "link_to"]

ALIASES = {
    "none": "",
    "file": "file://{path}",
    "vscode": "vscode://file{path}:{line}",
    "cursor": "cursor://file{path}:{line}",
    "zed": "zed://file{path}:{line}",
    "idea": "idea://open?file={path}&line={line}",
    "textmate": "txmt://open?url=file://{path}&line={line}",
}
"""What may be said instead of a template."""

# Formats whose extracted text has the lines of the file.
_SAME_LINES = frozenset({"text", "markdown", "rst", "code"})


def check_template(template: str) -> str:
    """Return the template that an alias stands for, or the template itself.

    Raises:
        ConfigError: It is neither an alias nor a template with ``{path}``.
    """
    found = ALIASES.get(template, template)
    if found and "{path}" not in found:
        raise ConfigError(
            f"links must be one of {', '.join(ALIASES)}, or a template such as "
            f"'editor://{{path}}:{{line}}', not {template!r}.",
            code="option_not_allowed",
            option="links",
            value=template,
        )
    return found


def link_to(
    template: str, source: str | None, kind: object, *, line: int, page: int | None
) -> str | None:
    """Return the address of a passage's line; None for a document without a file.

    Args:
        template: From ``check_template``.
        source: The file that the document was read from.
        kind: Its format. A row of a row file has none, and no line of its own.
        line: The line of the document's text.
        page: The page of a PDF file.
    """
    if not template or source is None or not isinstance(kind, str):
        return None
    if not Path(source).is_absolute():
        return None
    if page is not None:
        return f"file://{quote(source)}#page={page}"
    place = line if kind in _SAME_LINES else 1
    return template.replace("{path}", quote(source)).replace("{line}", str(place))
