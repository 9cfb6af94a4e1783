"""How does a figure become a file, or a part of a page?"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colmodern.errors import ConfigError, InputError
from colmodern.eval.pictures.style import INK, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUFFIXES = (".svg", ".png", ".pdf")
# Letters stay letters, and the same figure gives the same bytes.
_SVG: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": "colmodern"}


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as SVG, PNG or PDF, by the path's suffix; return the path.

    Raises:
        ConfigError: The suffix is another.
        InputError: The file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ConfigError(
            f"A picture ends in {', '.join(_SUFFIXES)}, not {path.name!r}.",
            code="option_not_allowed",
        )
    data = _rendered(figure, suffix[1:])
    try:
        path.write_bytes(data)
    except OSError as err:
        raise InputError(
            f"Cannot write the picture to {path}: {err.strerror or err}.", code="file_not_written"
        ) from err
    return path


def inline_svg(figure: Figure, *, prefix: str, title: str = "") -> str:
    """Return an ``<svg>`` element for a page, in its colour of text; ids start with ``prefix``.

    Args:
        figure: What to draw.
        prefix: Letters that no other figure of the page has.
        title: What it shows, for those who cannot see it.
    """
    from html import escape

    text = _rendered(figure, "svg", facecolor="none").decode("utf-8")
    text = text[text.index("<svg") :]
    before, _, rest = text.partition("<metadata>")
    text = before + rest.partition("</metadata>")[2]
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    text = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", text)  # in a page, a parser knows
    text = text.replace(INK, "currentColor")
    label = escape(title, quote=True)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def _rendered(figure: Figure, form: str, **options: Any) -> bytes:
    matplotlib = require_matplotlib()
    target = io.BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    with matplotlib.rc_context(_SVG), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name in letters no font here has
        figure.savefig(target, format=form, dpi=150, metadata=metadata, **options)
    return target.getvalue()
