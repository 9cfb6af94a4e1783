"""How good, how fast, how big? One collection, one system, one report."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from colmodern.errors import ConfigError, InputError
from colmodern.eval.collection.dataset import Dataset, count_words
from colmodern.eval.measures.rankings import DEFAULT_MEASURES, depth_of, mean, measure_rankings
from colmodern.eval.results.report import QueryResult, Report
from colmodern.eval.run.memory import forget_peak, peak_bytes
from colmodern.eval.systems import Answer, Built, OpenIndex, System, make_system
from colmodern.searcher import Searcher
from colmodern.types import DocumentEncoder, Progress


def evaluate(
    system: System | Searcher | str,
    dataset: Dataset | str | Path,
    measures: str | Iterable[object] = DEFAULT_MEASURES,
    *,
    encoder: DocumentEncoder | None = None,
    depth: int | None = None,
    work: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Index a collection with a system, search its judged queries and measure.

    Queries are encoded and searched one after the other, so that times are those of one query.

    Args:
        system: A system, a spec that makes one (``late:high,bits=2``, ``bm25``), or the searcher of
            an index of the same documents.
        dataset: A collection, or what ``Dataset.load`` takes.
        measures: Measures as ir-measures writes them, or its own objects.
        encoder: Encodes where a spec names no model; None: the default one.
        depth: How many hits a query; None: what the measures need, at least 100.
        work: A folder to keep indexes in, and to find them in again. None: a temporary one.
        progress: Told how far it is.

    Raises:
        InputError: A measure is unknown, the collection is broken, or the system finds documents
            that the collection does not have.
        ConfigError: A spec or an option is not allowed.
        MissingExtraError: Something that is needed is not installed.
    """
    names = [measures] if isinstance(measures, str) else [str(name) for name in measures]
    if depth is not None and depth < 1:
        raise ConfigError(f"depth must be at least 1, not {depth!r}.", code="option_out_of_range")
    depth = depth_of(names) if depth is None else depth
    if not isinstance(dataset, Dataset):
        dataset = Dataset.load(dataset)
    if isinstance(system, str):
        system = make_system(system, encoder=encoder)
    elif isinstance(system, Searcher):
        system = OpenIndex(system)
    home = Path(tempfile.mkdtemp(prefix="colmodern-eval-")) if work is None else Path(work)
    try:
        name = re.sub(r"[^\w.-]", "_", dataset.name)
        folder = home / f"{name}-{dataset.corpus_fingerprint[:12]}"
        folder.mkdir(parents=True, exist_ok=True)
        built = system.index(dataset.documents, folder, progress=progress)
        _refuse_missing(system, dataset, built)
        forget_peak()
        answers = _search_all(system, dataset, depth, progress)
        search_peak = peak_bytes()
        return _report(system, dataset, names, depth, built, answers, search_peak)
    finally:
        system.close()
        if work is None:
            shutil.rmtree(home)


def _search_all(
    system: System, dataset: Dataset, depth: int, progress: Progress | None
) -> list[Answer]:
    answers = []
    wanted = depth + bool(dataset.own_documents)
    found = system.search(dataset.queries, wanted)
    for query, answer in zip(dataset.queries, found, strict=True):
        answers.append(_without_own(answer, query, dataset, depth))
        if progress is not None:
            progress("searching", len(answers), len(dataset.queries))
    _refuse_unknown(system, dataset, answers)
    return answers


def _without_own(answer: Answer, query: str, dataset: Dataset, depth: int) -> Answer:
    """Return an answer of so many hits, without the query itself if it is a document too."""
    if not dataset.own_documents:
        return answer
    own = query if query in dataset.own_documents else None
    ranking = tuple(hit for hit in answer.ranking if hit[0] != own)
    return replace(answer, ranking=ranking[:depth])


def _refuse_missing(system: System, dataset: Dataset, built: Built) -> None:
    """Refuse an index of a part of the documents; those without a word may have been left out."""
    wanted = sum(words > 0 for words in dataset.document_words.values())
    if built.n_documents is not None and built.n_documents < wanted:
        raise InputError(
            f"{system.name} has an index of {built.n_documents:,} documents; the collection "
            f"{dataset.name} has {wanted:,} with words in them.",
            code="collection_mismatch",
        )


def _refuse_unknown(system: System, dataset: Dataset, answers: Sequence[Answer]) -> None:
    """Refuse documents that the collection lacks: a wrong index, or a wrong run file."""
    unknown = [
        document
        for answer in answers
        for document, _ in answer.ranking
        if document not in dataset.document_words
    ]
    if unknown:
        total = sum(len(answer.ranking) for answer in answers)
        raise InputError(
            f"{system.name} found document {unknown[0]!r}, which the collection {dataset.name} "
            f"does not have ({len(unknown):,} of {total:,} hits): it searched other documents.",
            code="collection_mismatch",
        )


def _report(
    system: System,
    dataset: Dataset,
    names: Sequence[str],
    depth: int,
    built: Built,
    answers: Sequence[Answer],
    search_peak: int | None,
) -> Report:
    by_query = dict(zip(dataset.queries, answers, strict=True))
    rankings = {query: answer.ranking for query, answer in by_query.items()}
    values = measure_rankings(dataset.qrels, rankings, names)
    queries = tuple(
        _query_result(dataset, query, answer, {name: values[name][query] for name in values})
        for query, answer in by_query.items()
    )
    return Report(
        dataset=dataset.name,
        split=dataset.split,
        dataset_fingerprint=dataset.fingerprint,
        system=system.name,
        spec=system.spec,
        options=dict(system.options),
        fingerprints=dict(built.fingerprints),
        depth=depth,
        measures={name: mean(values[name]) for name in values},
        queries=queries,
        n_documents=len(dataset.document_words),
        n_tokens=built.n_tokens,
        index_bytes=built.index_bytes,
        build_s=built.build_s,
        build_peak_bytes=built.build_peak_bytes,
        search_peak_bytes=search_peak,
    )


def _query_result(
    dataset: Dataset, query: str, answer: Answer, values: dict[str, float]
) -> QueryResult:
    text, relevant = dataset.queries[query], dataset.relevant(query)
    words = [dataset.document_words[document] for document in relevant]
    return QueryResult(
        id=query,
        text=text,
        words=count_words(text),
        relevant=relevant,
        relevant_words=sum(words) / len(words) if words else 0.0,
        ranking=answer.ranking,
        values=values,
        encode_ms=_milliseconds(answer.encode_s),
        search_ms=_milliseconds(answer.search_s),
    )


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 4)
