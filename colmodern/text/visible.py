"""How does a text look to whoever must not be steered by it, a terminal or a reader of lines?"""

from __future__ import annotations

# What a document says must not steer the terminal: colours, titles, bells, the order of letters.
# Marks of one letter's direction (U+200E, U+200F), which texts are full of, steer nothing else.
_OVERRIDES = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
STEERING = frozenset({*range(0x20), *range(0x7F, 0xA0), *_OVERRIDES})
"""The characters that could steer a terminal."""

_CONTROLS = dict.fromkeys(STEERING - {ord("\t"), ord("\n")}, "\ufffd")


def visible(text: str) -> str:
    """Return a text that cannot steer a terminal: what could becomes U+FFFD, one each."""
    return text.translate(_CONTROLS)


def flat(text: str) -> str:
    """Return a text on one line that cannot steer a terminal."""
    return visible(" ".join(text.split()))
