"""``colmodern eval``: measure, show, compare and repeat; arguments and printing only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from colmodern.cli_encoder import Backend, EncoderArguments
from colmodern.cli_options import shown, takes
from colmodern.request import IndexConfig, SearchRequest
from colmodern.terminal import Format, note, print_json, print_rows, print_text, progress_bar

if TYPE_CHECKING:
    from colmodern.eval import Comparison, Dataset, Report, System
    from colmodern.types import DocumentEncoder

_MEASURE = "measure"
_SHOWN = {
    "system": "system",
    "encode_ms_median": "encode ms",
    "search_ms_median": "search ms",
    "search_ms_p95": "p95",
    "queries_a_second": "queries/s",
    "index_bytes": "index bytes",
    "bytes_a_token": "bytes/token",
    "build_s": "build s",
    "build_peak_bytes": "build peak",
    "search_peak_bytes": "search peak",
}
_DIFFERENCES = (
    "b",
    "a",
    "measure",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "wins",
    "ties",
    "losses",
)


class _MeasureByDefault(TyperGroup):
    """A group in which what is no command's name is an argument of ``measure``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [_MEASURE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_MeasureByDefault,
    no_args_is_help=True,
    help="Measure searches on judged collections: colmodern eval DATASET...",
)

FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
WorkOption = Annotated[
    Path | None, typer.Option(help="Keep the indexes in this folder and use them again.")
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write a page with tables and pictures to this file.")
]


@app.command(_MEASURE)
@takes(*shown(SearchRequest, "effort"), *shown(IndexConfig, "bits"), after="device")
def measure(
    datasets: Annotated[
        list[str], typer.Argument(help="Folders or files in a known layout, or hub names.")
    ],
    *,
    split: Annotated[
        str | None, typer.Option(help="Which judgments; by default the only ones, or test.")
    ] = None,
    model: Annotated[str, typer.Option(help="A checkpoint folder or hub name.")] = "default",
    precision: Annotated[
        str, typer.Option(help="What the encoder computes in: auto, fp32, bf16 or int8.")
    ] = "auto",
    backend: Annotated[
        Backend, typer.Option(help="What encodes: our own code, or torch. (extra: torch)")
    ] = Backend.NATIVE,
    device: Annotated[str | None, typer.Option(help="torch: cuda, cuda:1, mps or cpu.")] = None,
    hybrid: Annotated[bool, typer.Option("--hybrid", help="Fuse with BM25.")] = False,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Systems to compare with: bm25, minilm, float, late:EFFORT,bits=N, dense:PATH, "
            "hybrid, rerank:PATH, run:FILE; several with commas."
        ),
    ] = None,
    measures: Annotated[
        str, typer.Option(help="As ir-measures writes them, with commas.")
    ] = "nDCG@10,R@100",
    work: WorkOption = None,
    record: Annotated[
        Path | None, typer.Option(help="Write a record of each run into this folder.")
    ] = None,
    html: HtmlOption = None,
    form: FormatOption = Format.HUMAN,
    **options: Any,
) -> None:
    """Measure quality, latency and size on judged collections (the command by default)."""
    from colmodern.eval import Dataset, parse_measures
    from colmodern.eval.systems import split_specs

    names = _split_measures(measures)
    parse_measures(names)
    _check_page(html)
    encoder = EncoderArguments(precision=precision, backend=backend, device=device).load(model)
    ours = f"late:{options['effort']},bits={options['bits']}"
    specs = [f"hybrid:{ours}+bm25" if hybrid else ours, *split_specs(",".join(against or []))]
    systems = _make_systems(specs, encoder)
    loaded = [Dataset.load(name, split) for name in datasets]
    folders = [
        None if record is None else [record / dataset.name / _slug(s.name) for s in systems]
        for dataset in loaded
    ]
    _check_are_free(folders)
    results = []
    for dataset, places in zip(loaded, folders, strict=True):
        reports = []
        for number, system in enumerate(systems):
            report = _measure(system, dataset, names, work, places[number] if places else None)
            reports.append(report)
            if form is Format.JSONL:
                print_json(report.to_dict())
        results.append((dataset, reports))
        if form is Format.HUMAN:
            _print_for_people(dataset, reports)
    _write_page_of(html, results)
    if form is Format.JSON:
        print_json(
            {
                "reports": [report.to_dict() for _, reports in results for report in reports],
                "comparisons": [
                    one.summary() for _, reports in results for one in _compare_with_first(reports)
                ],
            }
        )
    elif form is Format.TSV:
        print_rows([report.to_dict() for _, reports in results for report in reports], form)


@app.command()
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


