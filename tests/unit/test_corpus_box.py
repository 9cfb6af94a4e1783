"""Files that need a parser are read by processes with limits: a bomb costs itself alone."""

import ast
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colmodern import HashEncoder, Indexer
from colmodern.corpus import ExtractionError, ExtractionPool, ScanOptions, extract, scan
from colmodern.corpus.box import pool as pools
from colmodern.errors import ConfigError

MIB = 1 << 20
# Nested so deep that the work grows with the square of the depth, whatever the parser.
DEEP_PAGE = "<div><b>" * 200_000
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of the kernel")


def pages(folder, n=5):
    for number in range(n):
        (folder / f"{number}.html").write_text(f"<h1>Page {number}</h1><p>It has words.</p>")


def read_all(folder, options):
    """Return the texts, or the reason, of every file below a folder, and what was reported."""
    found, reported = {}, []
    sources = scan([folder], options).sources
    with ExtractionPool(sources, options) as pool:
        for source in sources:
            try:
                _, documents = pool.read(source, reported.append)
                found[source.key] = [document for document, _ in documents]
            except ExtractionError as error:
                found[source.key] = error.skipped.reason.value
    return found, reported


def test_documents_are_those_of_this_process_in_the_same_order(tmp_path):
    pages(tmp_path)
    (tmp_path / "a.md").write_text("# A\nplain")
    rows = [{"_id": str(i), "text": f"row {i}"} for i in range(3000)]
    lines = "".join(json.dumps(row) + "\n" for row in rows) + "no row\n"
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 no pdf")
    found, reported = read_all(tmp_path, ScanOptions())
    assert found.pop("bad.pdf") == "broken"
    assert [skipped.row for skipped in reported] == [3001]
    sources = {source.key: source for source in scan([tmp_path]).sources}
    here = {
        key: [document for document, _ in extract(sources[key], report=lambda _: None)]
        for key in found
    }
    assert found == here
    assert len(found["rows.jsonl.gz"]) == 3000


@on_linux
def test_a_file_that_takes_too_long_costs_itself(tmp_path):
    pages(tmp_path)
    (tmp_path / "2.html").write_text(DEEP_PAGE)
    found, _ = read_all(tmp_path, ScanOptions(max_file_seconds=0.05))
    assert found.pop("2.html") == "too costly"
    assert sorted(found) == ["0.html", "1.html", "3.html", "4.html"]
    assert all(len(documents) == 1 for documents in found.values())


@on_linux
def test_a_file_that_takes_too_much_memory_costs_itself(tmp_path):
    bomb = pa.table({"text": pa.array(["y" * (60 * MIB)])})
    pq.write_table(bomb, tmp_path / "bomb.parquet", compression="zstd", write_statistics=False)
    pq.write_table(pa.table({"text": ["a row"]}), tmp_path / "fine.parquet")
    found, _ = read_all(tmp_path, ScanOptions(max_file_memory=150 * MIB))
    assert found["bomb.parquet"] == "too costly"
    assert found["fine.parquet"][0].text == "a row"


def test_a_document_that_is_too_large_for_the_pipe_is_left_out(tmp_path):
    pq.write_table(pa.table({"text": ["y" * (4 * MIB), "a row"]}), tmp_path / "rows.parquet")
    found, reported = read_all(tmp_path, ScanOptions(max_file_bytes=100_000))
    assert [document.text for document in found["rows.parquet"]] == ["a row"]
    assert [skipped.reason for skipped in reported] == ["too large"]


