"""The program leaves a search at once: with all that it printed, and as it is to end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from colmodern import Document, HashEncoder, Indexer

FULL = Path("/dev/full")
PROGRAM = """
import atexit, sys
from colmodern.__main__ import program
atexit.register(print, "taken apart")
sys.argv[0] = "colmodern"
program()
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("end") / "index"
    Indexer(path, HashEncoder(dim=16)).build([Document("a", "walrus " * 20_000)])
    return path


def run(index, *words):
    command = [sys.executable, "-c", PROGRAM, "search", *words, "--index", str(index)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_that_was_printed_is_there_and_nothing_is_taken_apart(index):
    done = run(index, "walrus", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("}\n")
    assert done.stdout.count("\n") == 1


def test_it_ends_as_it_is_to_end(index, tmp_path):
    done = run(index, "walrus", "--where", "year > 1")
    assert done.returncode == 2
    assert done.stderr.startswith("error [")
    done = run(index, "seal", "--mode", "bm25")
    assert done.returncode == 1
    assert done.stderr.startswith("no hits: ")
    assert "taken apart" not in done.stdout
    done = run(tmp_path / "none", "walrus")
    assert done.returncode == 2


@pytest.mark.skipif(not FULL.exists(), reason="a disk that is full")
@pytest.mark.parametrize(
    "words", [["search", "walrus"], ["search", "walrus", "--format", "tsv"], ["info"], []]
)
def test_a_full_disk_is_told(index, words):
    asked = [*words, "--index", str(index)] if words else ["--help"]
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "colmodern", *asked],
            env=buffered, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "error: No space left on device\n"


def test_other_commands_end_as_python_does(index):
    command = [sys.executable, "-c", PROGRAM, "info", "--index", str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("taken apart\n")
