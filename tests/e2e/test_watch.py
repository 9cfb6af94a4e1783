"""Status says what changed and changes nothing; a watch follows the files beside searches."""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.corpus import ScanOptions
from colmodern.errors import IndexLockedError, IndexNotFoundError, InputError, MissingExtraError
from colmodern.indexer import Embeddings, status, watch
from colmodern.storage import IndexReader, IndexWriter, verify


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("keep", "change", "remove"):
        (folder / f"{name}.txt").write_text(f"words to {name}")
    (folder / "left.out").write_bytes(bytes(9))
    (folder / "draft.md").write_text("excluded")
    return folder


@pytest.fixture
def index(folder):
    path = folder / ".colmodern"
    Indexer(path, HashEncoder(dim=16)).sync([folder], ScanOptions(exclude=("draft*",)))
    return path


def names(paths):
    return [Path(path).name for path in paths]


def snapshot(path):
    return {
        str(p): (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else None)
        for p in sorted(path.rglob("*"))
    }


def change_files(folder):
    (folder / "new.txt").write_text("words that are new")
    (folder / "change.txt").write_text("words that have changed")
    (folder / "remove.txt").unlink()


def test_status_says_what_changed_and_changes_nothing(folder, index):
    found = status(index)
    assert found.is_current
    assert found.unchanged == 3, "options are those of the index before"
    change_files(folder)
    before = snapshot(index)
    found = status(index)
    assert names(found.added) == ["new.txt"]
    assert names(found.changed) == ["change.txt"]
    assert names(found.removed) == ["remove.txt"]
    assert (found.unchanged, found.is_current) == (1, False)
    assert snapshot(index) == before
    report = Indexer(index, HashEncoder(dim=16)).sync([folder], ScanOptions(exclude=("draft*",)))
    assert (report.added, report.updated, report.deleted) == (1, 1, 1)
    assert status(index).is_current


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_a_root_under_another_name_is_the_same_root(tmp_path, folder, index):
    (tmp_path / "link").symlink_to(folder)
    Indexer(index, HashEncoder(dim=16)).sync([tmp_path / "link"])
    assert names(status(index).roots) == ["corpus"]
    assert status(index).is_current
    assert status(index).unchanged == 4


def test_a_touched_file_is_no_change(folder, index):
    os.utime(folder / "keep.txt", ns=(0, 1))
    assert status(index).is_current


def test_every_root_is_looked_at_with_its_own_options(tmp_path, folder, index):
    other = tmp_path / "other"
    other.mkdir()
    (other / "rows.csv").write_text("key,body\na,words\n")
    options = ScanOptions(text_field="body", id_field="key")
    indexer = Indexer(index, HashEncoder(dim=16))
    indexer.sync([other], options)
    indexer.retrain()
    assert status(index).is_current
    assert status(index).unchanged == 4
    (other / "rows.csv").unlink()
    assert names(status(index, prune=True).removed) == ["rows.csv"]
    assert names(status(index).unreadable) == ["rows.csv"], "no file there: is it not mounted?"
    other.rmdir()
    found = status(index)
    assert (names(found.missing_roots), found.removed) == (["other"], ())
    with pytest.raises(InputError):
        status(index, [other])


def test_an_index_of_documents_without_files_is_current(tmp_path):
    Indexer(tmp_path / "i", HashEncoder(dim=16)).build([("a", "words")])
    assert status(tmp_path / "i").is_current
    assert status(tmp_path / "i").roots == ()
    with pytest.raises(IndexNotFoundError):
        status(tmp_path / "nowhere")


def test_an_index_that_remembers_no_scan_is_looked_at_with_the_defaults(folder, index):
    with IndexWriter.open(index) as writer:
        writer.set_option("scans", "nonsense")
        writer.delete(["keep.txt"])
        writer.commit()
    assert names(status(index).added) == ["draft.md"]


