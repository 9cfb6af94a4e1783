"""A job that runs alone at night: nothing is deleted because it could not be read."""

import errno
import gzip
import io
import json
import os
import re
import shutil
import sys

import pytest
from typer.testing import CliRunner

from colmodern import HashEncoder, Indexer, encoder
from colmodern.cli.app import app
from colmodern.cli.exit_status import ExitStatus
from colmodern.corpus import ScanOptions
from colmodern.corpus.extraction import streams
from colmodern.errors import CODES, InputError
from colmodern.indexer import status
from colmodern.storage import IndexReader


@pytest.fixture(autouse=True)
def plain_encoder(monkeypatch, tmp_path):
    monkeypatch.setattr(encoder, "load_encoder", lambda *_, **__: HashEncoder(dim=16))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def corpus(tmp_path):
    """Return two documents of text, a page and three rows."""
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a file about glaciers")
    (folder / "sub" / "b.txt").write_text("a file about rivers")
    (folder / "page.html").write_text("<h1>Lakes</h1><p>A page about lakes.</p>")
    write_rows(folder / "rows.jsonl", {"r1": "apples", "r2": "pears", "r3": "plums"})
    return folder


def write_rows(path, texts, field="text"):
    path.write_text("".join(json.dumps({"_id": k, field: v}) + "\n" for k, v in texts.items()))


STAYED = re.compile("documents stay as they were|document stays as it was")
EVERYTHING = {"a.txt", "sub/b.txt", "page.html", "r1", "r2", "r3"}


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def index(folder, *options):
    return run("index", folder, "--index", folder.parent / "i", *options)


def ids(folder):
    with IndexReader.open(folder.parent / "i") as reader:
        return set(reader.content_hashes())


def rename_the_field(folder):
    write_rows(folder / "rows.jsonl", {"r1": "apples", "r2": "pears", "r4": "figs"}, "body")


