"""``colmodern import``: an index of the vectors of another engine's."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.derived import shown, taken, takes
from colmodern.cli.jobs import change
from colmodern.cli.location import remember
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note
from colmodern.request import IndexConfig, WriteRequest


@takes(*shown(IndexConfig, "bits"), *shown(WriteRequest), after="model")
def import_index(
    folder: Annotated[
        Path,
        typer.Argument(
            help="An index of PyLate, fast-plaid, Stanford's ColBERT or RAGatouille.",
            show_default=False,
        ),
    ],
    *,
    index: Annotated[Path, typer.Option("--index", help="The index to make.", show_default=False)],
    model: Annotated[
        str | None,
        typer.Option(help="The model that made the vectors; without it texts cannot be searched."),
    ] = None,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Make an index of the decompressed vectors of another engine's index."""
    from colmodern.exchange import open_foreign
    from colmodern.indexer import Indexer

    asked = taken(WriteRequest, options)
    foreign = open_foreign(folder)
    encoder = None
    if model is not None:
        from colmodern.encoder import load_encoder

        encoder = load_encoder(model, fetch=True)
    indexer = Indexer(index, encoder, config=IndexConfig(**options))
    with progress_bar() as progress:
        build = partial(indexer.build_from_embeddings, foreign.embeddings(), progress=progress)
        change(index, build, wait=asked.wait)
    remember(index)
    note(
        f"the vectors of {foreign.kind} were kept in {foreign.bits} bits a dimension; what that "
        "lost stays lost, and indexing the texts again is better where they are at hand"
    )
    if encoder is None:
        note("no --model was given: the index can be searched with vectors only")
    about = {
        "index": str(index),
        "from": foreign.kind,
        "documents": foreign.n_documents,
        "tokens": foreign.n_tokens,
        "dim": foreign.dim,
    }
    print_fields(about, form)
