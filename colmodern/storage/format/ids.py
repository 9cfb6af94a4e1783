"""Which ids are one and the same? Those that are equal in Unicode's composed form (NFC).

Programs write a letter with an accent as one character or as two; macOS gives names of files in
the second way. Ids are kept in the first. An index of an older version may hold both.
"""

from __future__ import annotations

from unicodedata import normalize

__all__ = ["forms_of_id"]


def forms_of_id(document_id: str) -> tuple[str, ...]:
    """Return the ids under which a document may be kept, the likeliest first."""
    if document_id.isascii():
        return (document_id,)
    forms = (document_id, normalize("NFC", document_id), normalize("NFD", document_id))
    return tuple(dict.fromkeys(forms))
