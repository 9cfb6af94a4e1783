"""TREC: topics, qrels and documents, each as the conference's tools write them.

``*qrels*`` holds ``query 0 document grade`` lines. ``*topics*`` (or ``*queries*``) holds ``<top>``
elements, of which the title is the query, or tab-separated id and text. Documents stand in
``docs*``, ``documents*`` or ``corpus*`` (files, or folders of files) or in ``*.trec``, ``*.sgml``:
``<DOC>`` elements or JSON lines. Any file may be gzip.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.layouts.collection import Collection, Documents, choose_split
from colmodern.eval.layouts.judgments import read_qrels
from colmodern.eval.layouts.rows import (
    FieldNames,
    read_documents,
    read_lines,
)
from colmodern.types import Document

_FIELDS = FieldNames(
    id=("docno", "docid", "doc_id", "_id", "id"),
    text=("text", "contents", "body"),
    title=("title", "headline"),
)
_DOCUMENT_NAMES = ("docs*", "documents*", "corpus*", "*.trec", "*.trec.gz", "*.sgml", "*.sgml.gz")
_NUMBER = re.compile(r"<num>\s*+(?:number\s*+:\s*+)?+([^\s<]++)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"<topic\s[^<>]*?number\s*+=\s*+[\"']?+([^\s\"'>]++)", re.IGNORECASE)
_TITLE = re.compile(r"<(title|query)>\s*+(?:topic\s*+:)?+([^<]*+)", re.IGNORECASE)
_DOCNO = re.compile(r"<DOCNO>([^<]*+)</DOCNO>", re.IGNORECASE)
_HEADING = re.compile(r"<(/?)(HEADLINE|TITLE|TTL|HL)>", re.IGNORECASE)
_TEXT = re.compile(r"<(/?)(TEXT)>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def recognises(folder: Path) -> bool:
    """Whether a folder looks like this layout."""
    return folder.is_dir() and bool(_qrels_files(folder) and _topic_files(folder))


def read(folder: Path, split: str | None) -> Collection:
    """Return what lies in the folder.

    Raises:
        InputError: A file is missing or wrong; the sentence says which.
    """
    files = _document_files(folder)
    if not files:
        raise InputError(
            f"{folder} has topics and qrels but no documents: docs*, documents*, corpus*, *.trec "
            "or *.sgml.",
            code="layout_unknown",
        )
    name, qrels_file = choose_split(_qrels_files(folder), split, folder)
    topics = _topic_files(folder)
    chosen = [file for file in topics if name and name in file.name.split(".")] or topics
    queries: dict[str, str] = {}
    for file in chosen:
        for query, text in _read_topics(file):
            if queries.setdefault(query, text) != text:
                raise InputError(f"{file}: query id {query!r} comes twice.", code="id_duplicate")
    return Collection(_documents(files), queries, read_qrels(qrels_file), name)


def _files(folder: Path, *patterns: str) -> list[Path]:
    return sorted({file for pattern in patterns for file in folder.glob(pattern) if file.is_file()})


def _qrels_files(folder: Path) -> dict[str, Path]:
    """Return qrels by the part of their names that tells them apart (``qrels.test.txt``: test)."""
    found = _files(folder, "*qrels*")
    known = {"qrels", "txt", "gz", "tsv", "trec", "qrel"}
    names = [[part for part in file.name.split(".") if part not in known] for file in found]
    return {".".join(parts): file for parts, file in zip(names, found, strict=True)}


def _topic_files(folder: Path) -> list[Path]:
    return _files(folder, "*topics*") or _files(folder, "*queries*.tsv", "*queries*.tsv.gz")


def _document_files(folder: Path) -> list[Path]:
    for pattern in _DOCUMENT_NAMES:
        found = [
            file
            for match in sorted(folder.glob(pattern))
            for file in (sorted(match.rglob("*")) if match.is_dir() else [match])
            if file.is_file()
        ]
        if found:
            return found
    return []


def _read_topics(file: Path) -> Iterator[tuple[str, str]]:
    lines = list(read_lines(file))
    text = "".join(line for _, line in lines)
    if not re.search(r"<top(ic)?[\s>]", text, re.IGNORECASE):
        yield from _read_topics_tsv(file, lines)
        return
    for number, topic in enumerate(
        re.split(r"(?=<top(?:ic)?[\s>])", text, flags=re.IGNORECASE)[1:], 1
    ):
        name = _NUMBER.search(topic) or _ATTRIBUTE.search(topic)
        title = _TITLE.search(topic)
        if name is None or title is None:
            raise InputError(
                f"{file}, topic {number} needs a number and a title.", code="row_invalid"
            )
        yield name[1], html.unescape(" ".join(title[2].split()))


def _read_topics_tsv(file: Path, lines: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    for number, line in lines:
        if line.strip():
            query, tab, text = line.rstrip("\r\n").partition("\t")
            if not tab:
                raise InputError(
                    f"{file}, line {number}: a topic is an id, a tab and a text.",
                    code="row_invalid",
                )
            yield query.strip(), text.strip()


def _documents(files: list[Path]) -> Documents:
    def read() -> Iterator[Document]:
        for file in files:
            if file.name.endswith((".jsonl", ".jsonl.gz", ".parquet")):
                yield from read_documents([file], _FIELDS)
            else:
                yield from _read_sgml(file)

    return Documents(read)


def _read_sgml(file: Path) -> Iterator[Document]:
    """Yield the ``<DOC>`` elements of a file, one in memory at a time."""
    part: list[str] = []
    started = 0
    for number, line in read_lines(file):
        if line.lstrip()[:5].upper() == "<DOC>":
            part, started = [], number
        if started:
            part.append(line)
        if started and line.rstrip()[-6:].upper() == "</DOC>":
            yield _document("".join(part), f"{file}, line {started}")
            started = 0
    if started:
        raise InputError(f"{file}, line {started}: a <DOC> has no end.", code="row_invalid")


def _document(element: str, place: str) -> Document:
    name = _DOCNO.search(element)
    if name is None:
        raise InputError(f"{place}: a <DOC> has no <DOCNO>.", code="row_invalid")
    texts = [element[start.end() : end.start()] for start, end in _elements(_TEXT, element)]
    heading, rest = "", element
    for start, end in islice(_elements(_HEADING, element), 1):
        heading = element[start.end() : end.start()]
        rest = element[: start.start()] + element[end.end() :]
    body = "\n".join(texts) if texts else _DOCNO.sub("", rest)
    return Document(name[1].strip(), _plain(body), _plain(heading))


def _elements(tags: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield the start and the end of each element that is closed."""
    opened: dict[str, re.Match[str]] = {}
    for tag in tags.finditer(text):
        name = tag[2].upper()
        if not tag[1]:
            opened.setdefault(name, tag)
        elif start := opened.pop(name, None):
            yield start, tag


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub(" ", text)).strip()
