"""The command line: arguments and printing only; every command is one library call.

Exit codes: 0 done (hits found), 1 no hit (or ``verify`` found a problem), 2 error, 130 interrupted.
"""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from colmodern import cli_eval
from colmodern.cli_encoder import Backend, EncoderArguments, encoder_name, open_searcher
from colmodern.cli_options import shown, takes
from colmodern.cli_search import SearchArguments, run_search
from colmodern.location import locate
from colmodern.request import IndexConfig, SearchRequest
from colmodern.terminal import (
    Format,
    log_to_terminal,
    note,
    print_explanation,
    print_fields,
    print_status,
    progress_bar,
)

if TYPE_CHECKING:
    from colmodern.indexer import IndexReport

app = typer.Typer(
    name="colmodern",
    help="Late-interaction search for long documents, on the machine you have.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.add_typer(cli_eval.app, name="eval")

IndexOption = Annotated[
    Path | None,
    typer.Option("--index", help="The index folder; by default the nearest or the last one used."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
PrecisionOption = Annotated[
    str, typer.Option(help="What the encoder computes in: auto, fp32, bf16 or int8.")
]
BackendOption = Annotated[
    Backend, typer.Option(help="What encodes: our own code, or torch. (extra: torch)")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="torch: cuda, cuda:1, mps or cpu; by default a GPU if any.")
]
LinksOption = Annotated[
    str,
    typer.Option(
        "--links",
        envvar="COLMODERN_LINKS",
        help="Where links on a terminal lead: file, vscode, cursor, zed, idea, textmate, none, or "
        "a template with {path} and {line}.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from colmodern import __version__

        print(f"colmodern {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    log_to_terminal(logging.INFO if verbose else logging.WARNING)


@app.command()
@takes(*shown(IndexConfig), after="batch_tokens")
def index(
    paths: Annotated[list[Path], typer.Argument(help="Folders or files.", show_default=False)],
    *,
    index: IndexOption = None,
    model: Annotated[
        str, typer.Option(help="A checkpoint folder or hub name; the student inside the package.")
    ] = "default",
    precision: PrecisionOption = "auto",
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="torch: compile the model first, for long runs.")
    ] = False,
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="torch: tokens in a batch, padding included.")
    ] = None,
    id_field: Annotated[str, typer.Option(help="Rows: the field of the id.")] = "_id",
    title_field: Annotated[str, typer.Option(help="Rows: the field of the title.")] = "title",
    text_field: Annotated[str, typer.Option(help="Rows: the field of the text.")] = "text",
    include: Annotated[list[str] | None, typer.Option(help="Only files like this glob.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="No files like this glob.")] = None,
    hidden: Annotated[bool, typer.Option(help="Also files that start with a dot.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Then follow the files until Ctrl-C. (extra: watch)")
    ] = False,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Index folders and files, or bring an index up to date with them."""
    from colmodern.corpus import ScanOptions
    from colmodern.indexer import Indexer
    from colmodern.location import default_location, remember

    scan = ScanOptions(
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        hidden=hidden,
        id_field=id_field,
        title_field=title_field,
        text_field=text_field,
    )
    location = index or default_location(paths)
    encoding = EncoderArguments(
        precision=precision,
        backend=backend,
        device=device,
        compiled=compiled,
        batch_tokens=batch_tokens,
    )
    indexer = Indexer(location, encoding.load(model), config=IndexConfig(**options))
    with progress_bar() as progress:
        report = indexer.sync(paths, scan, progress=progress)
    remember(location)
    if report.continued:
        note(f"continued: {report.continued:,} documents were done")
    _print_report(report, location, form)
    if watch:
        from colmodern.indexer import watch as watch_files

        note("watching; Ctrl-C ends it")
        watch_files(
            indexer,
            paths,
            scan,
            report=lambda update: _print_report(update, location, form),
            problem=note,
        )


def _print_report(report: IndexReport, location: Path, form: Format) -> None:
    for line in report.skipped_lines():
        note(line)
    print_fields({"index": str(location), **report.to_dict()}, form)
    sys.stdout.flush()  # whoever reads a watch through a pipe wants to know now


@app.command()
def status(*, index: IndexOption = None, form: FormatOption = Format.HUMAN) -> None:
    """Say which files changed since they were indexed; change nothing."""
    from colmodern.indexer import status as look

    print_status(look(locate(index)), form)


@app.command()
@takes(*shown(SearchRequest), after="index")
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    *,
    index: IndexOption = None,
    form: FormatOption = Format.HUMAN,
    queries: Annotated[
        Path | None, typer.Option(help="A file of rows with _id and text, instead of one query.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Write the hits there as a TREC run.")] = None,
    precision: PrecisionOption = "auto",
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    links: LinksOption = "file",
    **options: Any,
) -> None:
    """Search an index; print documents and the passages that matched."""
    if (query is None) == (queries is None):
        raise typer.BadParameter("Give either a query or --queries FILE.")
    if run is not None and queries is None:
        raise typer.BadParameter("--run needs --queries FILE.")
    if run is not None and not run.absolute().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {run.parent} to write the run to.")
    code = run_search(
        SearchArguments(
            query=query,
            index=index,
            request=SearchRequest(**options),
            form=form,
            queries=queries,
            run=run,
            encoding=EncoderArguments(precision=precision, backend=backend, device=device),
            links=links,
        )
    )
    if code:
        raise typer.Exit(code)


@app.command()
@takes(*shown(SearchRequest, "scoring"), after="passages")
def explain(
    query: Annotated[str, typer.Argument(help="A query.")],
    doc_id: Annotated[str, typer.Argument(help="The id of a document.")],
    *,
    index: IndexOption = None,
    passages: Annotated[int, typer.Option(min=1, help="How many passages.")] = 3,
    exact: Annotated[
        bool, typer.Option("--exact", help="Also encode the document, for exact scores.")
    ] = False,
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    links: LinksOption = "file",
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Show the passages that hold a document's score, and which token matched which."""
    from colmodern.links import check_template

    template = check_template(links)
    encoding = EncoderArguments(backend=backend, device=device)
    with open_searcher(locate(index), encoding) as searcher:
        explanation = searcher.explain(query, doc_id, passages=passages, exact=exact, **options)
    print_explanation(explanation, form, links=template)


@app.command()
def info(*, index: IndexOption = None, form: FormatOption = Format.HUMAN) -> None:
    """Say what an index holds and how it was made."""
    from colmodern.searcher import Searcher
    from colmodern.storage import DRIFT_LIMIT

    with Searcher.open(locate(index)) as searcher:
        about = searcher.describe()
    print_fields(about, form)
    if (about["drift"] or 0) > DRIFT_LIMIT:
        note(
            f"drift: documents that were added lose {about['drift']} times as much in compression "
            "as those the index was made for; `colmodern compact --retrain` mends it"
        )


@app.command()
def verify(*, index: IndexOption = None) -> None:
    """Check every file of an index against its checksum."""
    from colmodern.storage import verify as find_problems

    location = locate(index)
    problems = find_problems(location)
    for problem in problems:
        note(f"problem: {problem}")
    if problems:
        raise typer.Exit(1)
    print(f"{location}: sound")


@app.command()
def delete(
    ids: Annotated[list[str], typer.Argument(help="Ids of documents.", show_default=False)],
    *,
    index: IndexOption = None,
) -> None:
    """Delete documents from an index by their ids."""
    from colmodern.indexer import delete as delete_documents

    location = locate(index)
    missing = delete_documents(location, ids)
    for identifier in missing:
        note(f"no such document: {identifier}")
    print(f"deleted {len(set(ids)) - len(missing)} of {len(set(ids))} documents")
    if missing:
        raise typer.Exit(1)


@app.command()
def compact(
    *,
    index: IndexOption = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Encode all texts again, for a codec that fits them.")
    ] = False,
    backend: BackendOption = Backend.NATIVE,
    device: DeviceOption = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Merge small segments of an index and drop what was deleted."""
    from colmodern.indexer import Indexer
    from colmodern.indexer import compact as compact_index

    location = locate(index)
    if retrain:
        encoding = EncoderArguments(backend=backend, device=device)
        encoder = encoding.load(encoder_name(location)) if backend is Backend.TORCH else None
        with progress_bar() as progress:
            report = Indexer(location, encoder).retrain(progress=progress)
        if report.continued:
            note(f"continued: {report.continued:,} documents were done")
    else:
        report = compact_index(location)
    fields = {"documents": report.documents, "tokens": report.tokens}
    print_fields({"index": str(location), **fields, "seconds": round(report.seconds, 2)}, form)


class Layout(StrEnum):
    """How a student is written."""

    PYLATE = "pylate"
    ST = "st"


@app.command()
def distill(
    recipe: Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped recipe.")],
    *,
    data: Annotated[Path, typer.Option(help="The folder with the files the recipe names.")],
    out: Annotated[Path, typer.Option(help="Where every stage puts its files.")],
    stage: Annotated[
        list[str] | None, typer.Option(help="Only this stage; may be given several times.")
    ] = None,
    layout: Annotated[
        Layout | None,
        typer.Option("--format", help="The layout of the student; else the recipe's."),
    ] = None,
) -> None:
    """Train a student by a recipe; the same command again goes on where it stopped."""
    from colmodern.distill import Recipe
    from colmodern.distill import distill as train

    with progress_bar() as progress:
        folder = train(
            Recipe.load(recipe),
            data=data,
            out=out,
            stages=stage or (),
            layout=layout,
            progress=progress,
        )
    done = "student written to" if folder.is_dir() else "done; the student will be in"
    print(f"{done} {folder}")
