"""Do long documents cost quality? The score by the length of what was to be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from colmodern.errors import InputError
from colmodern.eval.pictures.style import COLOURS, MARKERS, in_order, new_figure, shown_name
from colmodern.eval.pictures.trade_off import check_reports
from colmodern.eval.results.compare import quarters
from colmodern.eval.results.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_LINES = ("-", "--", ":")


def draw_by_document_length(reports: Sequence[Report], measure: str = "nDCG@10") -> Figure:
    """Draw each system's mean on quarters of the queries, by the words of their relevant documents.

    Args:
        reports: Reports on one collection.
        measure: A measure that all of them have.

    Raises:
        InputError: There is no report, they are on different collections, lack the measure, or no
            query has a relevant document.
        MissingExtraError: matplotlib is not installed.
    """
    check_reports(reports, measure)
    parts = quarters(reports[0], lambda query: query.relevant_words)
    if not parts:
        raise InputError(
            f"No query of {reports[0].dataset} has a relevant document.", code="data_empty"
        )
    with new_figure(8.0, 3.8) as (figure, axes):
        for number, report in enumerate(reports):
            values = report.per_query(measure)
            axes.plot(
                [float(np.mean([values[query] for query in part])) for part in parts],
                color=in_order(COLOURS, number),
                marker=in_order(MARKERS, number),
                linestyle=in_order(_LINES, number // len(COLOURS)),
            )
        axes.set_xticks(range(len(parts)), [_label(list(part.values())) for part in parts])
        axes.margins(x=0.08)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("words of the relevant documents, mean of a query")
        axes.set_ylabel(measure)
        axes.set_title(f"{measure} on {shown_name(reports[0].dataset)} by document length")
        names = [shown_name(report.system) for report in reports]
        figure.legend(axes.get_lines(), names, loc="outside right center")
    return figure


def _label(lengths: list[float]) -> str:
    queries = "query" if len(lengths) == 1 else "queries"
    return f"{min(lengths):,.0f} to {max(lengths):,.0f}\n{len(lengths):,} {queries}"
