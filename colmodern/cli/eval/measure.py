"""``colmodern eval measure``: how good, how fast, how big, on judged collections?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from colmodern.cli.arguments import FormatOption
from colmodern.cli.derived import shown, takes
from colmodern.cli.encoder import Backend, EncoderArguments
from colmodern.cli.eval.arguments import HtmlOption, WorkOption
from colmodern.cli.eval.page import check_page, write_page_of
from colmodern.cli.eval.tables import compare_with_first, print_for_people
from colmodern.cli.printing.fields import print_rows
from colmodern.cli.printing.progress import progress_bar
from colmodern.cli.printing.terminal import Format, note, print_json
from colmodern.errors import ConfigError
from colmodern.request import IndexConfig, Mode, SearchRequest

if TYPE_CHECKING:
    from colmodern.eval import Dataset, Report, System
    from colmodern.types import DocumentEncoder


@takes(*shown(SearchRequest, "effort", "mode"), *shown(IndexConfig, "bits"), after="device")
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
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse judgments of documents that are not there.")
    ] = False,
    hybrid: Annotated[
        bool, typer.Option("--hybrid", help="Fuse with BM25 of bm25s, by ranks.")
    ] = False,
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
    check_page(html)
    encoder = EncoderArguments(precision=precision, backend=backend, device=device).load(model)
    specs = [_own_spec(options, is_fused=hybrid), *split_specs(",".join(against or []))]
    systems = _make_systems(specs, encoder)
    loaded = [Dataset.load(name, split, strict=strict) for name in datasets]
    for dataset in loaded:
        _tell_left_out(dataset)
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
            print_for_people(dataset, reports)
    write_page_of(html, results)
    if form is Format.JSON:
        print_json(
            {
                "reports": [report.to_dict() for _, reports in results for report in reports],
                "comparisons": [
                    one.summary() for _, reports in results for one in compare_with_first(reports)
                ],
            }
        )
    elif form is Format.TSV:
        print_rows([report.to_dict() for _, reports in results for report in reports], form)


def _own_spec(options: dict[str, Any], *, is_fused: bool) -> str:
    """Return the spec of the first system."""
    late, mode = f"late:{options['effort']},bits={options['bits']}", options["mode"]
    if not is_fused:
        return f"{late},mode={mode}"
    if mode is not Mode.AUTO:
        raise ConfigError(
            "--hybrid fuses late interaction with another BM25, so it takes no --mode; "
            "--mode hybrid fuses with the words of the index.",
            code="option_conflict",
            option="mode",
            value=str(mode),
        )
    return f"hybrid:{late}+bm25"


def _tell_left_out(dataset: Dataset) -> None:
    if n := dataset.dropped_judgments:
        note(
            f"{dataset.name}: {n:,} judgments name documents that the collection does not have; "
            "they are left out (--strict refuses them)"
        )
    if dataset.own_documents:
        note(
            f"{dataset.name}: {len(dataset.own_documents):,} queries are documents of the "
            "collection; none is ranked for itself"
        )


def _make_systems(specs: list[str], encoder: DocumentEncoder) -> list[System]:
    from colmodern.eval import make_system

    systems = [make_system(spec, encoder=encoder) for spec in specs]
    names = [system.name for system in systems]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"Two of the systems are {twice!r}; each must be another one.", code="option_conflict"
        )
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


def _check_are_free(folders: list[list[Path] | None]) -> None:
    from colmodern.errors import InputError
    from colmodern.eval.run.record import check_is_free

    places = [place for several in folders if several for place in several]
    if len(set(places)) < len(places):
        raise InputError(
            "Two collections have the same name; record them in different folders.",
            code="id_duplicate",
        )
    for place in places:
        check_is_free(place)


def _split_measures(text: str) -> list[str]:
    """Return names between commas; a comma between brackets belongs to its measure."""
    parts = re.findall(r"(?:\([^()]*+\)?+|[^(,]++)++", text)
    return [name for part in parts if (name := part.strip())]


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-")
