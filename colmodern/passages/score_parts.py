"""How are the parts of a score told?"""

from __future__ import annotations

import math
from collections.abc import Mapping


def rounded_parts(parts: Mapping[str, float]) -> dict[str, float | None]:
    """Return the parts of a score fit for JSON: what one could not find has none."""
    return {
        name: round(score, 6) if math.isfinite(score) else None for name, score in parts.items()
    }
