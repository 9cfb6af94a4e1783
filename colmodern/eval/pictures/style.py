"""How do all pictures look? One place for colours, letters and lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from colmodern.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#2f3337"
QUIET = "#9aa0a6"
# Colours of Okabe and Ito, told apart by the colour-blind too; yellow is too pale on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
BETTER, WORSE = COLOURS[0], COLOURS[1]
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_STYLE: dict[str, Any] = {
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 10,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def new_figure(width: float = 7.0, height: float = 3.8) -> Iterator[tuple[Figure, Axes]]:
    """Yield an empty figure with one pair of axes, and the style while it is drawn.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require_matplotlib()
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def require_matplotlib() -> Any:
    """Return matplotlib.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as err:
        raise MissingExtraError(purpose="Drawing", extra="eval") from err
    return mpl


def in_order(items: tuple[str, ...], number: int) -> str:
    """Return the colour or marker of that number; they start again when they run out."""
    return items[number % len(items)]


def shown_name(name: str) -> str:
    """Return a name that can be drawn whatever is in it."""
    text = " ".join(name.encode("utf-8", "replace").decode("utf-8").split())
    return text if len(text) <= 48 else f"{text[:47]}…"
