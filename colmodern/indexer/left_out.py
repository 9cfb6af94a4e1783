"""How many files of a corpus are not in the index, and why? Kept with the options of each scan.

What a rule or an option leaves out is not counted, nor what is in the index under another name.
:mod:`colmodern.searcher.left_out` reads it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from colmodern.corpus import Skipped, SkipReason
from colmodern.storage import SourceRecord

__all__ = ["LEFT_OUT", "Failures", "is_below", "known_failures", "left_out"]

LEFT_OUT = "left_out"

# Why files without documents have none, by their paths.
Failures = Mapping[str, str]

# Of so many the manifest keeps the reason by name, for the scans that do not read them again.
MOST_KEPT = 200

_NOT_READ = "not read"

_IN_THE_INDEX = frozenset({SkipReason.DUPLICATE, SkipReason.LINKED_FOLDER})


def left_out(
    root: str,
    skipped: Iterable[Skipped],
    records: Iterable[SourceRecord],
    failures: Failures,
) -> dict[str, Any]:
    """Return what to keep of the files under a root that are not in the index.

    Args:
        root: Its absolute path.
        skipped: What a scan left out.
        records: What is remembered of the files that were read.
        failures: Why files have no documents; see ``known_failures``.
    """
    counts: Counter[str] = Counter()
    for one in skipped:
        if _counts(one) and is_below(str(one.path), root):
            counts[one.reason.value] += 1
    empty = {r.path for r in records if not r.document_ids and is_below(r.path, root)}
    filled = {r.path for r in records if r.document_ids}
    empty |= {path for path in failures if path not in filled and is_below(path, root)}
    why = {path: failures.get(path, _NOT_READ) for path in sorted(empty)}
    counts.update(why.values())
    named = [(path, reason) for path, reason in why.items() if reason != _NOT_READ]
    return {
        "counts": dict(sorted(counts.items())),
        "files": {path[len(root) :]: reason for path, reason in named[:MOST_KEPT]},
    }


def known_failures(
    config: Mapping[str, Any], records: Iterable[SourceRecord], fresh: Failures
) -> dict[str, str]:
    """Return why files without documents have none, as far as that is known.

    Args:
        config: The options of an index, which keep what was known before.
        records: What is remembered of the files that were read.
        fresh: What was found out now.
    """
    empty = {record.path for record in records if not record.document_ids}
    found: dict[str, str] = {}
    for root, kept in _kept(config):
        files = kept.get("files")
        for name, reason in files.items() if isinstance(files, dict) else ():
            if isinstance(reason, str) and root + name in empty:
                found[root + name] = reason
    return found | dict(fresh)


def _kept(config: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    scans = config.get("scans")
    for root, scan in scans.items() if isinstance(scans, dict) else ():
        kept = scan.get(LEFT_OUT) if isinstance(scan, dict) else None
        if isinstance(kept, dict):
            yield root, kept


def _counts(skipped: Skipped) -> bool:
    reason = skipped.reason
    return not (reason.is_by_rule or reason.is_note or reason in _IN_THE_INDEX)


def is_below(path: str, root: str) -> bool:
    """Say whether a file lies under a root, or is the root itself."""
    return path == root or path.startswith(root.removesuffix(os.sep) + os.sep)
