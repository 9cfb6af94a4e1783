"""``colmodern eval passages``: does the passage shown answer?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.encoder import EncoderArguments
from colmodern.cli.eval.arguments import WorkOption
from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, print_json, print_text


def passages(
    collection: Annotated[
        Path, typer.Argument(help="A folder with corpus.jsonl and passages.jsonl.")
    ],
    *,
    against: Annotated[
        str, typer.Option(help="Baselines, with commas: random, bm25, maxsim, minilm, dense:PATH.")
    ] = "random,bm25,maxsim",
    model: Annotated[str, typer.Option(help="A checkpoint folder or hub name.")] = "default",
    work: WorkOption = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Measure how often the passage shown hits an annotated answer, beside baselines."""
    from colmodern.eval.passages import (
        Annotated as Collection,
    )
    from colmodern.eval.passages import (
        finders_of,
        measure_passages,
    )

    loaded = Collection.load(collection)
    names = ["passage", *(name for part in against.split(",") if (name := part.strip()))]
    encoder = EncoderArguments().load(model)
    with tempfile.TemporaryDirectory() as scratch:
        finders = finders_of(names, loaded, encoder, work or Path(scratch))
        reports = []
        for finder in finders:
            with progress_bar() as progress:
                reports.append(measure_passages(finder, loaded, progress=progress))
    rows = [
        {**one.to_dict(), "p": None if one is reports[0] else reports[0].p_against(one)}
        for one in reports
    ]
    if form is Format.JSON:
        print_json({"collection": loaded.name, "rows": rows})
    elif form is not Format.HUMAN:
        print_rows(rows, form)
    else:
        head = f"{loaded.name}: {len(loaded.questions):,} questions; the document is given"
        shares = f"{'finder':<10}{'hit':>7}{'shown':>7}{'inside':>8}"
        columns = shares + f"{'of 3':>7}{'MRR':>7}{'chars':>7}{'p':>9}"
        lines = [
            f"{row['finder']:<10}{row['hit']:>7.3f}{row['hit_shown']:>7.3f}{row['inside']:>8.3f}"
            f"{row['hit_of_three']:>7.3f}{row['reciprocal_rank']:>7.3f}{row['characters']:>7.0f}"
            + ("" if row["p"] is None else f"{row['p']:>9.4f}")
            for row in rows
        ]
        print_text("\n".join([head, columns, *lines]))
