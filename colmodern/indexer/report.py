"""What did indexing do?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from colmodern.corpus import SkipTally
from colmodern.corpus.sources import Skipped

MOST_NAMED = 20


@dataclass(slots=True)
class UnreadFiles:
    """Indexed files that cannot be read at the moment, while their documents stay.

    Attributes:
        documents: How many documents stay.
        n_files: How many files there are.
        examples: The first of them, each with the reason; a folder once for all of its files.
        n_named: How many files the examples stand for.
    """

    documents: int = 0
    n_files: int = 0
    examples: list[Skipped] = field(default_factory=list)
    n_named: int = 0

    def add(self, unread: Skipped, n_documents: int) -> None:
        """Count a file that keeps documents; one that has none does not matter."""
        if n_documents:
            self.documents += n_documents
            self.n_files += 1
            if unread in self.examples:
                self.n_named += 1
            elif len(self.examples) < MOST_NAMED:
                self.examples.append(unread)
                self.n_named += 1

    def lines(self) -> list[str]:
        """Return a line that counts the documents, and one for each file that is named."""
        if not self.documents:
            return []
        counted = f"{self.documents:,} documents stay as they were"
        if self.documents == 1:
            counted = "1 document stays as it was"
        files = "1 file" if self.n_files == 1 else f"{self.n_files:,} files"
        lines = [f"{counted}, for {files} cannot be read at the moment:"]
        lines += [f"  {example}" for example in self.examples]
        if self.n_files > self.n_named:
            lines.append(f"  and {self.n_files - self.n_named:,} more")
        return lines


@dataclass(slots=True, kw_only=True)
class IndexReport:
    """What one change of an index did.

    Attributes:
        added: Documents that were not there before.
        updated: Documents whose content changed.
        deleted: Documents that are gone.
        excluded: Of those, how many a rule leaves out now, such as ``exclude`` or an ignore file.
        unchanged: Documents that were left alone.
        unread: Files that could not be read again, and whose documents stay as they were.
        renamed: Documents whose id was taken, so they got another.
        continued: Of those added and updated, how many an attempt before this one had finished.
        documents: Documents in the index now.
        tokens: Token vectors in the index now.
        from_roots: Documents in the index now that come from the files of this change.
        seconds: Wall time.
        skipped: Files and rows that did not become documents, counted by reason.
    """

    added: int = 0
    updated: int = 0
    deleted: int = 0
    excluded: int = 0
    unchanged: int = 0
    unread: UnreadFiles = field(default_factory=UnreadFiles)
    renamed: int = 0
    continued: int = 0
    documents: int = 0
    tokens: int = 0
    from_roots: int = 0
    seconds: float = 0.0
    skipped: SkipTally = field(default_factory=SkipTally)

    @property
    def kept(self) -> int:
        """How many documents stay as they were, because their files could not be read again."""
        return self.unread.documents

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; what was skipped or noted is counted by reason."""
        return {
            "documents": self.documents,
            "tokens": self.tokens,
            "added": self.added,
            "updated": self.updated,
            "deleted": self.deleted,
            "excluded": self.excluded,
            "unchanged": self.unchanged,
            "kept": self.kept,
            "renamed": self.renamed,
            "continued": self.continued,
            "skipped": self._counts(are_notes=False),
            "notes": self._counts(are_notes=True),
            "seconds": round(self.seconds, 2),
        }

    def skipped_lines(self) -> list[str]:
        """Return a line for each reason to skip, with a few examples, for people."""
        return lines_of(self.skipped)

    def _counts(self, *, are_notes: bool) -> dict[str, int]:
        counts = self.skipped.counts.items()
        return {reason.value: n for reason, n in counts if reason.is_note is are_notes}


def lines_of(tally: SkipTally) -> list[str]:
    """Return a line for each reason, with a few examples: what was skipped, then what was noted."""
    lines = []
    for reason, count in sorted(tally.counts.items(), key=lambda one: (one[0].is_note, one[0])):
        if not reason.is_by_rule:
            lines.append(f"{'noted' if reason.is_note else 'skipped'} {count}: {reason}")
            lines += [f"  {example}" for example in tally.examples[reason]]
    return lines
