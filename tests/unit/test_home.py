"""Where the program keeps what is its own: as the XDG specification and platformdirs have it."""

import sys
from pathlib import Path

import platformdirs
import pytest

from colmodern.home import own_folder

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs says where")
KINDS = {
    "cache": ("XDG_CACHE_HOME", platformdirs.user_cache_dir),
    "state": ("XDG_STATE_HOME", platformdirs.user_state_dir),
}


@linux
@pytest.mark.parametrize("named", ["", "/elsewhere", None])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_where_platformdirs_has_it(kind, named, monkeypatch, tmp_path):
    variable, find = KINDS[kind]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(variable, raising=False)
    if named is not None:
        monkeypatch.setenv(variable, named)
    assert own_folder(kind) == Path(find("colmodern", appauthor=False))


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_a_relative_folder_is_passed_over_as_the_specification_wants(kind, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(KINDS[kind][0], "here")
    found = own_folder(kind)
    assert found is not None
    assert found.is_relative_to(tmp_path)


@linux
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_home_there_is_none(kind, monkeypatch):
    monkeypatch.delenv(KINDS[kind][0], raising=False)
    monkeypatch.setenv("HOME", "nowhere")
    assert own_folder(kind) is None


@pytest.mark.parametrize("kind", KINDS)
def test_elsewhere_platformdirs_says_where(kind, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "another")
    monkeypatch.setattr(f"platformdirs.user_{kind}_dir", lambda *_, **__: str(tmp_path))
    assert own_folder(kind) == tmp_path
