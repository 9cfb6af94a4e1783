"""Rows beyond the limit are passed over and counted, in bounded memory; a title alone is enough."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.corpus import ExtractionError, ScanOptions, SkipReason, extract, scan

LIMIT = 1000
LONG = "x" * (LIMIT + 1)


def rows_of(path, **options):
    """Return the texts of a file's rows by number, and those left out."""
    options = ScanOptions(**({"max_file_bytes": LIMIT} | options))
    (source,) = scan([path], options).sources
    skipped = []
    found = {e.row: e.document.text for e in extract(source, options, report=skipped.append)}
    return found, {s.row: s.reason for s in skipped}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    ("suffix", "head", "row"),
    [(".csv", "text", "{}"), (".tsv", "text", "{}"), (".jsonl", None, '{{"text": "{}"}}')],
)
def test_a_row_beyond_the_limit_is_passed_over(tmp_path, suffix, head, row, end, is_last):
    path = tmp_path / f"a{suffix}"
    lines = [row.format(word) for word in ("one", LONG * 5, LONG, *([] if is_last else ["two"]))]
    text = end.join([*([head] if head else []), *lines]) + ("" if is_last else end)
    path.write_bytes(text.encode())

    found, skipped = rows_of(path)

    assert found == {1: "one"} | ({} if is_last else {4: "two"})
    assert skipped == {2: SkipReason.TOO_LARGE, 3: SkipReason.TOO_LARGE}


def test_a_quoted_row_beyond_the_limit_ends_where_its_quotes_do(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'text\none\n"{LONG}\n""a""\n\n{LONG}"\ntwo\n\n\n"th\nree"\n')

    found, skipped = rows_of(path)

    assert found == {1: "one", 3: "two", 4: "th\nree"}
    assert skipped == {2: SkipReason.TOO_LARGE}


def test_a_row_that_grows_too_large_over_lines_ends_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text\none\n"' + "word\n" * LIMIT)
    options = ScanOptions(max_file_bytes=LIMIT)
    (source,) = scan([path], options).sources
    documents = extract(source, options)

    assert next(documents).document.text == "one"
    with pytest.raises(ExtractionError, match="row 2 has more than 1,000") as caught:
        next(documents)
    assert caught.value.skipped.reason is SkipReason.TOO_LARGE


def test_many_rows_and_blank_lines_are_no_large_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\n" + "\n" * 2 * LIMIT + "word\n" * LIMIT)

    found, skipped = rows_of(path)

    assert (len(found), skipped) == (LIMIT, {})


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_header_beyond_the_limit_is_no_header(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text(f"{LONG}\ntext\none\n")

    with pytest.raises(ExtractionError, match="the header has more than"):
        rows_of(path)


def test_a_row_of_parquet_has_the_same_limit(tmp_path):
    path = tmp_path / "a.parquet"
    texts, more = ["one", LONG, "two", "three"], [["a"], ["a"], [LONG], [None]]
    pq.write_table(pa.table({"text": texts, "more": more}), path)

    found, skipped = rows_of(path)

    assert found == {1: "one", 4: "three"}
    assert skipped == {2: SkipReason.TOO_LARGE, 3: SkipReason.TOO_LARGE}


def test_a_row_of_parquet_that_says_how_large_it_is_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(path, pa.schema({"text": pa.string(), "no": pa.binary()})) as writer:
        for text, more in (("one", LONG * 9), (LONG * 5, ""), ("two", "")):
            writer.write_table(pa.table({"text": [text], "no": [more.encode()]}, writer.schema))
    assert rows_of(path) == ({1: "one", 3: "two"}, {2: SkipReason.TOO_LARGE})

    read = []
    file_type = pq.ParquetFile

    class ParquetFile(file_type):
        def iter_batches(self, *arguments, row_groups, **options):
            read.extend(row_groups)
            return super().iter_batches(*arguments, row_groups=row_groups, **options)

    monkeypatch.setattr(pq, "ParquetFile", ParquetFile)
    rows_of(path)
    assert read == [0, 2]


PROGRAM = """
import resource, sys
from pathlib import Path
from colmodern.corpus import ScanOptions, extract, scan
options = ScanOptions(max_file_bytes=4 << 20)
def read(path):
    (source,) = scan([Path(path)], options).sources
    skipped = []
    found = [e.document.text for e in extract(source, options, report=skipped.append)]
    return found, [str(s.reason) for s in skipped]
read(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(read(sys.argv[2]), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize("suffix", [".csv.gz", ".tsv.gz", ".jsonl.gz"])
def test_a_line_of_256_mib_in_a_small_file_takes_little_memory(tmp_path, suffix):
    small, large = tmp_path / f"small{suffix}", tmp_path / f"large{suffix}"
    is_json = suffix.startswith(".jsonl")
    for path, n in ((small, 1), (large, 256)):
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(b'{"text": "one"}\n{"text": "' if is_json else b"text\none\n")
            for _ in range(n):
                file.write(b"x" * (1 << 20))
            file.write(b'"}\n{"text": "two"}\n' if is_json else b"\ntwo\n")
    assert large.stat().st_size < 3 << 20

    command = [sys.executable, "-c", PROGRAM, str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    found, grown = done.stdout.rsplit(None, 1)
    assert found == "(['one', 'two'], ['too large'])"
    assert int(grown) < 40, "MiB: a few times the limit of 4"


def test_a_row_with_a_title_and_no_text_is_a_document(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"_id": "early", "title": "Otter facts"},
        {"_id": "a", "title": "Walrus facts", "text": ""},
        {"_id": "b", "title": "Pelican facts", "text": None},
        {"_id": "c", "title": "Heron facts"},
        {"_id": "d", "title": "  ", "text": " "},
        {"_id": "e", "text": ""},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    report = Indexer(tmp_path / "index", HashEncoder(dim=16)).sync([path])

    assert report.added == 4
    with Searcher.open(tmp_path / "index") as searcher:
        for mode in ("late", "bm25", "hybrid"):
            hits = searcher.search("walrus", mode=mode)
            assert (hits[0].doc_id, hits[0].title) == ("a", "Walrus facts")
        assert searcher.explain("walrus", "a").doc_id == "a"
        assert searcher.count("title like '%facts'") == 4
