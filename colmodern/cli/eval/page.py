"""Can the page of ``--html`` be written, and what is on it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colmodern.cli.printing.terminal import note

if TYPE_CHECKING:
    from colmodern.eval import Dataset, Report


def check_page(path: Path | None) -> None:
    """Refuse a page that cannot be written, before anything is measured."""
    if path is not None:
        from colmodern.eval.page import check_can_write

        check_can_write(path)


def write_page_of(path: Path | None, results: list[tuple[Dataset, list[Report]]]) -> None:
    """Write the reports of each collection as a page, if one is wanted."""
    if path is None:
        return
    from colmodern.eval import Section, write_page
    from colmodern.eval.run.environment import environment

    here = environment()
    sections = [
        Section(reports=reports, statistics=dataset.statistics(), environments=[here])
        for dataset, reports in results
    ]
    write_page(path, sections)
    note(f"page written to {path}")