def run(*words, **more):
    return subprocess.run(
        [sys.executable, "-m", "colmodern", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=600, **more,
    )  # fmt: skip


def test_status_on_the_command_line(folder, index):
    done = run("status", "--index", index, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["current"] is True
    change_files(folder)
    found = json.loads(run("status", "--index", index, "--format", "json").stdout)
    assert names(found["added"] + found["changed"] + found["removed"]) == [
        "new.txt", "change.txt", "remove.txt",
    ]  # fmt: skip
    lines = run("status", "--index", index, "--format", "tsv").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["added", "changed", "removed"]
    shown = run("status", "--index", index).stdout
    assert "1 added, 1 changed, 1 removed, 1 unchanged" in shown
    missing = run("status", "--index", folder / "nowhere")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "Traceback" not in missing.stderr


class Named(HashEncoder):
    """What nobody can load here."""

    name = "/nowhere/model"


class Older(HashEncoder):
    """What had the same name in a version before."""

    fingerprint = "0" * 64


def test_status_tells_an_index_whose_model_is_another_one_now(folder):
    index = folder / ".colmodern"
    Indexer(index, Older(dim=16)).sync([folder])
    found = status(index)
    assert (found.encoder_state, found.is_current, found.is_in_doubt) == ("other", False, False)
    assert status(index, encoder=Older(dim=16)).is_current
    done = run("status", "--index", index)
    assert done.returncode == 0, "index would do it"
    assert "other encoder" in done.stdout
    assert "colmodern compact --retrain" in done.stderr
    told = json.loads(run("status", "--index", index, "--format", "json").stdout)
    assert (told["current"], told["encoder"], told["encoder_state"]) == (
        False, "hash:16:0", "other",
    )  # fmt: skip
    lines = run("status", "--index", index, "--format", "tsv").stdout.splitlines()
    assert lines == ["other_encoder\thash:16:0"]
    assert run("index", folder, "--model", "hash:16:0", "--index", index).returncode == 0
    assert (status(index).encoder_state, status(index).is_current) == ("same", True)


def test_status_tells_an_index_that_no_model_here_goes_on_with(folder, tmp_path):
    index = folder / ".colmodern"
    Indexer(index, Named(dim=16)).sync([folder])
    done = run("status", "--index", index, "--format", "tsv")
    assert (done.returncode, done.stdout) == (3, f"missing_encoder\t{Named.name}\n")
    assert "colmodern doctor" in done.stderr


def test_status_of_an_index_of_ready_vectors(tmp_path):
    matrices = [one.vectors for one in HashEncoder(dim=16).encode_documents(["words"])]
    for name, encoder, state in (("a", None, None), ("b", Older(dim=16), "other")):
        ready = Embeddings.from_matrices(matrices, ids=["a"], texts=["words"])
        Indexer(tmp_path / name, encoder).build_from_embeddings(ready)
        found = status(tmp_path / name)
        assert (found.encoder_state, found.is_current) == (state, state is None)
    done = run("status", "--index", tmp_path / "b")
    assert done.returncode == 0, "it is of no files"
    assert "1 documents came with their vectors" in done.stderr


def wait_for(condition, seconds=600):
    """Wait until something is so; the bound only ends a test that would never end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def found_by(path, word):
    with Searcher.open(path) as searcher:
        return set(searcher.search(word, mode="bm25").doc_ids)


# A shell that starts the tests in the background makes their processes ignore Ctrl-C.
HEEDING = """
import signal
from colmodern.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C of another process")
def test_a_watch_follows_files_and_ends_with_ctrl_c(folder, tmp_path):
    pytest.importorskip("watchfiles")
    path, log = folder / ".colmodern", tmp_path / "reports"
    printed = log.open("w")
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDING, "index", str(folder), "--watch", "--format", "json"],
        stdout=printed, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert wait_for((path / "manifest.json").exists), process.poll()
        with Searcher.open(path) as early:
            (folder / "new.md").write_text("a walrus arrives")
            assert wait_for(lambda: found_by(path, "walrus") == {"new.md"})
            (folder / "new.md").write_text("a pelican took its place")
            assert wait_for(lambda: found_by(path, "pelican") == {"new.md"})
            assert found_by(path, "walrus") == set()
            (folder / "new.md").unlink()
            assert wait_for(lambda: found_by(path, "pelican") == set())
            assert len(early.search("words", mode="bm25")) == 3, "a snapshot stays what it was"
        assert wait_for(lambda: log.read_text().count("\n") >= 4), "a report each when it happened"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
    finally:
        process.kill()
        process.communicate()
        printed.close()
    assert process.returncode in {0, 130}
    assert "Traceback" not in err
    reports = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(reports) >= 4, "the first build and three updates, each when it happened"
    assert verify(path) == []
    with IndexWriter.open(path):
        pass  # the lock is free


def test_a_watch_waits_for_another_writer_and_then_catches_up(folder, index):
    pytest.importorskip("watchfiles")
    reports, problems, stop = [], [], threading.Event()
    indexer = Indexer(index, HashEncoder(dim=16))
    options = ScanOptions(exclude=("draft*",))
    thread = threading.Thread(
        target=watch,
        args=(indexer, [folder], options),
        kwargs={"report": reports.append, "problem": problems.append, "stop": stop},
    )
    change_files(folder)  # before the watch begins: found all the same
    with IndexWriter.open(index):
        thread.start()
        try:
            assert wait_for(lambda: problems)
        finally:
            if not problems:
                stop.set()
    try:
        assert wait_for(lambda: reports)
        assert (reports[0].added, reports[0].updated, reports[0].deleted) == (1, 1, 1)
        generation = IndexReader.open(index).manifest.generation
        (folder / "ignored.bin").write_bytes(b"\0")
        time.sleep(2.5)
        assert len(reports) == len(problems) == 1, "what is no document makes no commit"
        assert IndexReader.open(index).manifest.generation == generation
    finally:
        stop.set()
        thread.join(600)
    assert not thread.is_alive()


def test_without_watchfiles_the_extra_is_named(folder, index, monkeypatch):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r"colmodern\[watch\]"):
        watch(Indexer(index), [folder], report=print, problem=print)


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_a_watch_follows_the_folder_that_took_the_place_of_another(folder, tmp_path):
    pytest.importorskip("watchfiles")
    path, root, stop = tmp_path / "index", tmp_path / "current", threading.Event()
    root.symlink_to(folder)
    indexer = Indexer(path, HashEncoder(dim=16))
    indexer.sync([root])
    other = tmp_path / "other"
    other.mkdir()
    for name in ("keep", "change", "remove"):
        (other / f"{name}.txt").write_text(f"words to {name}")
    (other / "walrus.md").write_text("a walrus arrives")
    thread = threading.Thread(
        target=watch,
        args=(indexer, [root]),
        kwargs={"report": lambda _: None, "problem": print, "stop": stop, "prune": True},
    )
    thread.start()
    try:
        (folder / "pelican.md").write_text("a pelican arrives")
        assert wait_for(lambda: found_by(path, "pelican") == {"pelican.md"})
        (tmp_path / "next").symlink_to(other)
        (tmp_path / "next").replace(root)
        assert wait_for(lambda: found_by(path, "walrus") == {"walrus.md"})
        (other / "below").mkdir()
        (other / "below" / "heron.md").write_text("a heron arrives")
        assert wait_for(lambda: found_by(path, "heron") == {"below/heron.md"})
    finally:
        stop.set()
        thread.join(600)
    assert not thread.is_alive()


