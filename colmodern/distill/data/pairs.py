"""How do sources become queries, documents and who answers whom?

A part of the stage ``prepare``. Pairs are deduplicated, those that must never be seen are dropped,
and a share of documents is put aside with its queries, to measure on.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from colmodern.distill.data.forbidden import Forbidden, forbidden_of
from colmodern.distill.data.rows import (
    find_files,
    normal,
    read_column,
    read_judgments,
    read_rows,
    text_of,
)
from colmodern.distill.data.tables import DOCUMENTS, QUERIES, write_table
from colmodern.distill.options.data import PairSource, PrepareRecipe
from colmodern.errors import InputError

logger = logging.getLogger(__name__)

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PARAGRAPH_CHARS, _SENTENCE_CHARS = (200, 1500), (25, 300)


@dataclass(slots=True)
class _Collected:
    """Queries and documents by their normal form; ids are given in the order of arrival."""

    queries: dict[str, _Query] = field(default_factory=dict)
    documents: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # id, source, text


@dataclass(slots=True)
class _Query:
    source: str
    text: str
    positives: dict[str, None] = field(default_factory=dict)  # normal forms, in order


def prepare_pairs(recipe: PrepareRecipe, *, data: Path, seed: int, folder: Path) -> None:
    """Write ``queries.parquet`` and ``documents.parquet``.

    Raises:
        InputError: A source matches no file, has no pair, or cannot be read.
    """
    forbidden = forbidden_of(recipe, data)
    collected = _Collected()
    for source in recipe.pairs:
        before = len(collected.queries)
        dropped = _collect(source, data, seed, forbidden, collected)
        found = len(collected.queries) - before
        if not found:
            raise InputError(
                f"The pairs {source.name!r} ({source.files}) are empty: no row has both a query "
                f"and a document, or all of them are forbidden or known ({dropped} were).",
                code="data_empty",
            )
        logger.info("%s: %d queries, %d pairs dropped as forbidden", source.name, found, dropped)
    dev = _dev_documents(recipe, collected, seed)
    write_table(_queries(collected, dev), folder / "queries.parquet")
    write_table(_documents(collected, dev), folder / "documents.parquet")
    forbidden.report(folder / "decontamination-pairs.json")


def read_pairs(source: PairSource, data: Path, seed: int) -> Iterator[tuple[str, str]]:
    """Yield the pairs of query and document of a source, in the order of its files."""
    if source.qrels:
        yield from _judged(source, data)
    elif source.sentences:
        for file in find_files(source.files, data):
            for row in read_rows(file):
                yield from _sentences(text_of(row, source.document, file), source.sentences, seed)
    else:
        for file in find_files(source.files, data):
            for row in read_rows(file):
                yield text_of(row, source.query, file), text_of(row, source.document, file)


def _collect(
    source: PairSource, data: Path, seed: int, forbidden: Forbidden, into: _Collected
) -> int:
    """Add the pairs of a source; return how many were forbidden."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    dropped = 0
    for query, document in read_pairs(source, data, seed):
        if not query.strip() or not document.strip() or normal(query) == normal(document):
            continue
        if query in forbidden or document in forbidden:
            dropped += 1
            continue
        pairs.setdefault(normal(query), []).append((query, document))
    chosen = _drawn(pairs, source.limit, seed)
    for key in chosen:
        for query, document in pairs[key]:
            _add(into, source.name, query, document)
    rest = pairs.keys() - set(chosen) if source.documents else set()
    for key in _drawn(sorted(rest), source.documents, seed):
        for _, document in pairs[key]:
            _document(into, source.name, document)
    return dropped


def _drawn(keys: Iterable[str], limit: int, seed: int) -> list[str]:
    """Return at most ``limit`` keys, the same whatever else there is, in their old order."""
    listed = list(keys)
    if not limit or len(listed) <= limit:
        return listed
    kept = set(sorted(listed, key=lambda key: _number(key, seed))[:limit])
    return [key for key in listed if key in kept]


def _add(into: _Collected, source: str, query: str, document: str) -> None:
    known = into.queries.setdefault(normal(query), _Query(source, query))
    known.positives[_document(into, source, document)] = None


def _document(into: _Collected, source: str, document: str) -> str:
    """Add a document unless it is known; return its normal form."""
    key = normal(document)
    if key not in into.documents:
        into.documents[key] = (f"d{len(into.documents)}", source, document)
    return key


def _judged(source: PairSource, data: Path) -> Iterator[tuple[str, str]]:
    judgments = read_judgments(data / source.qrels)
    never = read_column(data / source.except_ids_in, 1) if source.except_ids_in else set()
    wanted = {document for _, document in judgments} - never
    corpus = data / source.corpus
    texts = {
        row["_id"]: text_of(row, source.document, corpus)
        for row in read_rows(corpus)
        if row.get("_id") in wanted
    }
    queries = {
        row["_id"]: text_of(row, source.query, file)
        for file in find_files(source.files, data)
        for row in read_rows(file)
        if "_id" in row
    }
    for query, document in judgments:
        if query in queries and document in texts:
            yield queries[query], texts[document]


def _sentences(text: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield sentences of each paragraph, drawn by the seed, with the rest of the paragraph."""
    for paragraph in _paragraphs(text):
        sentences = [s.strip() for s in _SENTENCE.split(paragraph) if s.strip()]
        if len(sentences) < 3:
            continue
        fit = [s for s in sentences if _SENTENCE_CHARS[0] <= len(s) <= _SENTENCE_CHARS[1]]
        for query in sorted(fit, key=lambda s: _number(s, seed))[:count]:
            yield query, " ".join(s for s in sentences if s is not query)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield runs of paragraphs of a few hundred characters."""
    run = ""
    for paragraph in re.split(r"\n\s*\n", text):
        run = f"{run} {' '.join(paragraph.split())}".strip()
        if len(run) >= _PARAGRAPH_CHARS[0]:
            yield run[: _PARAGRAPH_CHARS[1]]
            run = ""
    if run:
        yield run


def _number(text: str, seed: int) -> int:
    """Return a number that is drawn anew for each text and seed, and always the same."""
    digest = hashlib.blake2b(f"{seed} {text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _dev_documents(recipe: PrepareRecipe, collected: _Collected, seed: int) -> set[str]:
    """Return the normal forms of documents whose queries are measured on, not trained on."""
    limit = recipe.dev * 2**64
    return {key for key in collected.documents if _number(key, seed) < limit}


def _queries(collected: _Collected, dev: set[str]) -> pa.Table:
    rows = [
        {
            "query_id": f"q{number}",
            "source": query.source,
            "split": "dev" if any(key in dev for key in query.positives) else "train",
            "text": query.text,
            "document_ids": [collected.documents[key][0] for key in query.positives],
        }
        for number, query in enumerate(collected.queries.values())
    ]
    return pa.Table.from_pylist(rows, QUERIES)


def _documents(collected: _Collected, dev: set[str]) -> pa.Table:
    rows = [
        {
            "document_id": name,
            "source": source,
            "split": "dev" if key in dev else "train",
            "text": text,
        }
        for key, (name, source, text) in collected.documents.items()
    ]
    return pa.Table.from_pylist(rows, DOCUMENTS)
