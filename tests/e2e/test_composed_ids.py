"""A name that is written with a letter and an accent of its own is the name with one character."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.corpus import ScanOptions, scan
from colmodern.indexer import delete
from colmodern.storage import IndexReader

WHOLE, APART = "Résumé.txt", normalize("NFD", "Résumé.txt")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / APART).write_text("falconry and hounds")
    (folder / "other.txt").write_text("falconry alone")
    return folder


@pytest.fixture
def index(folder, tmp_path):
    Indexer(tmp_path / "index", HashEncoder(16)).sync([folder])
    return tmp_path / "index"


@pytest.mark.parametrize("name", [WHOLE, APART])
def test_either_form_finds_the_document(index, name):
    with Searcher.open(index, HashEncoder(16)) as searcher:
        for where in (f"path = '{name}'", f"id = '{name}'", f"path like '{name[:-6]}%'"):
            assert searcher.search("falconry", where=where).doc_ids == (WHOLE,), where
        assert searcher.count(f"id in ('{name}', 'x')") == 1
        assert searcher.explain("falconry", name).doc_id in (WHOLE, name)
    assert delete(index, [name]) == []
    with IndexReader.open(index) as reader:
        assert [document.id for document in reader.documents()] == ["other.txt"]


def test_two_files_of_one_id_are_both_kept_and_the_second_is_renamed(folder, tmp_path):
    (folder / WHOLE).write_text("a cat")
    if len(list(folder.iterdir())) < 3:
        pytest.skip("this file system knows that the names are the same")
    report = Indexer(tmp_path / "index", HashEncoder(16)).sync([folder])
    assert (report.documents, report.renamed) == (3, 1)
    with IndexReader.open(tmp_path / "index") as reader:
        ids = {document.id: document.text for document in reader.documents()}
    assert ids == {
        WHOLE: "falconry and hounds", f"corpus/{WHOLE}": "a cat", "other.txt": "falconry alone",
    }  # fmt: skip
    again = Indexer(tmp_path / "index", HashEncoder(16)).sync([folder])
    assert (again.unchanged, again.added, again.deleted) == (3, 0, 0)


def test_documents_of_a_program_have_composed_ids_too(tmp_path):
    indexer = Indexer(tmp_path / "index", HashEncoder(16))
    indexer.build([(APART, "one")])
    report = indexer.update([(WHOLE, "two")])
    assert (report.added, report.updated, report.documents) == (0, 1, 1)


@pytest.mark.parametrize("glob", [WHOLE, APART])
def test_globs_match_either_form(folder, glob):
    assert [s.key for s in scan([folder], ScanOptions(exclude=(glob,))).sources] == ["other.txt"]
    assert [s.key for s in scan([folder], ScanOptions(include=(glob,))).sources] == [WHOLE]