@pytest.mark.parametrize("is_relative", [False, True])
def test_a_watch_follows_a_folder_that_was_made_again_with_the_same_number(
    tmp_path, monkeypatch, is_relative
):
    pytest.importorskip("watchfiles")
    watching = importlib.import_module("colmodern.indexer.watch")
    monkeypatch.chdir(tmp_path)
    place, stop, is_begun, told = tmp_path / "texts", threading.Event(), threading.Event(), []
    place.mkdir()
    # As where the number of a removed folder is given to the next one at once.
    monkeypatch.setattr(watching, "_identities", lambda places: [(1, 1) for _ in places])

    def look():
        where = {place.relative_to(tmp_path) if is_relative else place}
        for has_changed in watching._changes(where, lambda _: True, stop):
            told.append(has_changed)
            is_begun.set()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        assert is_begun.wait(600)
        place.rmdir()
        place.mkdir()
        assert wait_for(lambda: told[-2:] == [False, False] and True in told[1:])
        before = len(told)
        (place / "heron.md").write_text("a heron arrives")
        assert wait_for(lambda: True in told[before:], seconds=30)
    finally:
        stop.set()
        thread.join(600)


def test_a_watch_ends_where_its_folder_is_gone(folder, tmp_path):
    pytest.importorskip("watchfiles")
    indexer = Indexer(tmp_path / "index", HashEncoder(dim=16))
    indexer.sync([folder])
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError):
        watch(indexer, [folder], report=print, problem=print)


def test_a_watch_of_a_gone_folder_waits_for_another_writer_with_pauses(
    folder, tmp_path, monkeypatch
):
    pytest.importorskip("watchfiles")
    indexer = Indexer(tmp_path / "index", HashEncoder(dim=16))
    indexer.sync([folder])
    folder.rename(tmp_path / "elsewhere")
    looked, stop = [], threading.Event()

    def locked(*_, **__):
        looked.append(time.monotonic())
        if len(looked) == 4:
            stop.set()
        raise IndexLockedError("Another process writes.", path=indexer.path)

    module = importlib.import_module("colmodern.indexer.watch")
    monkeypatch.setattr(module, "TICK_MS", 100)
    monkeypatch.setattr(module, "status", locked)
    watch(indexer, [folder], report=print, problem=print, stop=stop)
    assert looked[-1] - looked[0] > 0.29
