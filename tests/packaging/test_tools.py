"""Tools of maintainers: what is trimmed, what a notebook becomes, what is compiled for whom."""

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import size, training_texts, wheels
from tools.cross.targets import TARGETS, Target
from tools.release import __main__ as release
from tools.site.notebooks import page_of

ROOT = Path(__file__).parents[2]


def test_only_what_is_never_loaded_is_removed_from_pyarrow(tmp_path):
    for name in ("libarrow.so.1", "libarrow_flight.so.1", "_s3fs.so", "include/arrow/api.h"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")
    assert size.trim(tmp_path) == 12
    assert [path.name for path in tmp_path.rglob("*")] == ["libarrow.so.1"]
    assert size.trim(tmp_path) == 0


def test_what_is_removed_is_not_what_our_code_imports():
    imported = set()
    for path in (ROOT / "colmodern").rglob("*.py"):
        imported |= set(re.findall(r"pyarrow\.(\w+)", path.read_text(encoding="utf-8")))
    assert not imported & {"flight", "substrait", "orc", "cuda"}


def test_a_cell_becomes_its_code_and_what_it_printed():
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["\x1b[1mone\x1b[0m\n"]},
        {"output_type": "stream", "name": "stderr", "text": ["a warning\n"]},
        {"output_type": "execute_result", "data": {"text/html": ["<p>two</p>"]}},
        {"output_type": "display_data", "data": {"image/png": "aGk=\n", "text/plain": ["x"]}},
        {"output_type": "execute_result", "data": {"text/plain": ["three"]}},
    ]
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title"]},
            {"cell_type": "code", "source": ["print(1)"], "outputs": outputs},
        ]
    }
    page = page_of(notebook, "05-x")
    assert page.startswith("# Title\n\nThe notebook itself: `examples/notebooks/05-x.ipynb`.\n")
    assert "``````py\nprint(1)\n``````\n\n``````text\none\n``````" in page
    assert "a warning" not in page
    (sent,) = re.findall(r"text/html;charset=utf-8;base64,([^\"]+)", page)
    assert base64.b64decode(sent).decode().endswith("<p>two</p>")
    assert '<img alt="figure" src="data:image/png;base64,aGk=">' in page
    assert page.endswith("``````text\nthree\n``````\n")


def test_a_system_is_run_by_the_first_program_that_is_there(monkeypatch):
    assert len({target.name for target in TARGETS}) == len(TARGETS)
    target = Target("x", "y", runners=("no-such-program", sys.executable), words=("-a",))
    assert target.command("p") == [sys.executable, "-a", "p"]
    assert Target("x", "y", runners=("no-such-program",)).command("p") is None
    assert Target("x", "y", is_run=False).command("p") is None


def test_the_python_that_runs_is_one_of_those_that_get_a_wheel():
    version = "{}.{}".format(*sys.version_info)
    assert wheels._interpreter(version) == sys.executable
    assert wheels._interpreter("2.99") is None


def test_a_dry_run_says_loudly_what_it_leaves_out(monkeypatch, capsys, tmp_path):
    ran = []
    (tmp_path / "dist").mkdir()
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "version_of", lambda _: "0.2.0")
    monkeypatch.setattr(release, "obstacles", lambda _: ["no golden index"])
    monkeypatch.setattr(release, "_notes", lambda _: "- Two.\n")
    monkeypatch.setattr(release.subprocess, "run", _ran(ran, failing="none"))
    monkeypatch.setattr(sys, "argv", ["release", "--dry-run", "--without", "test"])
    assert release.main() == 0
    said = capsys.readouterr()
    assert ran == ["check", "sdist", "wheels-here"]
    assert said.err.count("LEFT OUT: make test") == 2
    assert "a release would have stopped: no golden index" in said.err
    assert "git tag --annotate v0.2.0" in said.out
    monkeypatch.setattr(sys, "argv", ["release"])
    assert release.main() == 1
    monkeypatch.setattr(sys, "argv", ["release", "--without", "test"])
    with pytest.raises(SystemExit):
        release.main()
    assert ran == ["check", "sdist", "wheels-here"]
    monkeypatch.setattr(release.subprocess, "run", _ran(ran, failing="check"))
    monkeypatch.setattr(sys, "argv", ["release", "--dry-run"])
    assert release.main() == 1
    assert "make check ended with 2: no release" in capsys.readouterr().err


def _ran(ran, failing):
    def run(words, **_):
        ran.append(words[1])
        return subprocess.CompletedProcess(words, 2 if words[1] == failing else 0)

    return run


def test_texts_to_train_on_are_drawn_by_the_seed_until_there_are_enough_words(tmp_path, capsys):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"{number:02}.txt").write_text(f"text number {number} has six words")
    files = [tmp_path / f"{name}.jsonl.gz" for name in "abc"]
    for file, seed in zip(files, ("1", "1", "2"), strict=True):
        training_texts.main([str(source), str(file), "--words", "20", "--seed", seed])
    assert "4 texts, 24 words" in capsys.readouterr().out
    one, same, other = (file.read_bytes() for file in files)
    assert one == same != other
    rows = [json.loads(line) for line in gzip.decompress(one).splitlines()]
    assert [list(row) for row in rows] == [["text"]] * 4
    training_texts.main([str(source), str(files[0]), "--words", "1000"])
    assert "20 texts, 120 words" in capsys.readouterr().out
