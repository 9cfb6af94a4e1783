"""Row files: a document a row, in bounded memory, and nothing lost without a word."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colmodern.corpus import ExtractionError, ScanOptions, SkipReason, extract, scan
from colmodern.corpus.extraction import parquet


def read(path, data=None, **options):
    """Return the documents of a row file with their row numbers, and what was skipped."""
    if data is not None:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    options = ScanOptions(**options)
    (source,) = scan([path], options).sources
    skipped = []
    return list(extract(source, options, report=skipped.append)), skipped


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_row_of_json_is_a_document(tmp_path):
    row = {"_id": 7, "title": "Keys", "text": "Who holds them", "year": 1911, "open": True}
    ((extracted,), skipped) = read(tmp_path / "a.jsonl", jsonl(row))
    document = extracted.document
    assert (document.id, document.title, document.text) == ("7", "Keys", "Who holds them")
    assert document.metadata == {"year": 1911, "open": True}
    assert (extracted.row, skipped) == (1, [])


def test_the_fields_can_be_named(tmp_path):
    row = {"pid": "p1", "name": "Keys", "body": "words", "text": "other"}
    ((extracted,), _) = read(
        tmp_path / "a.jsonl", jsonl(row), id_field="pid", title_field="name", text_field="body"
    )
    document = extracted.document
    assert (document.id, document.title, document.text) == ("p1", "Keys", "words")
    assert document.metadata == {"text": "other"}


def test_a_row_without_an_id_is_named_by_its_file_and_number(tmp_path):
    data = '\n{"text": "one"}\n{"_id": "", "text": "two"}\n{"_id": null, "text": "three"}'
    (found, _) = read(tmp_path / "a.ndjson", data)
    assert [d.id for d, _ in found] == ["a.ndjson#2", "a.ndjson#3", "a.ndjson#4"]
    assert [row for _, row in found] == [2, 3, 4]


def test_whatever_the_depth_a_row_is_a_document_or_left_out(tmp_path):
    # Between what Python reads and what it writes lies a depth or two.
    rows = ['{"text": "x", "in": ' + "[" * depth + "]" * depth + "}" for depth in range(850, 1010)]
    found, skipped = read(tmp_path / "a.jsonl", "\n".join(rows))
    assert len(found) + len(skipped) == len(rows)
    assert {one.detail for one in skipped} <= {"nested too deeply"}


def test_nested_values_become_json_text_and_what_is_no_number_none(tmp_path):
    data = '{"text": "x", "tags": ["é", 1], "score": NaN, "by": {"name": "Ada"}, "none": null}'
    ((extracted,), _) = read(tmp_path / "a.jsonl", data)
    assert extracted.document.metadata == {
        "tags": '["é", 1]',
        "score": None,
        "by": '{"name": "Ada"}',
        "none": None,
    }


def test_bad_rows_are_counted_by_their_numbers_and_the_rest_is_read(tmp_path):
    lines = [
        '{"text": "good"}',
        "{broken",
        "[1, 2]",
        '{"_id": "x"}',
        '{"text": "  "}',
        '{"text": ["a"]}',
        "[" * 100_000,
        '{"n": ' + "9" * 5000 + "}",
        '{"text": "good too"}',
    ]
    (found, skipped) = read(tmp_path / "a.jsonl", "\n".join(lines))
    assert [d.text for d, _ in found] == ["good", "good too"]
    assert [s.row for s in skipped] == [2, 3, 4, 5, 6, 7, 8]
    bad, empty = SkipReason.BAD_ROW, SkipReason.EMPTY
    assert [s.reason for s in skipped] == [bad, bad, bad, empty, bad, bad, bad]
    assert [s.detail.split(":")[0] for s in skipped] == [
        "not JSON",
        "a list, not an object",
        "it has no field 'text'",
        "field 'text' is blank",
        "field 'text' holds a list, not a text",
        "nested too deeply",
        "not JSON",
    ]


def test_a_bad_row_is_logged_where_nobody_counts(tmp_path, caplog):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "good"}\nbad\n')
    (source,) = scan([path]).sources
    with caplog.at_level(logging.WARNING):
        assert len(list(extract(source))) == 1
    assert "a.jsonl, row 2: bad row (not JSON" in caplog.text


def test_a_file_of_which_no_row_has_the_text_field_names_the_fields_it_has(tmp_path):
    with pytest.raises(ExtractionError) as caught:
        read(tmp_path / "a.jsonl", jsonl({"id": 1, "body": "x"}, {"id": 2, "body": "y", "z": 1}))
    skipped = caught.value.skipped
    assert skipped.reason is SkipReason.NO_TEXT_FIELD
    assert skipped.detail == (
        "no row has a field 'text'; the fields are 'id', 'body', 'z'. "
        "Name the one that holds the text with text_field (--text-field)"
    )


def test_lone_surrogates_are_replaced_everywhere(tmp_path):
    data = r'{"_id": "\ud800", "title": "\udc00t", "text": "x\ud83d", "m": ["\ud800"]}'
    ((extracted,), _) = read(tmp_path / "a.jsonl", data)
    document = extracted.document
    assert (document.id, document.title, document.text) == ("\ufffd", "\ufffdt", "x\ufffd")
    assert document.metadata == {"m": '["\ufffd"]'}


def test_a_surrogate_pair_is_a_character(tmp_path):
    ((extracted,), _) = read(tmp_path / "a.jsonl", r'{"text": "\ud834\udd1e"}')
    assert extracted.document.text == "𝄞"


def test_a_row_beyond_the_limit_is_skipped_and_the_next_is_read(tmp_path):
    rows = jsonl({"text": "x" * 500}, {"text": "y"}, {"text": "z" * 72})
    (found, skipped) = read(tmp_path / "a.jsonl", rows, max_file_bytes=85)
    assert [d.text[0] for d, _ in found] == ["y", "z"]
    assert [(s.reason, s.row) for s in skipped] == [(SkipReason.TOO_LARGE, 1)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "jsonl.gz", "csv.gz"])
def test_row_files_may_be_packed_and_in_any_encoding(tmp_path, encoding, suffix):
    text = '{"_id": "a", "text": "Tür"}\n' if "json" in suffix else "_id,text\na,Tür\n"
    data = text.encode(encoding)
    ((extracted,), _) = read(
        tmp_path / f"a.{suffix}", gzip.compress(data) if suffix.endswith("gz") else data
    )
    assert (extracted.document.id, extracted.document.text) == ("a", "Tür")


def test_what_is_called_gz_and_is_not_packed_is_broken(tmp_path):
    with pytest.raises(ExtractionError, match="not a whole gzip file"):
        read(tmp_path / "a.csv.gz", "_id,text\n1,x\n")


def test_csv_fields_may_hold_commas_newlines_and_quotation_marks(tmp_path):
    data = '_id,title,text,year\r\n1,Keys,"one, ""two""\nthree",1911\r\n\r\n2,,four,\r\n'
    (found, skipped) = read(tmp_path / "a.csv", data)
    assert [(d.id, d.title, d.text) for d, _ in found] == [
        ("1", "Keys", 'one, "two"\nthree'),
        ("2", "", "four"),
    ]
    assert found[0].document.metadata == {"year": "1911"}
    assert ([row for _, row in found], skipped) == ([1, 2], [])


@pytest.mark.parametrize("mark", [";", "\t"])
def test_csv_may_be_separated_by_other_marks_than_commas(tmp_path, mark):
    ((extracted,), _) = read(tmp_path / "a.csv", f"_id{mark}text\n1{mark}a, b\n")
    assert extracted.document.text == "a, b"


def test_csv_rows_that_do_not_fit_the_header_are_counted(tmp_path):
    data = "_id,text\n1,one\n2,two,and more\n3\n4,four,,\n"
    (found, skipped) = read(tmp_path / "a.csv", data)
    assert [d.id for d, _ in found] == ["1", "4"]
    assert [(s.row, s.detail) for s in skipped] == [
        (2, "line 3: 3 fields, the header 2"),
        (3, "it has no field 'text'"),
    ]


def test_csv_fields_longer_than_the_usual_limit_of_python_are_read(tmp_path):
    ((extracted,), _) = read(tmp_path / "a.csv", "text\n" + "word " * 60_000 + "\n")
    assert len(extracted.document.text) == 300_000


def test_csv_without_the_text_field_names_its_header(tmp_path):
    with pytest.raises(ExtractionError, match="the fields are 'id', 'body'"):
        read(tmp_path / "a.csv", "id,body\n1,x\n")


def test_in_tsv_a_quotation_mark_is_a_quotation_mark(tmp_path):
    (found, _) = read(tmp_path / "a.tsv", '_id\ttext\n1\t"open\n2\tb "c" d\n')
    assert [d.text for d, _ in found] == ['"open', 'b "c" d']


def write_parquet(path, table, **options):
    pq.write_table(pa.table(table), path, **options)
    return path


def test_a_row_of_parquet_is_a_document(tmp_path):
    path = write_parquet(
        tmp_path / "a.parquet",
        {
            "_id": [1, 2, 3],
            "text": ["one", None, "three"],
            "when": [dt.date(1911, 5, 2)] * 3,
            "image": [b"\x89PNG"] * 3,
            "tags": [["a"], [], None],
            "nested": [{"raw": b"\0", "n": 1}] * 3,
        },
    )
    (found, skipped) = read(path)
    assert [(d.id, d.text, row) for d, row in found] == [("1", "one", 1), ("3", "three", 3)]
    assert found[0].document.metadata == {
        "when": "1911-05-02",
        "tags": '["a"]',
        "nested": '{"raw": "b\'\\\\x00\'", "n": 1}',
    }
    assert [(s.row, s.reason) for s in skipped] == [(2, SkipReason.BAD_ROW)]


def test_one_value_of_parquet_that_cannot_be_read_costs_no_other_row(tmp_path):
    offsets = pa.array([0, 3, 5, 10], pa.int32()).buffers()[1]
    texts = pa.Array.from_buffers(
        pa.string(), 3, [None, offsets, pa.py_buffer(b"one\xff\xfethree")]
    )
    days = pa.array([1, 2, 2**31 - 1], pa.date32())
    moments = pa.array([-(2**62), 2, 0], pa.timestamp("us"))
    path = write_parquet(tmp_path / "a.parquet", {"text": texts, "day": days, "moment": moments})
    found, skipped = read(path)
    assert [(d.text, row) for d, row in found] == [("one", 1), ("three", 3)]
    assert found[0].document.metadata["moment"] is None
    assert found[1].document.metadata["day"] is None
    assert [(s.row, s.reason) for s in skipped] == [(2, SkipReason.BAD_ROW)]


def test_a_time_of_parquet_in_a_list_costs_its_row_only(tmp_path):
    when = pa.array([[1], [2**62], None], pa.list_(pa.timestamp("us")))
    path = write_parquet(tmp_path / "a.parquet", {"text": ["one", "two", "three"], "when": when})
    found, skipped = read(path)
    assert [d.text for d, _ in found] == ["one", "three"]
    assert [(s.row, s.reason) for s in skipped] == [(2, SkipReason.BAD_ROW)]


def test_a_time_of_parquet_in_a_zone_that_nobody_knows_is_told_in_utc(tmp_path):
    when = pa.array([0], pa.timestamp("s", "Nowhere/Land"))
    found, _ = read(write_parquet(tmp_path / "a.parquet", {"text": ["x"], "when": when}))
    assert found[0].document.metadata["when"] == "1970-01-01 00:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.timestamp("ns"), dt.datetime(1970, 1, 1, microsecond=1)),
        (pa.time64("ns"), dt.time(microsecond=1)),
        (pa.duration("ns"), dt.timedelta(microseconds=1)),
    ],
)
def test_nanoseconds_of_parquet_need_no_pandas(kind, expected, monkeypatch):
    class Cell:
        """As where pandas is not installed."""

        type = kind
        cast = pa.array([1001], kind)[0].cast

        def as_py(self):
            raise ValueError("not safely convertible to microseconds")

    assert parquet._value(Cell()) == expected


def test_parquet_without_the_text_field_names_its_columns(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", {"body": ["x"]})
    with pytest.raises(ExtractionError, match="the fields are 'body'"):
        read(path)


def test_a_parquet_text_of_bytes_is_named_as_such(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", {"text": [b"x"]})
    with pytest.raises(ExtractionError, match="'text' holds bytes"):
        read(path)


def test_a_broken_parquet_file_is_skipped(tmp_path):
    with pytest.raises(ExtractionError) as caught:
        read(tmp_path / "a.parquet", b"PAR1 and then nothing")
    assert caught.value.skipped.reason is SkipReason.BROKEN


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "tsv"])
def test_row_files_are_streamed(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    with path.open("w") as file:
        if suffix != "jsonl":
            file.write("text\n")
        for number in range(4000):
            text = f"{number} " + "word " * 1000
            file.write(json.dumps({"text": text}) + "\n" if suffix == "jsonl" else text + "\n")
    (source,) = scan([path]).sources
    was_tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    n_documents = sum(1 for _ in extract(source))
    _, peak = tracemalloc.get_traced_memory()
    if not was_tracing:
        tracemalloc.stop()
    assert n_documents == 4000
    assert path.stat().st_size > 20_000_000
    assert peak - before < 6_000_000


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\r\n', "\ufeffsep=;\n"])
def test_the_first_line_of_excel_says_what_separates_the_fields(tmp_path, first):
    ((extracted,), _) = read(tmp_path / "a.csv", first + "_id;text\r\n1;a, b\r\n")
    assert (extracted.document.id, extracted.document.text) == ("1", "a, b")


@pytest.mark.parametrize(
    "header", ["_id|title|text", '_id;"title, short";text', '"_id";"a,b,c,d";"text"']
)
def test_what_separates_the_fields_is_told_outside_quotation_marks(tmp_path, header):
    mark = "|" if "|" in header else ";"
    ((extracted,), _) = read(tmp_path / "a.csv", f"{header}\n1{mark}t{mark}Boats\n")
    assert (extracted.document.id, extracted.document.text) == ("1", "Boats")


def test_the_delimiter_can_be_given(tmp_path):
    data = "_id:text\n1:a, b; c, d\n"
    ((extracted,), _) = read(tmp_path / "a.csv", data, delimiter=":")
    assert extracted.document.text == "a, b; c, d"


def test_a_quotation_mark_that_is_never_closed_costs_no_other_row(tmp_path):
    data = '_id,text\n1,He said "hi"\n2,"open, goes on\n3,three\n4,"four\nand more"\n'
    data += '5,five\n6,"open too\n7,seven\n'
    (found, skipped) = read(tmp_path / "a.csv", data)
    assert [(d.id, d.text) for d, _ in found] == [
        ("1", 'He said "hi"'), ("2", "open, goes on"), ("3", "three"), ("4", "four\nand more"),
        ("5", "five"), ("7", "seven"),
    ]  # fmt: skip
    assert [(s.row, s.reason) for s in skipped] == [(2, SkipReason.PART), (6, SkipReason.BROKEN)]


@pytest.mark.parametrize("end", ['"', '"he', '"he\n', '"he said ""so""\nand, more\n'])
def test_a_csv_file_that_ends_inside_a_quotation_mark_has_a_broken_row(tmp_path, end):
    (found, skipped) = read(tmp_path / "a.csv", "_id,title,text\nc1,t,one\nc2,t," + end)
    assert [d.id for d, _ in found] == ["c1"]
    assert (skipped[0].row, skipped[0].reason) == (2, SkipReason.BROKEN)
    assert all(one.is_unread for one in skipped)


def test_a_title_alone_is_a_document_wherever_its_row_stands(tmp_path):
    rows = [{"_id": "t1", "title": "foxes"}, {"_id": "n"}, {"_id": "a", "text": "words"}]
    (found, skipped) = read(tmp_path / "a.jsonl", jsonl(*rows))
    assert [d.id for d, _ in found] == ["t1", "a"]
    assert [(s.row, s.reason) for s in skipped] == [(2, SkipReason.BAD_ROW)]


@pytest.mark.parametrize(
    ("name", "data", "ids"),
    [
        ("a.csv", "_id,text,note\n1,one,x\n2,two", ["1"]),
        ("a.csv", "_id,text,note\n1,one,x\n2,two\n", ["1", "2"]),
        ("a.csv", "_id,text,note\n1,one\n2,two,x", ["1", "2"]),
        ("a.tsv", "_id\ttext\tnote\n1\tone\r\n2\ttwo", ["1"]),
    ],
)
def test_a_last_line_without_a_break_that_lacks_fields_is_broken(tmp_path, name, data, ids):
    (found, skipped) = read(tmp_path / name, data)
    assert [d.id for d, _ in found] == ids
    assert [one.reason for one in skipped] == [SkipReason.BROKEN] * (2 - len(ids))
