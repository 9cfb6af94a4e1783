"""``colmodern eval compare``: are two records different?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.eval.arguments import HtmlOption
from colmodern.cli.eval.page import check_page
from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.terminal import Format, note, print_json, print_text


def compare_records(
    records: Annotated[
        list[Path], typer.Argument(help="Two or more records; the first is the baseline.")
    ],
    *,
    measure_name: Annotated[
        str | None, typer.Option("--measure", help="What to compare; by default the first.")
    ] = None,
    html: HtmlOption = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Compare records with the first: difference, interval, p (Holm), lengths, queries."""
    from colmodern.eval import Record, Section, compare_with_baseline, write_page

    if len(records) < 2:
        raise typer.BadParameter("Give two records or more.")
    check_page(html)
    loaded = [Record.load(record) for record in records]
    baseline, *compared = reports = [record.report for record in loaded]
    name = measure_name or next(iter(baseline.measures))
    comparisons = compare_with_baseline(baseline, compared, name)
    if html is not None:
        environments = _different([record.environment for record in loaded])
        write_page(html, [Section(reports=reports, measure=name, environments=environments)])
        note(f"page written to {html}")
    if form is Format.JSON:
        print_json({"comparisons": [comparison.to_dict() for comparison in comparisons]})
    elif form is Format.JSONL:
        for comparison in comparisons:
            print_json(comparison.to_dict())
    elif form is Format.TSV:
        print_rows([comparison.summary() for comparison in comparisons], form)
    else:
        print_text("\n\n".join(map(str, comparisons)))


def _different(values: list[Any]) -> list[Any]:
    """Return the values without those that came before."""
    return [value for number, value in enumerate(values) if value not in values[:number]]
