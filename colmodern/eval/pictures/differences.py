"""Does a system win everywhere, or by a few queries? The differences, sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from colmodern.eval.pictures.style import BETTER, INK, WORSE, new_figure, shown_name
from colmodern.eval.results.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_differences(comparison: Comparison) -> Figure:
    """Draw b minus a for every query, best first, with how many are better, level and worse.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    values = np.sort(list(comparison.differences.values()))[::-1]
    a, b = shown_name(comparison.a), shown_name(comparison.b)
    low, high = comparison.interval
    with new_figure() as (figure, axes):
        better, worse = f"better on {comparison.wins:,}", f"worse on {comparison.losses:,}"
        axes.stairs(np.maximum(values, 0), fill=True, color=BETTER, label=better)
        axes.stairs(np.minimum(values, 0), fill=True, color=WORSE, label=worse)
        axes.plot([], [], " ", label=f"level on {comparison.ties:,}")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axhline(comparison.difference, color=INK, linewidth=0.8, linestyle="--")
        axes.set_xlim(0, len(values))
        axes.set_xlabel("queries, sorted by their difference")
        axes.set_ylabel(f"difference in {comparison.measure}")
        axes.set_title(
            f"{b} against {a}\nmean {comparison.difference:+.4f} (dashed), "
            f"95 % [{low:+.4f}, {high:+.4f}], p {comparison.p_holm:.4f}"
        )
        axes.legend(loc="upper right")
    return figure
