"""Commands in a cron job wait their turn, end in order when told to, and are read by programs."""

import json
import logging
import os
import signal
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from colmodern import HashEncoder, Indexer, distill, encoder
from colmodern.cli import jobs
from colmodern.cli.app import app
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.printing import progress, terminal
from colmodern.errors import IndexLockedError
from colmodern.indexer import transaction, when_free
from colmodern.indexer.maintenance import delete
from colmodern.storage import IndexReader, IndexWriter, read_pending


@pytest.fixture(autouse=True)
def plain(monkeypatch, tmp_path):
    monkeypatch.setattr(encoder, "load_encoder", lambda *_, **__: HashEncoder(dim=16))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(terminal, "_log_format", terminal.LogFormat.TEXT)
    # A program that was started in the background ignores SIGINT, and so do its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"words of {number}")
    return folder


@pytest.fixture
def index(folder):
    Indexer(folder / ".colmodern", HashEncoder(dim=16)).sync([folder])
    return folder / ".colmodern"


@pytest.fixture(autouse=True)
def heeds_a_closed_terminal():
    """Heed SIGHUP, which whoever started the tests may have had ignored."""
    if sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def test_a_change_waits_until_the_other_writer_is_done(index):
    said = []
    with IndexWriter.open(index) as writer:

        def waiting(sentence):
            said.append(sentence)
            writer.close()

        assert when_free(partial(delete, index, ["0.txt"]), 600, waiting=waiting) == []
    assert len(said) == 1
    assert "Waiting for it, 600 s at most" in said[0]
    assert IndexReader.open(index).manifest.n_documents == 5


@pytest.mark.parametrize("command", ["index", "delete", "compact"])
def test_a_lock_that_is_not_let_go_is_an_error_after_the_wait(folder, index, command):
    words = {"index": [folder], "delete": ["0.txt"], "compact": []}[command]
    with IndexWriter.open(index):
        for wait in ("0", "0.05"):
            done = run(command, *words, "--index", index, "--wait", wait)
            assert isinstance(done.exception, IndexLockedError)
            assert ("Waiting for it" in done.stderr) == (wait != "0")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("SIGTERM", ExitStatus.TERMINATED),
        ("SIGHUP", ExitStatus.HUNG_UP),
        ("SIGINT", ExitStatus.INTERRUPTED),
    ],
)
def test_a_signal_keeps_what_is_done_and_says_how_to_go_on(
    tmp_path, folder, monkeypatch, number, status
):
    class Interrupted(HashEncoder):
        n_texts = 0

        def encode_documents(self, texts):
            before = Interrupted.n_texts
            Interrupted.n_texts += len(texts)
            if before <= 3 < Interrupted.n_texts:  # once: a second one ends the process of the test
                os.kill(os.getpid(), getattr(signal, number))
            return super().encode_documents(texts)

    monkeypatch.setattr(transaction, "PART_SECONDS", 0.0)
    monkeypatch.setattr("colmodern.indexer.sources.encoding._BATCH_DOCUMENTS", 1)
    monkeypatch.setattr(encoder, "load_encoder", lambda *_, **__: Interrupted(dim=16))
    path = tmp_path / "i"
    Indexer(path, HashEncoder(dim=16)).build([("by-hand", "something else")])
    before = signal.getsignal(signal.SIGTERM)
    done = run("index", folder, "--index", path)
    assert done.exit_code == status
    pending = read_pending(path)
    n_done = 0 if pending is None else pending.n_documents
    assert "the same command goes on from here" in done.stderr
    assert f"{n_done:,} documents of the change are done" in done.stderr or not n_done
    assert signal.getsignal(signal.SIGTERM) is before
    monkeypatch.setattr(encoder, "load_encoder", lambda *_, **__: HashEncoder(dim=16))
    again = run("index", folder, "--index", path, "--format", "json")
    assert again.exit_code == ExitStatus.DONE
    assert json.loads(again.stdout)["continued"] == n_done
    assert IndexReader.open(path).manifest.n_documents == 7


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_says_that_distill_goes_on(tmp_path, monkeypatch, name):
    number = getattr(signal, name)
    monkeypatch.setattr(distill, "Recipe", SimpleNamespace(load=lambda name: name))
    monkeypatch.setattr(distill, "distill", lambda *_, **__: os.kill(os.getpid(), number))
    done = run("distill", "recipe", "--data", tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 128 + number
    assert f"are kept in {tmp_path / 'out'}" in done.stderr
    assert "the same command goes on from here" in done.stderr


def test_a_part_is_sealed_by_time_too(tmp_path, monkeypatch):
    class Broken(HashEncoder):
        def encode_documents(self, texts):
            if "last" in texts:
                raise RuntimeError("interrupted")
            return super().encode_documents(texts)

    monkeypatch.setattr(transaction, "PART_SECONDS", 0.0)
    monkeypatch.setattr("colmodern.indexer.sources.encoding._BATCH_DOCUMENTS", 1)
    path = tmp_path / "i"
    Indexer(path, HashEncoder(dim=16)).build([("by-hand", "something else")])
    with pytest.raises(RuntimeError):
        Indexer(path, Broken(dim=16)).update([("a", "first"), ("b", "second"), ("c", "last")])
    assert read_pending(path).n_documents == 2


def test_what_is_said_can_be_json(folder):
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 broken")
    for words in (["--log-format", "json", "index", folder], ["index", folder]):
        more = ["--log-format", "json"] if words[0] == "index" else []
        (folder / "bad.pdf").write_bytes(f"%PDF-1.4 broken {len(words)}".encode())
        done = run(*words, *more, "--format", "json")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert any("bad.pdf" in line["message"] for line in lines)
        assert all({"time", "level", "message"} <= line.keys() for line in lines)
        assert json.loads(done.stdout)["documents"] == 6


def test_what_failed_is_told_in_json_with_its_traceback():
    terminal.use_log_format(terminal.LogFormat.JSON)
    try:
        json.loads("inside")
    except ValueError:
        failed = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "", 0, "request %s failed", ("1",), failed)
    line = json.loads(terminal._VisibleFormatter().format(record))
    assert line["message"] == "request 1 failed"
    assert line["traceback"].startswith("Traceback ")
    assert "json.loads" in line["traceback"]


