"""``colmodern eval show``: what does a record say?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.terminal import Format, print_json, print_text


def show(
    record: Annotated[Path, typer.Argument(help="A folder that --record has written.")],
    *,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Show a record: what was measured, on what, with what."""
    from colmodern.eval import Record

    found = Record.load(record)
    if form is not Format.HUMAN:
        head = {"written": found.written, "dataset_origin": found.dataset_origin}
        values = {**head, **found.report.to_dict(), "spec": found.report.spec}
        if form is Format.TSV:
            print_rows([values], form)
        else:
            print_json({**values, "environment": found.environment})
        return
    machine, commit = found.environment["machine"], found.environment["commit"]
    changed = " (changed since)" if commit and commit["is_changed"] else ""
    versions = ", ".join(f"{name} {v}" for name, v in found.environment["versions"].items())
    print_text(
        f"{found.report}\n"
        f"written {found.written}\n"
        f"collection {found.dataset_origin or 'from memory'} "
        f"{found.report.dataset_fingerprint[:12]}\n"
        f"spec {found.report.spec or 'none: it cannot be repeated'}\n"
        f"commit {commit['id'][:12] + changed if commit else 'unknown'}\n"
        f"versions {versions}\n"
        f"machine {machine['processor']}, {machine['cores']} cores, {machine['kernels']}, "
        f"{machine['system']}"
    )
