"""What does a measurement look like? Figures of matplotlib, made from reports and comparisons.

Each function draws one figure and touches nothing else: no window, no state of pyplot.
"""

from colmodern.eval.pictures.differences import draw_differences
from colmodern.eval.pictures.document_length import draw_by_document_length
from colmodern.eval.pictures.files import inline_svg, save
from colmodern.eval.pictures.trade_off import draw_trade_off

__all__ = [
    "draw_by_document_length",
    "draw_differences",
    "draw_trade_off",
    "inline_svg",
    "save",
]
