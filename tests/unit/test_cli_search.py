"""A plain search is read without the parser of all commands, and means the same."""

from pathlib import Path

import pytest
import typer

from colmodern.cli import app as cli
from colmodern.cli import search
from colmodern.cli.printing.terminal import Format
from colmodern.cli.quick import plain_arguments
from colmodern.cli.run_search import SearchArguments
from colmodern.request import Effort, SearchRequest

PLAIN = [
    ["keys"],
    [""],
    ["keys that leaked", "--index", "a/b"],
    ["--index", "a/b", "-k", "3", "keys"],
    ["keys", "--effort", "high", "--format", "tsv"],
    ["keys", "--exact"],
    ["keys", "--where", "year >= 2020 and path like 'docs/%'"],
    ["keys", "--threads", "2", "--precision", "int8"],
    ["keys", "--scoring", "corrected"],
    ["keys", "--mode", "hybrid", "--word-weight", "0.25"],
    ["keys", "--passage-weight", "1"],
]
NOT_PLAIN = [
    [],
    ["--help"],
    ["keys", "ovens"],
    ["keys", "--index=a"],
    ["keys", "-k3"],
    ["keys", "-k", "0"],
    ["keys", "-k", "many"],
    ["keys", "-k"],
    ["keys", "-k", "3", "-k", "4"],
    ["keys", "--effort", "utmost"],
    ["keys", "--format", "--exact"],
    ["--", "keys"],
    ["-keys"],
    ["--queries", "q.jsonl"],
    ["keys", "--where", ""],
    ["keys", "--where=a = 1"],
    ["keys", "--nonsense", "1"],
    ["keys", "--word-weight", "2"],
    ["keys", "--word-weight", "nan"],
    ["keys", "--no-passages"],
    ["keys", "--probes", "4"],
]


def parsed(words, monkeypatch):
    """Return the arguments that the parser of all commands makes of ``search WORDS``."""
    found = []
    monkeypatch.setattr(search, "run_search", lambda arguments: found.append(arguments) or 0)
    typer.main.get_command(cli.app).main(["search", *words], standalone_mode=False)
    return found[0]


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_a_plain_search_means_what_the_parser_makes_of_it(words, monkeypatch):
    assert plain_arguments(["search", *words]) == parsed(words, monkeypatch)


@pytest.mark.parametrize("words", NOT_PLAIN, ids=" ".join)
def test_all_else_is_left_to_the_parser(words):
    assert plain_arguments(["search", *words]) is None


def test_values_have_their_types():
    words = [
        "search",
        "keys",
        "--index",
        "i",
        "-k",
        "2",
        "--effort",
        "low",
        "--format",
        "json",
        "--threads",
        "3",
    ]
    assert plain_arguments(words) == SearchArguments(
        query="keys",
        index=Path("i"),
        request=SearchRequest(k=2, effort=Effort.LOW, threads=3),
        form=Format.JSON,
    )


def test_other_commands_are_no_search():
    assert plain_arguments(["info"]) is None
    assert plain_arguments([]) is None
