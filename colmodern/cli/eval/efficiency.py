"""``colmodern eval efficiency``: how fast is an encoder, and with how much memory?"""

from __future__ import annotations

from typing import Annotated

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, print_json, print_text


def measure_efficiency(
    *,
    model: Annotated[str, typer.Option(help="A checkpoint folder or hub name.")] = "default",
    lengths: Annotated[str, typer.Option(help="Tokens of a document, with commas.")] = "512,8192",
    tokens: Annotated[int, typer.Option(help="Tokens in one run.")] = 32_768,
    repeats: Annotated[int, typer.Option(help="How many runs.")] = 10,
    memory: Annotated[int, typer.Option(help="The budget for the batch, in MB.")] = 4096,
    backend: Annotated[Backend, typer.Option(help="What encodes: our own code, or torch.")] = (
        Backend.NATIVE
    ),
    device: Annotated[str | None, typer.Option(help="torch: cuda, cuda:1, mps or cpu.")] = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Measure an encoder: tokens a second, peak memory and the largest batch, by length."""
    from colmodern.eval import efficiency

    try:
        numbers = [int(length) for length in lengths.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--lengths are numbers with commas, not {lengths!r}.") from None
    encoder = EncoderArguments(backend=backend, device=device).load(model)
    with progress_bar() as progress:
        found = efficiency(
            encoder,
            lengths=numbers,
            tokens=tokens,
            repeats=repeats,
            memory_bytes=memory * 1_000_000,
            progress=progress,
        )
    if form is Format.HUMAN:
        print_text(str(found))
    elif form is Format.JSON:
        print_json(found.to_dict())
    else:
        rows = [{"encoder": found.encoder, **row} for row in found.to_dict()["rows"]]
        if form is Format.TSV:
            print_rows(rows, form)
        else:
            for row in rows:
                print_json(row)