def unmount(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def break_the_page(folder):
    (folder / "page.html").write_bytes(b"\0\1\2" * 99)


def empty_a_file(folder):
    (folder / "a.txt").write_bytes(b"")


def link_the_folder(folder):
    (folder / "sub").rename(folder.parent / "moved")
    (folder / "sub").symlink_to(folder.parent / "moved")


def spoil_a_row(folder):
    (folder / "rows.jsonl").write_text('{"_id": "r1", "text": "apples"}\n{"_id": "r2"}\n{"_id')


def change_a_row_and_spoil_the_others(folder):
    (folder / "rows.jsonl").write_text('{"_id": "r1", "text": "red apples"}\n{"_id": "r2"}\n')


def cut_all_rows(folder):
    (folder / "rows.jsonl").write_text("\n \n")


def blank_all_rows(folder):
    write_rows(folder / "rows.jsonl", {"r1": "", "r2": " ", "r3": "\n"})


def put_an_empty_folder_in_its_place(folder):
    (folder / "a.txt").unlink()
    (folder / "a.txt").mkdir()


def spoil_the_rules(folder):
    (folder / "sub" / ".gitignore").write_bytes(b"\0" * 64)


def grow(folder):
    (folder / "a.txt").write_bytes(b"words " * 20_000_000)


def unmount_a_folder(folder):
    (folder / "sub" / "b.txt").unlink()


ATTACKS = [
    rename_the_field,
    unmount,
    unmount_a_folder,
    break_the_page,
    empty_a_file,
    spoil_a_row,
    change_a_row_and_spoil_the_others,
    cut_all_rows,
    blank_all_rows,
    put_an_empty_folder_in_its_place,
    spoil_the_rules,
    grow,
]
if sys.platform != "win32":
    ATTACKS.append(link_the_folder)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_cannot_be_read_keeps_its_documents(corpus, attack):
    assert index(corpus).exit_code == ExitStatus.DONE
    assert ids(corpus) == EVERYTHING
    attack(corpus)
    foreseen = run("status", "--index", corpus.parent / "i")
    assert foreseen.exit_code == ExitStatus.PARTLY
    assert STAYED.search(foreseen.output)
    assert "\n  and " not in foreseen.stderr, "each file is named, or its folder"
    for _ in range(2):
        done = index(corpus)
        assert done.exit_code == ExitStatus.PARTLY, done.output
        assert STAYED.search(done.output)
        assert str(corpus) in done.stderr, "the file is named"
        assert ids(corpus) == EVERYTHING


def test_a_root_that_is_gone_is_an_error_and_keeps_its_documents(corpus):
    index(corpus)
    corpus.rename(corpus.parent / "elsewhere")
    with pytest.raises(InputError, match="no file or folder"):
        Indexer(corpus.parent / "i", HashEncoder(dim=16)).sync([corpus])
    assert run("status", "--index", corpus.parent / "i").exit_code == ExitStatus.PARTLY
    assert ids(corpus) == EVERYTHING


def test_what_is_mended_is_taken_again(corpus):
    index(corpus)
    rename_the_field(corpus)
    index(corpus)
    write_rows(corpus / "rows.jsonl", {"r1": "apples", "r4": "figs"})
    done = index(corpus, "--format", "json")
    assert done.exit_code == ExitStatus.DONE
    report = json.loads(done.stdout)
    assert (report["added"], report["deleted"], report["kept"]) == (1, 2, 0)
    assert ids(corpus) == EVERYTHING - {"r2", "r3"} | {"r4"}


def test_rows_before_a_break_are_taken_and_those_behind_it_stay(tmp_path):
    path, indexer = tmp_path / "rows.jsonl.gz", Indexer(tmp_path / "i", HashEncoder(dim=16))
    lines = [json.dumps({"_id": str(i), "text": f"{os.urandom(30_000).hex()}"}) for i in range(40)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    indexer.sync([path])
    lines[0] = json.dumps({"_id": "0", "text": "another text"})
    whole = gzip.compress("\n".join(lines).encode())
    path.write_bytes(whole[: 3 * len(whole) // 4])
    report = indexer.sync([path])
    assert (report.updated, report.deleted, report.documents) == (1, 0, 40)
    assert 0 < report.kept < 40
    assert "gzip" in report.unread.lines()[1]
    path.write_bytes(whole)
    report = indexer.sync([path])
    assert (report.updated, report.kept, report.unchanged) == (0, 0, 40)


def test_a_new_file_of_rows_that_breaks_off_for_now_is_read_again(corpus, monkeypatch):
    class Failing(io.FileIO):
        def readinto(self, buffer):
            if self.tell() > 20_000:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().readinto(buffer)

    path = corpus / "many.jsonl"
    write_rows(path, {f"m{i}": f"row {i} of many" for i in range(2000)})
    for file in (path, *corpus.glob("*.txt")):
        os.utime(file, (10**9, 10**9))  # not so young that it is read again
    for _ in range(2):
        with monkeypatch.context() as broken:
            broken.setattr(streams, "SAMPLE_BYTES", 1000)
            broken.setattr(
                streams, "opened", lambda one: io.BufferedReader(Failing(one.path), 1024)
            )
            assert "many.jsonl: unreadable (input/output error)" in index(corpus).stderr
        assert 0 < len(ids(corpus) - EVERYTHING) < 2000
    assert index(corpus).exit_code == ExitStatus.DONE
    assert len(ids(corpus) - EVERYTHING) == 2000


def test_a_csv_file_that_ends_inside_a_quotation_mark_keeps_its_documents(corpus):
    head, path = "_id,title,text\nc0,t,zero\n", corpus / "rows.csv"
    path.write_text(head + 'c1,t,"hello"\nc2,t,two\n')
    index(corpus)
    with IndexReader.open(corpus.parent / "i") as reader:
        before = reader.content_hashes()
    path.write_text(head + 'c1,t,"he')
    done = index(corpus)
    assert done.exit_code == ExitStatus.PARTLY
    assert f"{path}, row 2: broken (line 3: the file ends inside a quotation mark)" in done.stderr
    with IndexReader.open(corpus.parent / "i") as reader:
        assert reader.content_hashes() == before


@pytest.mark.parametrize(
    ("name", "whole", "cut", "told"),
    [
        ("rows.csv", "_id,title,text\nc1,t,one\n", "_id,title,text\n", "empty (no row has a text"),
        (
            "rows.csv",
            "_id,title,text\nc1,t,one\n",
            "_id,title,text\nc1,th",
            "row 1: broken (line 2",
        ),
        ("rows.tsv", "_id\ttitle\ttext\nc1\tt\tone\n", "_id\ttitle\ttext\nc1\tt", "row 1: broken"),
    ],
)
def test_a_table_that_is_cut_short_keeps_its_documents(corpus, name, whole, cut, told):
    (corpus / name).write_text(whole)
    index(corpus)
    with IndexReader.open(corpus.parent / "i") as reader:
        before = reader.content_hashes()
    assert "c1" in before
    (corpus / name).write_text(cut)
    done = index(corpus)
    assert done.exit_code == ExitStatus.PARTLY
    assert told in done.stderr
    with IndexReader.open(corpus.parent / "i") as reader:
        assert reader.content_hashes() == before


@pytest.mark.parametrize("n_rows", [5, 30])
def test_rows_that_lose_their_ids_are_named_and_count_as_deletions(tmp_path, n_rows):
    folder = tmp_path / "corpus"
    folder.mkdir()
    write_rows(folder / "rows.jsonl", {f"r{i}": f"words {i}" for i in range(n_rows)})
    assert "lost their ids" not in index(folder).stderr
    before = ids(folder)
    path = folder / "rows.jsonl"
    path.write_text(path.read_text().replace("_id", "key"))
    told = f"{path}: rows lost their ids (none has an id in the field '_id' now"
    if n_rows == 30:
        with pytest.raises(InputError, match="30 of 30 documents would be deleted") as found:
            Indexer(folder.parent / "i", HashEncoder(dim=16)).sync([folder])
        assert found.value.code == "many_deletions"
        assert told in str(found.value)
        assert ids(folder) == before
    done = index(folder, "--prune", "--format", "json")
    assert done.exit_code == ExitStatus.DONE
    assert told in done.stderr
    report = json.loads(done.stdout)
    assert (report["added"], report["deleted"]) == (n_rows, n_rows)
    path.write_text(path.read_text() + json.dumps({"text": "more"}) + "\n")
    assert "lost their ids" not in index(folder).stderr


def test_an_id_that_stays_is_not_given_to_another_file(corpus):
    index(corpus)
    rename_the_field(corpus)
    write_rows(corpus / "early.jsonl", {"r1": "other apples"})
    index(corpus)
    assert ids(corpus) == EVERYTHING | {"early.jsonl#1"}


def test_what_is_excluded_on_purpose_goes_and_is_told(corpus):
    index(corpus)
    done = index(corpus, "--exclude", "*.html")
    assert done.exit_code == ExitStatus.DONE
    assert "1 of the deleted documents are left out by a rule now" in done.stderr
    assert ids(corpus) == EVERYTHING - {"page.html"}


@pytest.fixture
def many(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    write_rows(folder / "rows.jsonl", {f"r{i}": f"words {i}" for i in range(300)})
    for number in range(30):
        (folder / f"{number}.txt").write_text(f"words of {number}")
    index(folder)
    return folder


@pytest.mark.parametrize("rule", ["gone", "rows", "excluded"])
def test_a_tenth_of_an_index_is_not_deleted_unasked(many, rule):
    before = ids(many)
    options = ScanOptions(exclude=("rows*",) if rule == "excluded" else ())
    if rule == "rows":
        write_rows(many / "rows.jsonl", {"r1": "words 1"})
    elif rule == "gone":
        (many / "rows.jsonl").unlink()
    indexer = Indexer(many.parent / "i", HashEncoder(dim=16))
    with pytest.raises(InputError, match=r"of 330 documents would be deleted.*--prune") as found:
        indexer.sync([many], options)
    assert found.value.code == "many_deletions"
    assert "r10" in str(found.value)
    assert ids(many) == before
    assert status(many.parent / "i", [many], options).needs_prune
    report = indexer.sync([many], options, prune=True)
    assert report.deleted == found.value.value == len(before) - report.documents


def test_twenty_documents_may_go_and_a_tenth(many):
    for number in range(20):
        (many / f"{number}.txt").unlink()
    assert index(many).exit_code == ExitStatus.DONE
    assert len(ids(many)) == 310


def test_an_emptied_folder_is_believed_when_it_is_said(corpus):
    index(corpus)
    unmount(corpus)
    (corpus / ".hidden").write_text("what lies below a mount point")
    assert index(corpus).exit_code == ExitStatus.PARTLY
    done = index(corpus, "--prune")
    assert done.exit_code == ExitStatus.NOTHING
    assert "nothing was indexed: what there is was left out: 1 hidden" in done.stderr
    assert ids(corpus) == set()


@pytest.mark.parametrize("end", ["folder removed", "--prune", "another file"])
def test_a_folder_below_that_holds_nothing_keeps_what_was_deeper_in_it(corpus, end):
    deep = corpus / "sub" / "deep"
    deep.mkdir()
    (deep / "c.txt").write_text("a file about seas")
    index(corpus)
    shutil.rmtree(deep)
    (corpus / "sub" / "b.txt").unlink()
    done = index(corpus)
    assert done.exit_code == ExitStatus.PARTLY
    assert str(corpus / "sub") in done.stderr
    assert ids(corpus) == EVERYTHING | {"sub/deep/c.txt"}
    if end == "folder removed":
        (corpus / "sub").rmdir()
    elif end == "another file":
        (corpus / "sub" / "new.md").write_text("a file about ponds")
    done = index(corpus, *(["--prune"] if end == "--prune" else []))
    assert done.exit_code == ExitStatus.DONE
    assert ids(corpus) - {"sub/new.md"} == EVERYTHING - {"sub/b.txt"}


def test_an_option_that_an_index_does_not_follow_is_told(corpus):
    index(corpus, "--bits", "2")
    for words, is_told in ((), False), (("--bits", "2"), False), (("--bits", "4"), True):
        done = index(corpus, *words)
        assert done.exit_code == ExitStatus.DONE
        assert ("keeps 2" in done.stderr) == is_told
    assert "--pool 3 is for a new index" in index(corpus, "--pool", "3").stderr


def test_the_table_of_exit_statuses_is_that_of_the_code(pytestconfig):
    text = (pytestconfig.rootpath / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    rows = [f"| {status.value} | {status.meaning} |" for status in ExitStatus]
    assert "\n".join(rows) in text
    assert {code.exit_status for code in CODES.values()} == {ExitStatus.ERROR}


def test_a_run_that_finds_nothing_new_writes_nothing(tmp_path):
    folder, path = tmp_path / "notes", tmp_path / "index"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nwords of {number}\n")
        os.utime(folder / f"{number}.md", (10**9, 10**9))  # not so young that it is read again
    indexer = Indexer(path, HashEncoder(dim=16))
    indexer.sync([folder])

    def files() -> dict[str, int]:
        found = [file for file in path.rglob("*") if file.is_file()]
        return {file.relative_to(path).as_posix(): file.stat().st_mtime_ns for file in found}

    before = files()
    assert indexer.sync([folder]).unchanged == 3
    assert files() == before
    assert indexer.update([]).documents == 3
    assert files() == before
    # But other options, which a status asks for, are kept.
    assert indexer.sync([folder], ScanOptions(exclude=("none",))).unchanged == 3
    assert files() != before