def test_without_a_terminal_progress_is_a_line_every_thirty_seconds(capsys):
    now = [0.0]
    tell = progress.ProgressLines(lambda: now[0])
    for now[0] in (0.0, 29.0, 30.0, 31.0, 61.0):
        tell("encoding (characters)", int(now[0]), 100)
    terminal.use_log_format(terminal.LogFormat.JSON)
    now[0] = 99.0
    tell("encoding (characters)", 99, 0)
    *text, line = capsys.readouterr().err.splitlines()
    assert text == [
        "encoding (characters): 100 in all, 1 a second; about 71 s",
        "encoding (characters): 30 of 100 (30%), about 70 s left",
        "encoding (characters): 61 of 100 (61%), about 39 s left",
    ]
    assert json.loads(line).items() >= {"stage": "encoding (characters)", "done": 99}.items()


def test_what_takes_long_is_told_once_its_rate_is_known(capsys):
    now = [0.0]
    tell = progress.ProgressLines(lambda: now[0])
    # A build that goes on: what an attempt before this one did took another time.
    for now[0], done in ((0.0, 400_000), (1.0, 450_000), (3.0, 490_000), (4.0, 520_000)):
        tell("encoding (characters)", done, 400_000_000)
    # Short work is not worth a line.
    for now[0], done in ((4.0, 0), (7.0, 50), (8.0, 90)):
        tell("reading", done, 100)

    assert capsys.readouterr().err.splitlines() == [
        "encoding (characters): 400,000,000 in all, 30,000 a second; about 3 h 42 min"
    ]


def test_the_index_is_named_where_nobody_named_it(folder, index, tmp_path, monkeypatch):
    for words in (["--index", index], ["--index", folder]):
        done = run("search", "words", "--format", "tsv", *words)
        assert done.exit_code == ExitStatus.DONE
        assert "the one used last" not in done.stderr
    monkeypatch.chdir(folder)
    assert "the one used last" not in run("search", "words").stderr
    monkeypatch.chdir(tmp_path)
    assert f"index: {index}, the one used last" in run("search", "words").stderr
    (folder / "new.txt").write_text("words")
    assert run("index", folder, "--index", folder).exit_code == ExitStatus.DONE
    assert IndexReader.open(index).manifest.n_documents == 7


def test_the_last_index_is_named_where_it_lies_above_but_is_not_the_nearest(
    folder, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere.cmi"
    assert run("index", folder, "--index", elsewhere).exit_code == ExitStatus.DONE
    monkeypatch.chdir(folder)
    assert f"index: {elsewhere}, the one used last" in run("search", "words").stderr


def test_an_index_that_lost_its_manifest_is_found_and_mended(folder, index, tmp_path, monkeypatch):
    other = tmp_path / "other.cmi"
    (folder / "new.txt").write_text("words")
    assert run("index", folder).exit_code == ExitStatus.DONE
    assert run("index", folder, "--index", other).exit_code == ExitStatus.DONE
    (index / "manifest.json").unlink()
    monkeypatch.chdir(folder)
    for words in ((), ("--index", folder)):
        assert "manifest.json is damaged: it is missing" in run("verify", *words).stderr
    assert run("repair", "--index", folder).exit_code == ExitStatus.DONE
    assert IndexReader.open(index).manifest.n_documents == 7


@pytest.mark.skipif(sys.platform == "win32", reason="a standard error that is closed")
def test_a_job_without_standard_error_is_done(folder, tmp_path):
    command = f"{sys.executable} -m colmodern index {folder} 2>&-"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == ExitStatus.DONE
    assert "documents  6" in done.stdout


def test_sigterm_is_told_apart_where_a_library_makes_an_interrupt_of_it(capsys):
    def watch_files():
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None

    with pytest.raises(typer.Exit) as ended, jobs.ends_well(lambda: "all is kept"):
        watch_files()
    assert ended.value.exit_code == ExitStatus.TERMINATED
    assert capsys.readouterr().err.startswith("terminated: all is kept")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_closed_terminal_does_not_end_a_job_under_nohup():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with jobs.ends_well(lambda: "all is kept"):
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_job_whose_terminal_is_gone_ends_with_its_status(monkeypatch):
    def gone(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(jobs, "note", gone)
    with pytest.raises(typer.Exit) as ended, jobs.ends_well(lambda: "all is kept"):
        signal.raise_signal(signal.SIGHUP)
    assert ended.value.exit_code == ExitStatus.HUNG_UP
