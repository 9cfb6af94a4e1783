"""When are the values of a table of a recipe refused?"""

from __future__ import annotations

from colmodern.errors import ConfigError


def require(condition: bool, message: str) -> None:
    """Raise a ConfigError with a message unless the condition holds."""
    if not condition:
        raise ConfigError(message)
