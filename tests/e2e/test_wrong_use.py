"""What a program or a person asks for wrongly has a code and a sentence, at every door."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

import colmodern.__main__ as program
from colmodern import HashEncoder, Indexer, Searcher, SearchRequest
from colmodern.cli.app import app
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.printing import terminal
from colmodern.errors import ColModernError
from colmodern.searcher.mode import asked_of_words
from colmodern.types import TokenEmbeddings

ENCODER = HashEncoder(dim=16)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong") / "i"
    Indexer(folder, ENCODER).build([("a", "words of glaciers"), ("b", "words of rivers")])
    return folder


@pytest.fixture
def searcher(path):
    with Searcher.open(path, ENCODER) as opened:
        yield opened


def code_of(call, *arguments, **options):
    with pytest.raises(ColModernError) as found:
        call(*arguments, **options)
    return found.value.code


@pytest.mark.parametrize("query", ["\udcff", "glaciers \ud800"])
def test_a_query_that_is_no_text_is_refused_at_every_door(searcher, query):
    for mode in ("late", "bm25", "hybrid"):
        assert code_of(searcher.search, query, mode=mode) == "query_not_text"
        assert code_of(searcher.search_many, ["words", query], mode=mode) == "query_not_text"
    tokens = ENCODER.encode_queries(["glaciers"])[0]
    assert code_of(searcher.search_embeddings, tokens, query=query) == "query_not_text"
    assert code_of(searcher.explain, query, "a") == "query_not_text"
    assert code_of(searcher.explain_embeddings, tokens, "a", query=query) == "query_not_text"


def tokens(vectors):
    return TokenEmbeddings(vectors, np.zeros((1, 2), np.int32))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("words", "vectors_invalid"),
        (np.zeros((1, 16), np.float32), "vectors_invalid"),
        (tokens([[0.0] * 16]), "vectors_invalid"),
        (tokens(np.array([["a"] * 16])), "vectors_invalid"),
        (tokens(None), "vectors_invalid"),
        (tokens(np.zeros((1, 15), np.float32)), "vectors_invalid"),
        (tokens(np.zeros((0, 16), np.float32)), "query_empty"),
    ],
)
def test_vectors_that_are_none_are_refused(searcher, given, code):
    assert code_of(searcher.search_embeddings, given) == code
    assert code_of(searcher.explain_embeddings, given, "a") == code


def test_options_that_do_nothing_together_are_refused():
    of_both = [{"word_weight": 0.5}, {"fusion": "rrf"}]
    for options in [{**one, "mode": mode} for one in of_both for mode in ("bm25", "late")]:
        assert code_of(SearchRequest, **options) == "option_conflict"
    assert code_of(SearchRequest, exact=True, effort="low") == "option_conflict"
    assert SearchRequest(exact=True, effort="exact").is_exact
    for where in ("", " \n"):
        assert code_of(SearchRequest, where=where) == "filter_syntax"


@pytest.mark.parametrize("codec", ["codec.arrow", 5, HashEncoder])
def test_a_codec_that_is_none_is_refused(tmp_path, codec):
    assert code_of(Indexer, tmp_path, ENCODER, codec=codec) == "option_wrong_kind"


def test_a_closed_searcher_says_so(path):
    searcher = Searcher.open(path, ENCODER)
    searcher.close()
    searcher.close()
    assert "closed" in repr(searcher)
    vectors = ENCODER.encode_queries(["glaciers"])[0]
    for call in (
        lambda: searcher.search("glaciers"),
        lambda: searcher.search("glaciers", mode="bm25"),
        lambda: searcher.search_embeddings(vectors),
        lambda: searcher.explain("glaciers", "a"),
        lambda: searcher.count("a = 1"),
        lambda: searcher.n_documents,
        searcher.describe,
        searcher.refresh,
    ):
        with pytest.raises(ValueError, match="this Searcher is closed"):
            call()


@pytest.mark.parametrize(
    "words",
    [["verify"], ["info"], ["status"], ["compact"], ["repair"], ["delete", "a"], ["search", "a"]],
)
def test_a_command_that_needs_an_index_ends_with_an_error_where_none_is(tmp_path, words):
    result = CliRunner().invoke(app, [*words, "--index", str(tmp_path / "none")])
    assert isinstance(result.exception, ColModernError)
    assert result.exception.code == "index_not_found"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
@pytest.mark.parametrize(
    "words",
    [["verify"], ["info"], ["status"], ["compact"], ["delete", "none"], ["search", "glaciers"]],
)
def test_a_command_whose_output_nobody_reads_ends_by_sigpipe(path, words):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "colmodern", *words, "--index", str(path)]
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGPIPE, done.stderr
    assert done.stderr.count(b"Traceback") == 0
    assert ExitStatus.UNREAD == 128 + signal.SIGPIPE


def test_a_request_of_any_mode_has_its_like_in_words():
    for options in ({"mode": "hybrid", "word_weight": 0.5}, {"passage_weight": 0.5}):
        assert asked_of_words(SearchRequest(k=3, **options)) == SearchRequest(k=3, mode="bm25")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["search", "x", "--bogus"], "option_unknown"),
        (["search", "x", "-k", "0"], "option_invalid"),
        (["eval", "measure"], "option_missing"),
        (["index"], "option_missing"),
        (["no-command"], "option_invalid"),
    ],
)
@pytest.mark.parametrize("where", ["before", "behind"])
def test_a_mistake_in_an_option_is_a_line_of_json_where_that_is_wanted(
    words, code, where, monkeypatch
):
    monkeypatch.setattr(terminal, "_log_format", terminal.LogFormat.TEXT)
    form = ["--log-format=json"]
    done = CliRunner().invoke(app, form + words if where == "before" else words + form)
    assert done.exit_code == ExitStatus.ERROR
    (line,) = map(json.loads, done.stderr.splitlines())
    assert (line["level"], line["code"]) == ("error", code)
    assert CliRunner().invoke(app, ["--log-format", "json", "--version"]).exit_code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["search", "x", "--bogus"], "option_unknown"),
        (["--bogus"], "option_unknown"),
        (["search", "x", "-k", "0"], "option_invalid"),
        (["index"], "option_missing"),
    ],
)
def test_a_mistake_in_an_option_has_its_code_behind_it(words, code, monkeypatch):
    monkeypatch.setattr(terminal, "_log_format", terminal.LogFormat.TEXT)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == ExitStatus.ERROR
    assert done.stderr.count(f"[{code}]") == 1
    assert "Usage:" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a working folder cannot be removed")
def test_a_working_folder_that_was_removed_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "argv", ["colmodern", "info"])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == ExitStatus.ERROR
    told = capsys.readouterr().err
    assert told.startswith("error [file_not_found]: The working folder was removed")
