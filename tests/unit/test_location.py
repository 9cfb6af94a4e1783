import sys
from pathlib import Path

import pytest

from colmodern.cli import location
from colmodern.errors import IndexNotFoundError

state_file_of_the_machine = location._state_file


@pytest.fixture(autouse=True)
def state_file(tmp_path, monkeypatch):
    file = tmp_path / "state" / "last.json"
    monkeypatch.setattr(location, "_state_file", lambda: file)
    return file


def make_index(path):
    path.mkdir(parents=True)
    (path / "manifest.json").write_text("{}")
    return path


def test_the_index_of_a_folder_lies_in_it_and_that_of_a_file_beside_it(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    rows = tmp_path / "rows.jsonl"
    rows.write_text("")
    assert location.default_location([folder]) == folder / ".colmodern"
    assert location.default_location([rows]) == tmp_path / "rows.jsonl.colmodern"


def test_the_nearest_index_above_wins(tmp_path):
    outer = make_index(tmp_path / "a" / ".colmodern")
    inner = make_index(tmp_path / "a" / "b" / ".colmodern")
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir()
    location.remember(outer)
    assert location.find_index(deep) == inner
    assert location.find_index(tmp_path / "a") == outer


def test_the_last_one_used_is_found_from_anywhere(tmp_path):
    index = make_index(tmp_path / "x" / "rows.jsonl.colmodern")
    location.remember(index)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert location.find_index(elsewhere) == index


def test_an_index_that_is_gone_is_not_found(tmp_path):
    location.remember(tmp_path / "gone")
    with pytest.raises(IndexNotFoundError, match="colmodern index"):
        location.find_index(tmp_path)


def test_of_two_indexes_beside_each_other_none_is_guessed(tmp_path):
    make_index(tmp_path / "a.colmodern")
    make_index(tmp_path / "b.colmodern")
    with pytest.raises(IndexNotFoundError):
        location.find_index(tmp_path)


def test_a_broken_record_of_the_last_index_is_as_good_as_none(tmp_path, state_file):
    state_file.parent.mkdir()
    state_file.write_text("not json")
    with pytest.raises(IndexNotFoundError):
        location.find_index(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs says where")
def test_without_a_home_no_index_is_remembered(tmp_path, monkeypatch):
    def no_home(_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", no_home)
    monkeypatch.setattr(location, "_state_file", state_file_of_the_machine)
    location.remember(make_index(tmp_path / "x" / "rows.jsonl.colmodern"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(IndexNotFoundError):
        location.find_index(elsewhere)