def test_what_a_parser_logs_is_told_with_the_name_of_the_file(tmp_path, monkeypatch, caplog, capfd):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "pypdfium2.py").write_text(
        "import logging, sys\n"
        "logging.getLogger('pdf').warning('odd table')\n"
        "print('noise', file=sys.stderr)\n"
        "print('noise')\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "lib")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "x.pdf").write_bytes(b"%PDF-1.4")
    found, _ = read_all(tmp_path / "docs", ScanOptions())
    assert found == {"x.pdf": "broken"}
    assert f"{(tmp_path / 'docs' / 'x.pdf').resolve()}: odd table" in caplog.messages
    assert "noise" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_have_files_ahead_and_what_is_not_taken_harms_none(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(pools, "_n_processors", lambda: workers)
    monkeypatch.setattr(pools, "FILES_AHEAD", 8)
    pages(tmp_path, 20)
    row = json.dumps({"text": "row"}) + "\n"
    (tmp_path / "1a.jsonl.gz").write_bytes(gzip.compress(row.encode() * 100))
    ordered = []
    order = pools._Place.order
    monkeypatch.setattr(
        pools._Place, "order", lambda place, one: (ordered.append(one), order(place, one))
    )
    sources = scan([tmp_path]).sources
    read = []
    with ExtractionPool(sources, ScanOptions()) as pool:
        for source in sources:
            _, documents = pool.read(source, lambda _: None)
            read.append((source.key, next(documents).document.id))
            if source is sources[0]:
                assert len(ordered) == workers * pools.FILES_AHEAD
    assert len(read) == 21
    assert all(document.startswith(key) for key, document in read)


@pytest.fixture
def started(monkeypatch):
    """The processes of all workers that are started."""
    processes = []

    class Worker(pools._Worker):
        def __init__(self):
            super().__init__()
            processes.append(self._process)

    monkeypatch.setattr(pools, "_Worker", Worker)
    return processes


def test_a_worker_whose_answers_wait_is_not_waited_for_with_orders(tmp_path, monkeypatch, started):
    monkeypatch.setattr(pools, "_n_processors", lambda: 1)
    # More than a pipe holds, in both directions.
    (tmp_path / "0.txt.gz").write_bytes(gzip.compress(b"words of a long text " * 100_000))
    pages(tmp_path, pools.FILES_AHEAD)
    options = ScanOptions(exclude=tuple(f"/a folder called {i}/" for i in range(200)))
    waited_too_long = Timer(300, lambda: [one.kill() for one in started])  # the text is lost then
    waited_too_long.daemon = True
    waited_too_long.start()
    found, _ = read_all(tmp_path, options)
    waited_too_long.cancel()
    assert len(started) == 1
    assert len(found) == pools.FILES_AHEAD + 1
    assert len(found["0.txt.gz"][0].text) > 2_000_000


def test_while_one_worker_has_a_long_file_the_others_get_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(pools, "_n_processors", lambda: 2)
    pages(tmp_path, 20)
    (tmp_path / "00.html").write_text("<p>long " * 10_000)
    ordered = {}
    order = pools._Place.order
    monkeypatch.setattr(
        pools._Place,
        "order",
        lambda place, one: (ordered.setdefault(place, []).append(one), order(place, one)),
    )
    sources = scan([tmp_path]).sources
    with ExtractionPool(sources, ScanOptions()) as pool:
        for source in sources:
            list(pool.read(source, print)[1])
            if source is sources[0]:
                assert sorted(map(len, ordered.values())) == [1, 20]


def test_text_starts_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    (tmp_path / "a.md").write_text("# A")
    (tmp_path / "rows.csv").write_text("text\na\n")
    found, _ = read_all(tmp_path, ScanOptions())
    assert sorted(found) == ["a.md", "rows.csv"]


def test_rows_are_read_by_another_process_where_one_may_be_very_large(tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text("text\n" + "a\n" * 50)
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n' * 50)
    (tmp_path / "a.md").write_text("word " * 100)
    monkeypatch.setattr(pools, "_MOST_PLAIN_BYTES", 100)
    found, _ = read_all(tmp_path, ScanOptions())
    assert {key: len(documents) for key, documents in found.items()} == {
        "rows.csv": 50, "rows.jsonl": 50, "a.md": 1,
    }  # fmt: skip
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(TypeError):
        read_all(tmp_path, ScanOptions())


def test_processes_end_with_the_pool_whatever_is_left_to_read(tmp_path, started):
    pages(tmp_path)
    sources = scan([tmp_path]).sources
    with ExtractionPool(sources, ScanOptions()) as pool:
        next(pool.read(sources[0], print)[1])
    assert started
    assert all(process.poll() is not None for process in started)


@on_linux
def test_a_file_that_became_a_bomb_keeps_its_documents(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    pages(folder)
    indexer = Indexer(tmp_path / "i", HashEncoder(dim=16))
    assert indexer.sync([folder]).added == 5
    (folder / "2.html").write_text(DEEP_PAGE)
    (folder / "5.html").write_text("<p>A new page</p>")
    for added in (1, 0):
        report = indexer.sync([folder], ScanOptions(max_file_seconds=0.05))
        assert (report.added, report.deleted, report.kept, report.documents) == (added, 0, 1, 6)
        assert "2.html: too costly" in report.unread.lines()[1]


@pytest.mark.parametrize("option", [{"max_file_memory": 0}, {"max_file_seconds": 0.0}])
def test_limits_that_cannot_work_are_refused(option):
    with pytest.raises(ConfigError):
        ScanOptions(**option)


BOMB = """
import os, sys
from pathlib import Path
from colmodern.corpus import ScanOptions
from fuzz.campaigns.bombs import BOMBS, bomb_cost, write_bomb
folder, scale = Path(sys.argv[1]), 5
options = ScanOptions(max_file_bytes=3 << 20, max_file_memory=150 << 20, max_file_seconds=3.0)
for name in sys.argv[2:]:
    write_bomb(name, folder / name, scale)
found, grown = {}, 0
for name in sys.argv[2:]:
    found[name], more = bomb_cost(folder / name, options)
    grown += more
print(found, grown >> 20, sep="\\n")
"""
CAME_TO = {
    "docx deep": "empty", "docx runs": "empty", "pdf pages": "too costly", "pdf streams": "broken",
    "html deep": "empty", "notebook": "broken", "csv": "3 3 too large", "csv gz": "3 3 too large",
    "jsonl": "3 3 too large", "jsonl gz": "3 3 too large", "txt": "too large",
    "parquet": "5 too large",
}  # fmt: skip


@on_linux
def test_a_bomb_costs_its_file_and_the_parent_does_not_grow(tmp_path):
    command = [sys.executable, "-c", BOMB, str(tmp_path), *CAME_TO]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, grown = done.stdout.splitlines()
    assert int(grown) < 16
    found = ast.literal_eval(found)
    assert all(files.pop("sound.html").isdigit() for files in found.values())
    # Where memory is short in another way, or the processor is slow, a bomb is too costly as well.
    for name, files in found.items():
        (came_to,) = files.values()
        assert came_to in {CAME_TO[name], "too costly"}, name


def test_all_files_are_read_before_anything_is_encoded(tmp_path, monkeypatch):
    steps = []

    class Encoder(HashEncoder):
        def encode_documents(self, texts):
            steps.extend("encoded" for _ in texts)
            return super().encode_documents(texts)

    read = ExtractionPool.read
    monkeypatch.setattr(
        ExtractionPool, "read", lambda *asked: (steps.append("read"), read(*asked))[1]
    )
    folder = tmp_path / "corpus"
    folder.mkdir()
    pages(folder)
    Indexer(tmp_path / "index", Encoder()).sync([folder])
    assert steps == ["read"] * 5 + ["encoded"] * 5
