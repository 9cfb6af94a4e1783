"""Would a change delete more documents than goes without saying?

A job that runs alone at night must not empty an index because something moved or was switched off.
"""

from __future__ import annotations

from collections.abc import Sequence

from colmodern.errors import InputError
from colmodern.indexer.sources.files import FileChanges

__all__ = ["check_deletions", "needs_prune"]

FEW_DOCUMENTS = 20
SMALL_SHARE = 10  # one in so many
EXAMPLES = 5


def needs_prune(n_deleted: int, n_documents: int) -> bool:
    """Say whether so many deletions must be asked for: more than twenty, and than a tenth."""
    return n_deleted > FEW_DOCUMENTS and n_deleted * SMALL_SHARE > n_documents


def check_deletions(changes: FileChanges, n_documents: int) -> None:
    """Refuse a change that deletes too much of an index.

    Raises:
        InputError: It does; the message says what would go and how to go on.
    """
    n_deleted = len(changes.gone) + len(changes.excluded)
    if not needs_prune(n_deleted, n_documents):
        return
    parts = [
        _part(changes.gone, "are gone from the files"),
        _part(changes.excluded, "are left out by a rule now"),
        *map(str, changes.lost_ids[:EXAMPLES]),
    ]
    raise InputError(
        f"{n_deleted:,} of {n_documents:,} documents would be deleted: "
        f"{'; '.join(filter(None, parts))}. Nothing was changed. If that is right, give the same "
        "command with --prune (sync(..., prune=True)).",
        code="many_deletions",
        option="prune",
        value=n_deleted,
    )


def _part(ids: Sequence[str], what: str) -> str:
    if not ids:
        return ""
    named = ", ".join(ids[:EXAMPLES]) + (", ..." if len(ids) > EXAMPLES else "")
    return f"{len(ids):,} {what} ({named})"