@app.command("compare")
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
    _check_page(html)
    loaded = [Record.load(record) for record in records]
    baseline, *others = reports = [record.report for record in loaded]
    name = measure_name or next(iter(baseline.measures))
    comparisons = compare_with_baseline(baseline, others, name)
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


@app.command()
def repeat(
    record: Annotated[Path, typer.Argument(help="A folder that --record has written.")],
    *,
    work: WorkOption = None,
    again: Annotated[
        Path | None, typer.Option("--record", help="Write a record of the new run there.")
    ] = None,
    form: FormatOption = Format.HUMAN,
) -> None:
    """Run a record's measurement again and compare; exit code 1 if a mean is another."""
    from colmodern.eval import Record
    from colmodern.eval import repeat as repeat_record
    from colmodern.eval.record import check_is_free

    then = Record.load(record)
    if again is not None:
        check_is_free(again)
    with progress_bar() as progress:
        report, dataset = repeat_record(then, work=work, progress=progress)
    if again is not None:
        Record.write(again, report, dataset)
        note(f"record written to {again}")
    rows = [
        {"measure": name, "then": round(value, 4), "now": round(report.measures[name], 4)}
        for name, value in then.report.measures.items()
    ]
    if form in (Format.JSON, Format.JSONL):
        print_json({"measures": rows, "report": report.to_dict()})
    else:
        print_rows(rows, form)
    if any(row["then"] != row["now"] for row in rows):
        note("the means differ from the record's")
        raise typer.Exit(1)


@app.command("efficiency")
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


def _make_systems(specs: list[str], encoder: DocumentEncoder) -> list[System]:
    from colmodern.errors import ConfigError
    from colmodern.eval import make_system

    systems = [make_system(spec, encoder=encoder) for spec in specs]
    names = [system.name for system in systems]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"Two of the systems are {twice!r}; each must be another one.")
    return systems


def _measure(
    system: System, dataset: Dataset, names: list[str], work: Path | None, place: Path | None
) -> Report:
    from colmodern.eval import Record, evaluate

    with progress_bar() as progress:
        report = evaluate(system, dataset, names, work=work, progress=progress)
    if place is not None:
        Record.write(place, report, dataset)
        note(f"record written to {place}")
    return report


def _check_page(path: Path | None) -> None:
    if path is not None:
        from colmodern.eval.page import check_can_write

        check_can_write(path)


def _write_page_of(path: Path | None, results: list[tuple[Dataset, list[Report]]]) -> None:
    if path is None:
        return
    from colmodern.eval import Section, write_page
    from colmodern.eval.environment import environment

    here = environment()
    sections = [
        Section(reports=reports, statistics=dataset.statistics(), environments=[here])
        for dataset, reports in results
    ]
    write_page(path, sections)
    note(f"page written to {path}")


def _different(values: list[Any]) -> list[Any]:
    """Return the values without those that came before."""
    return [value for number, value in enumerate(values) if value not in values[:number]]


def _check_are_free(folders: list[list[Path] | None]) -> None:
    from colmodern.errors import InputError
    from colmodern.eval.record import check_is_free

    places = [place for several in folders if several for place in several]
    if len(set(places)) < len(places):
        raise InputError("Two collections have the same name; record them in different folders.")
    for place in places:
        check_is_free(place)


def _print_for_people(dataset: Dataset, reports: list[Report]) -> None:
    print_text(f"{dataset.name}\n{dataset.statistics()}\n")
    names = list(reports[0].measures)
    rows = []
    for report in reports:
        values = report.to_dict()
        row = {shown: values[name] for name, shown in _SHOWN.items()}
        means = {name: f"{report.measures[name]:.4f}" for name in names}
        rows.append({"system": row.pop("system"), **means, **row})
        if report.without_hits:
            note(f"{report.system}: {report.without_hits:,} queries found nothing and count as 0")
    print_rows(rows, Format.HUMAN)
    comparisons = _compare_with_first(reports)
    if comparisons:
        print_text("")
        print_rows(
            [{name: one.summary()[name] for name in _DIFFERENCES} for one in comparisons],
            Format.HUMAN,
        )
    print_text("")


def _compare_with_first(reports: list[Report]) -> list[Comparison]:
    from colmodern.eval import compare_with_baseline

    if len(reports) < 2:
        return []
    return [
        comparison
        for name in reports[0].measures
        for comparison in compare_with_baseline(reports[0], reports[1:], name)
    ]


def _split_measures(text: str) -> list[str]:
    """Return names between commas; a comma between brackets belongs to its measure."""
    return [name for part in re.split(r",(?![^(]*\))", text) if (name := part.strip())]


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-")
