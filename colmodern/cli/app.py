"""Which commands are there, and where does each live?

How they end: ``cli/exit_status.py``.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer

from colmodern.cli.groups import Commands, Home
from colmodern.cli.log_format import LogFormatOption
from colmodern.cli.printing.terminal import log_to_terminal, print_text, use_log_format
from colmodern.cli.usage import Program

_COMMANDS = {
    "index": Home("Index folders and files, or bring an index up to date with them."),
    "status": Home(
        "Say which files, or the model, changed since they were indexed; change nothing."
    ),
    "search": Home("Search an index; print documents and the passages that matched."),
    "explain": Home(
        "Show the passages that hold a document's score, and which token matched which."
    ),
    "serve": Home(
        "Serve indexes over HTTP: search, explain, documents, a rerank and an embeddings API."
    ),
    "mcp": Home(
        "Serve indexes to an agent on standard input and output: the Model Context Protocol."
    ),
    "info": Home("Say what an index holds and how it was made."),
    "verify": Home("Check every file of an index against its checksum."),
    "repair": Home("Mend a damaged index from its own files and from those it was made of."),
    "delete": Home("Delete documents from an index by their ids."),
    "compact": Home("Merge small segments of an index and drop what was deleted."),
    "push": Home(
        "Publish the newest state of an index or a shard set on an object store (extra: remote)."
    ),
    "pull": Home(
        "Fetch what is published at a URL to a folder, or bring that up to date (extra: remote)."
    ),
    "gc": Home("Remove what no kept publication names from an object store (extra: remote)."),
    "export": Home(
        "Write documents and reconstructed vectors for Parquet, NumPy, LanceDB or Qdrant."
    ),
    "doctor": Home(
        "Look at the program, the machine, the model, an index and the hub; change nothing."
    ),
    "adapt": Home("Adapt the student to documents without any labels, and index them with it."),
    "distill": Home(
        "Train a student by a recipe; the same command again goes on where it stopped."
    ),
    "import": Home(
        "Make an index of the decompressed vectors of another engine's index.", "import_index"
    ),
    "eval": Home(
        "Measure searches on judged collections: colmodern eval DATASET...", "eval.group", "app"
    ),
    "part": Home(
        "A shard set in parts, for an array job: plan once, encode anywhere, commit once.",
        "part.group",
        "app",
    ),
}


class _Whole(Program):
    """All commands, none of which is imported before it is named."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**extra)
        self.commands: Any = Commands(_COMMANDS)


app = typer.Typer(
    cls=_Whole,
    name="colmodern",
    help="Late-interaction search for long documents, on the machine you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from colmodern import __version__

        print_text(f"colmodern {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    log_format: LogFormatOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    if log_format is not None:
        use_log_format(log_format)
    log_to_terminal(logging.INFO if verbose else logging.WARNING)
