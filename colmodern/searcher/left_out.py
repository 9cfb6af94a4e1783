"""How many files of the corpus are not in an index, and why? As its manifest keeps it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["left_out_of"]


def left_out_of(config: Mapping[str, Any]) -> dict[str, int]:
    """Return how many files of all roots are not in an index, by reason, the most common first."""
    scans = config.get("scans")
    kept = {
        root: scan["left_out"].get("counts")
        for root, scan in (scans.items() if isinstance(scans, dict) else ())
        if isinstance(scan, dict) and isinstance(scan.get("left_out"), dict)
    }
    counts: Counter[str] = Counter()
    for root, found in kept.items():
        is_inner = any(root.startswith(other.removesuffix(os.sep) + os.sep) for other in kept)
        for reason, count in found.items() if isinstance(found, dict) and not is_inner else ():
            if type(count) is int and count > 0:
                counts[str(reason)] += count
    return dict(counts.most_common())
