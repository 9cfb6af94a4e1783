"""Is what a file gives as its title one, and is it searched anyway?"""

from __future__ import annotations

import re

__all__ = ["stands_in", "written_title"]

# What programs put where a title belongs when nobody wrote one, in any format.
_NONE = re.compile(
    r"[(\[<{\"']{0,2}+"
    r"(?:untitled|anonymous|unnamed|no[ \-]title|null|undefined|new[ \-](?:page|document))"
    r"(?:[ _\-]?+(?:document|page|presentation|file|notebook|note|\d{1,9}+))*+"
    r"[)\]>}\"']{0,2}+(?:\.[a-z]{2,5}+)?+"
    r"|microsoft (?:office )?(?:word|excel|powerpoint) - [^\n]*+",
    re.IGNORECASE,
)


# So much stands in a text as a title does, or nowhere; each place of a long one in a text that
# repeats itself would be compared with all of it.
_LONG = 256


def written_title(title: str) -> str:
    """Return a title, or nothing if a program put it there because nobody wrote one."""
    return "" if _NONE.fullmatch(title.strip()) else title


def stands_in(title: str, text: str) -> bool:
    """Say whether a text has a title in whole words, so that it need not be said twice.

    Of a title of more than ``_LONG`` characters the first and the last word need not be whole.
    """
    if len(title) > _LONG:
        return title in text
    at = text.find(title)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(title) : at + len(title) + 1]
        if not (_joins(before, title[:1]) or _joins(title[-1:], after)):
            return True
        at = text.find(title, at + 1)
    return False


def _joins(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()
