"""Text that is set from top to bottom, as Japanese may be.

PDFium gives no characters of lines that run downwards. The same file with the same characters set
across gives them: every encoding of fonts that is called ``NAME-V`` has one called ``NAME-H`` that
means the same characters.
"""

from __future__ import annotations

import io
import re
from typing import Any

__all__ = ["horizontal"]

_DOWNWARDS = re.compile(rb"(/Encoding\s{0,8}/[A-Za-z0-9-]{1,40})-V\b")


def horizontal(pdf: Any) -> bytes | None:
    """Return a document with its text set across; None if no font sets it downwards."""
    copy = io.BytesIO()
    pdf.save(copy)  # which writes what fonts are as plain objects
    turned, n_turned = _DOWNWARDS.subn(rb"\1-H", copy.getvalue())
    return turned if n_turned else None
