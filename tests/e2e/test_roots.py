"""A root is known by the name that it was given, whatever its links lead to."""

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.errors import InputError
from colmodern.indexer import status
from colmodern.indexer.scans import KnownRoots
from colmodern.storage import IndexReader

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links")


@pytest.fixture
def nights(tmp_path):
    """Return two states of a folder; the second has lost a file and got one."""
    for night, texts in {
        "first": {"a.txt": "apples are red", "b.txt": "pears are green"},
        "second": {"a.txt": "apples are red at night", "c.txt": "plums are blue"},
    }.items():
        (tmp_path / night / "docs").mkdir(parents=True)
        for name, text in texts.items():
            (tmp_path / night / "docs" / name).write_text(text)
        rows = [f'{{"_id": "r{i}", "text": "row {i} of the {night}"}}\n' for i in range(2)]
        (tmp_path / night / "rows.jsonl").write_text("".join(rows))
    return tmp_path


@pytest.fixture
def indexer(tmp_path):
    return Indexer(tmp_path / "i", HashEncoder(dim=16))


def texts(path):
    with IndexReader.open(path) as reader:
        return {document.id: document.text for document in reader.documents()}


def point(link, target):
    link.unlink(missing_ok=True)
    link.symlink_to(target)


@pytest.mark.parametrize("below", ["docs", "rows.jsonl", "."])
def test_a_link_that_is_pointed_elsewhere_is_the_same_root(nights, indexer, tmp_path, below):
    current = nights / "current"
    point(current, "first")
    indexer.sync([current / below])
    assert len(texts(indexer.path)) == {"docs": 2, "rows.jsonl": 2, ".": 4}[below]
    point(current, "second")
    found = status(indexer.path)
    assert found.roots == (str(current / below),)
    assert not found.is_current
    indexer.sync([current / below])
    fresh = Indexer(tmp_path / "fresh", HashEncoder(dim=16))
    fresh.sync([nights / "second" / below])
    assert texts(indexer.path) == texts(fresh.path)
    assert status(indexer.path).is_current


def test_a_link_to_nothing_is_an_error_and_keeps_the_documents(nights, indexer):
    current = nights / "current"
    point(current, "first")
    indexer.sync([current])
    before = texts(indexer.path)
    point(current, "nowhere")
    with pytest.raises(InputError, match="There is no file or folder"):
        indexer.sync([current])
    assert status(indexer.path).missing_roots == (str(current),)
    assert texts(indexer.path) == before


def test_another_name_of_a_folder_gives_no_document_twice(nights, indexer, monkeypatch):
    point(nights / "link", "first")
    indexer.sync([nights / "first"])
    before = texts(indexer.path)
    monkeypatch.chdir(nights / "first")
    for name in (nights / "link", nights / "link/docs", nights / "second/../first", "docs", "."):
        report = indexer.sync([name])
        assert (report.added, report.deleted) == (0, 0)
    assert texts(indexer.path) == before
    assert [root for root in status(indexer.path).roots if "link" in root] == []


def test_a_folder_above_a_root_by_another_name(nights, indexer):
    point(nights / "link", "first")
    indexer.sync([nights / "first/docs"])
    report = indexer.sync([nights / "link"])
    assert (report.added, report.deleted) == (2, 0)  # the rows


def test_a_folder_given_by_two_names_at_once_is_read_once(nights, indexer):
    point(nights / "link", "first")
    report = indexer.sync([nights / "first", nights / "link"])
    assert report.added == 4
    assert report.skipped.counts["given twice"] == 3  # two texts, one file of rows


def test_a_link_that_leads_to_itself_is_no_root(indexer, tmp_path):
    point(tmp_path / "loop", "loop")
    with pytest.raises(InputError, match="loop cannot be read"):
        indexer.sync([tmp_path / "loop"])


def test_another_root_that_became_a_link_to_itself_is_in_nobodys_way(nights, indexer):
    current = nights / "current"
    point(current, "second")
    indexer.sync([nights / "first"])
    indexer.sync([current / "docs"])
    point(current, "current")
    assert status(indexer.path).missing_roots == (str(current / "docs"),)
    assert indexer.sync([nights / "first"]).documents == len(texts(indexer.path)) == 6


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOTCONN, errno.ESTALE])
def test_another_root_that_cannot_be_looked_at_is_in_nobodys_way(
    nights, indexer, monkeypatch, number
):
    first, other = nights / "first", nights / "second" / "docs"
    indexer.sync([first])
    indexer.sync([other])
    look = Path.stat

    def stat(path, **options):
        if path == other or path.is_relative_to(other):
            raise OSError(number, os.strerror(number), str(path))
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    # Not gone either: a document of another root with the name of one of its own gets its own id.
    (first / "c.txt").write_text("another text")
    report = indexer.sync([first])
    assert (report.added, report.deleted, report.documents) == (1, 0, 7)
    assert status(indexer.path).missing_roots == (str(other),)
    with pytest.raises(InputError, match="cannot be read"):
        indexer.sync([other])


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_file_keeps_the_id_that_it_was_given(tmp_path, indexer, is_gone):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "README.md").write_text(f"words of {folder.name}")
    indexer.sync([first, second])
    assert set(texts(indexer.path)) == {"README.md", "second/README.md"}
    (second / "README.md").write_text("other words of second")
    if is_gone:
        (first / "README.md").unlink()
        (first / "new.md").write_text("new words")
    else:
        (first / "README.md").write_text("other words of first")
    report = indexer.sync([second, first])
    assert (report.updated, report.deleted) == ((1, 1) if is_gone else (2, 0))
    found = texts(indexer.path)
    assert found.pop("second/README.md") == "other words of second"
    rest = {"new.md": "new words"} if is_gone else {"README.md": "other words of first"}
    assert found == rest


def test_a_root_has_the_name_by_which_the_index_knows_it_or_the_first_that_leads_there(nights):
    point(nights / "current", "first")
    point(nights / "latest", "first/docs")
    roots = KnownRoots(
        map(str, (nights / "latest", nights / "current", nights / "second" / "docs"))
    )
    for given, known in {
        "current": "current",
        "current/docs": "current/docs",
        "first": "current",
        "first/rows.jsonl": "current/rows.jsonl",
        "first/docs/a.txt": "latest/a.txt",
        "second": "second",
        "second/docs/a.txt": "second/docs/a.txt",
        "second/rows.jsonl": "second/rows.jsonl",
        ".": ".",
    }.items():
        assert roots.name_of(nights / given) == nights / known, given


def test_many_files_that_were_given_one_by_one_are_not_compared_with_each_other(tmp_path):
    names = [str(tmp_path / f"{number}.md") for number in range(5_000)]
    started = time.process_time()
    roots = KnownRoots(names)
    assert all(str(roots.name_of(Path(name))) == name for name in names)
    assert time.process_time() - started < 60  # each with each other takes minutes
