"""Which characters of a document are a section of it?"""

from __future__ import annotations

from collections.abc import Sequence

from colmodern.errors import RequestRefusedError
from colmodern.passages.places import headings_of
from colmodern.serve.mcp.answer import named
from colmodern.storage import StoredDocument
from colmodern.text.headings import Heading, titles_above

_MOST_NAMED = 30
_BETWEEN = ">"


def section_of(document: StoredDocument, name: str) -> tuple[int, int]:
    """Return the first character of a section, heading included, and one past its last.

    Args:
        document: The document.
        name: The title of the section, with those above it in front if need be, as
            ``Keys > Rotation``. Letters may be small or capital.

    Raises:
        RequestRefusedError: There is no such section, or there are several.
    """
    headings = headings_of(document.metadata, document.text, len(document.text))
    wanted = _path(name.split(_BETWEEN))
    found = [
        number
        for number, heading in enumerate(headings)
        if _path(titles_above(headings, heading.start))[-len(wanted) :] == wanted
    ]
    whole = [n for n in found if _path(titles_above(headings, headings[n].start)) == wanted]
    if len(whole or found) != 1:
        raise _not_one(document.id, name, headings, len(whole or found))
    (number,) = whole or found
    return headings[number].start, _end(headings, number, len(document.text))


def _path(titles: Sequence[str]) -> list[str]:
    return [" ".join(title.split()).casefold() for title in titles]


def _end(headings: Sequence[Heading], number: int, length: int) -> int:
    level = headings[number].level
    later = (one.start for one in headings[number + 1 :] if one.level <= level)
    return next(later, length)


def _not_one(
    doc_id: str, name: str, headings: Sequence[Heading], n_found: int
) -> RequestRefusedError:
    names = [named(one.title, 100) for one in headings]
    listed = "; ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    there = f"it has {listed}{more}" if names else "it has none: give start and end"
    what = f"{n_found} sections of that name" if n_found else "no such section"
    return RequestRefusedError(
        f"{doc_id!r:.200} has {what} ({name!r:.100}); {there}.",
        code="request_invalid",
        option="section",
    )
