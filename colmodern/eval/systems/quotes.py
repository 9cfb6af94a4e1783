"""How does a spec hold a path with a comma, a plus sign or an equals sign? In double quotes."""

from __future__ import annotations

import re

from colmodern.errors import ConfigError

# A quote begins where a value does, and has its own quotes doubled; elsewhere it is a character.
_QUOTED = r'(?:(?<![^=:,+])"(?:[^"]|"")*+")'
_MARKS = {",": re.compile(rf"({_QUOTED})|,"), "+": re.compile(rf"({_QUOTED})|\+")}


def split(text: str, mark: str) -> list[str]:
    """Return what stands between marks, a comma or a plus sign, that no quotes hold."""
    parts = _MARKS[mark].split(text)
    found = [""]
    for between, quoted in zip(parts[::2], [*parts[1::2], ""], strict=True):
        found[-1] += between
        if quoted is None:
            found.append("")
        else:
            found[-1] += quoted
    return found


def quoted(value: str) -> str:
    """Return a value as a spec holds it: in quotes where it needs them."""
    if value == value.strip() and not re.search(r'[,+="]', value):
        return value
    return '"{}"'.format(value.replace('"', '""'))


def unquoted(value: str) -> str:
    """Return a value without its quotes.

    Raises:
        ConfigError: They are not closed, or something follows them.
    """
    value = value.strip()
    if not value.startswith('"'):
        return value
    if re.fullmatch(_QUOTED, value) is None:
        raise ConfigError(
            f"The quotes of {value!r:.200} do not end where the value ends; a double quote inside "
            'is written "".',
            value=value,
        )
    return value[1:-1].replace('""', '"')
