"""What was added to a page: the values of its form fields, and comments."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["additions_of"]

# Comments longer than this are no comments.
_LONGEST_BYTES = 1 << 20


def additions_of(page: Any, pdf: Any) -> Iterator[str]:
    """Yield what a reader sees on a page beside its own text, or on a click."""
    from pypdfium2 import raw

    written = {
        raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_HIGHLIGHT,
        raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_SQUIGGLY, raw.FPDF_ANNOT_STRIKEOUT,
        raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_CARET, raw.FPDF_ANNOT_INK, raw.FPDF_ANNOT_LINE,
        raw.FPDF_ANNOT_SQUARE, raw.FPDF_ANNOT_CIRCLE, raw.FPDF_ANNOT_POLYGON,
        raw.FPDF_ANNOT_POLYLINE,
    }  # fmt: skip
    for number in range(raw.FPDFPage_GetAnnotCount(page.raw)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, number)
        if not annotation:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            if kind == raw.FPDF_ANNOT_WIDGET and pdf.formenv is not None:
                text = _field_value(pdf.formenv.raw, annotation)
            elif kind in written:
                text = _contents(annotation)
            else:
                text = ""
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
        if text.strip():
            yield text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _contents(annotation: Any) -> str:
    from pypdfium2 import raw

    return _string(lambda b, n: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", b, n))


def _field_value(form: Any, annotation: Any) -> str:
    """Return the text that was typed or chosen; buttons have none that a reader sees."""
    from pypdfium2 import raw

    kinds = {raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}
    if raw.FPDFAnnot_GetFormFieldType(form, annotation) not in kinds:
        return ""
    return _string(lambda b, n: raw.FPDFAnnot_GetFormFieldValue(form, annotation, b, n))


def _string(get: Callable[[Any, int], int]) -> str:
    """Return what a function of PDFium writes: it is asked for the length first."""
    from pypdfium2 import raw

    n_bytes = min(get(None, 0), _LONGEST_BYTES)
    if n_bytes < 2:
        return ""
    buffer = ctypes.create_string_buffer(n_bytes)
    get(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), n_bytes)
    return buffer.raw[: n_bytes - 2].decode("utf-16-le", errors="replace")
