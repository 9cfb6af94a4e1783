"""What does quality cost? Quality against latency and size, a point for each system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from colmodern.errors import InputError
from colmodern.eval.pictures.style import (
    COLOURS,
    INK,
    MARKERS,
    QUIET,
    in_order,
    new_figure,
    shown_name,
)
from colmodern.eval.results.report import Report

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALLEST, _LARGEST = 40.0, 220.0  # areas of points, in square typographic points


def draw_trade_off(reports: Sequence[Report], measure: str = "nDCG@10") -> Figure:
    """Draw quality against the median latency of a search; a point's area is its index's size.

    The efforts of one index are joined by a line. A system without times, such as the run file of
    another engine, is a horizontal line.

    Args:
        reports: Reports on one collection.
        measure: A measure that all of them have.

    Raises:
        InputError: There is no report, they are on different collections, or lack the measure.
        MissingExtraError: matplotlib is not installed.
    """
    check_reports(reports, measure)
    with new_figure(8.0, 4.2) as (figure, axes):
        handles = _draw_points(axes, reports, measure)
        _join_efforts(axes, reports, measure)
        axes.set_xlabel("milliseconds a search, median (encoding the query not counted)")
        axes.set_ylabel(measure)
        axes.set_title(f"{measure} on {shown_name(reports[0].dataset)}: quality, latency, size")
        axes.margins(x=0.15, y=0.2)
        figure.legend(
            handles, list(map(_label, reports)), loc="outside right center", markerscale=0.7
        )
    return figure


def check_reports(reports: Sequence[Report], measure: str) -> None:
    """Refuse reports that cannot stand in one picture.

    Raises:
        InputError: There is none, they are on different collections, or lack the measure.
    """
    if not reports:
        raise InputError("There is no report to draw.", code="data_empty")
    for report in reports:
        report.per_query(measure)
        if report.dataset_fingerprint != reports[0].dataset_fingerprint:
            raise InputError(
                f"{reports[0].system} was measured on {reports[0].dataset} and {report.system} on "
                f"{report.dataset}: one picture is of one collection.",
                code="collection_mismatch",
            )


def _draw_points(axes: Axes, reports: Sequence[Report], measure: str) -> list[Artist]:
    handles: list[Artist] = []
    families = list(dict.fromkeys(map(_family, reports)))
    sizes = [report.index_bytes for report in reports if report.index_bytes]
    for number, report in enumerate(reports):
        colour = in_order(COLOURS, families.index(_family(report)))
        value, latency = report.measures[measure], report.search_ms_median
        if not latency:
            handles.append(axes.axhline(value, color=QUIET, linestyle="--"))
            continue
        points = axes.scatter(
            latency,
            value,
            s=_area(report.index_bytes, max(sizes, default=1)),
            color=colour,
            marker=in_order(MARKERS, number),
            edgecolor=INK,
            linewidth=0.6,
            alpha=0.85,
            zorder=3,
        )
        handles.append(points)
    if any(report.search_ms_median for report in reports):
        axes.set_xscale("log")
        _set_plain_ticks(axes)
    else:
        axes.set_xticks([])
    return handles


def _join_efforts(axes: Axes, reports: Sequence[Report], measure: str) -> None:
    families = list(dict.fromkeys(map(_family, reports)))
    for number, family in enumerate(families):
        points = sorted(
            (report.search_ms_median, report.measures[measure])
            for report in reports
            if _family(report) == family and report.search_ms_median
        )
        if len(points) > 1:
            colour = in_order(COLOURS, number)
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.2, zorder=2)


def _family(report: Report) -> str:
    """Return what the efforts of one index have in common."""
    if "effort" not in report.options:
        return report.system
    rest = {name: value for name, value in report.options.items() if name != "effort"}
    return repr(sorted(rest.items(), key=lambda item: item[0]))


def _area(index_bytes: int | None, largest: int) -> float:
    return max(_SMALLEST, _LARGEST * (index_bytes or 0) / largest)


def _label(report: Report) -> str:
    name = shown_name(report.system)
    if report.bytes_a_token is not None:
        return f"{name}\n{report.bytes_a_token:,} bytes a token"
    if report.index_bytes is not None:
        return f"{name}\n{report.index_bytes / 1e6:,.1f} MB"
    return name


def _set_plain_ticks(axes: Axes) -> None:
    """Write 0.5, 1, 2, 5 and not powers of ten, which hide how few milliseconds there are."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low < 1000 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(10, subs=steps))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
