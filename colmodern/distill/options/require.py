"""When are the values of a table of a recipe refused?"""

from __future__ import annotations

from colmodern.errors import ConfigError


def require(condition: bool, message: str, *, code: str = "option_out_of_range") -> None:
    """Raise a ConfigError with a message and a code unless the condition holds."""
    if not condition:
        raise ConfigError(message, code=code)
