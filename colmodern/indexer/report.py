"""What did indexing do?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from colmodern.corpus import SkipTally
from colmodern.corpus.sources import SkipReason


@dataclass(slots=True, kw_only=True)
class IndexReport:
    """What one change of an index did.

    Attributes:
        added: Documents that were not there before.
        updated: Documents whose content changed.
        deleted: Documents that are gone.
        unchanged: Documents that were left alone.
        renamed: Documents whose id was taken, so they got another.
        continued: Of those added and updated, how many an attempt before this one had finished.
        documents: Documents in the index now.
        tokens: Token vectors in the index now.
        seconds: Wall time.
        skipped: Files and rows that did not become documents, counted by reason.
    """

    added: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    renamed: int = 0
    continued: int = 0
    documents: int = 0
    tokens: int = 0
    seconds: float = 0.0
    skipped: SkipTally = field(default_factory=SkipTally)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; what was skipped is counted by reason."""
        return {
            "documents": self.documents,
            "tokens": self.tokens,
            "added": self.added,
            "updated": self.updated,
            "deleted": self.deleted,
            "unchanged": self.unchanged,
            "renamed": self.renamed,
            "continued": self.continued,
            "skipped": {reason.value: count for reason, count in self.skipped.counts.items()},
            "seconds": round(self.seconds, 2),
        }

    def skipped_lines(self) -> list[str]:
        """Return a line for each reason to skip, with a few examples, for people."""
        lines = []
        for reason, count in sorted(self.skipped.counts.items()):
            if not _is_dull(reason):
                lines.append(f"skipped {count}: {reason}")
                lines += [f"  {example}" for example in self.skipped.examples[reason]]
        return lines


def _is_dull(reason: SkipReason) -> bool:
    return reason.is_by_rule
