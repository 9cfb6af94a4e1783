"""A root is known by the name that it was given, whatever its links lead to."""

import sys

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.errors import InputError
from colmodern.indexer import status
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
