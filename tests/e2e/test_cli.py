"""The command line as a script sees it: its own process, the student in the package."""

import json
import os
import shutil
import subprocess
import sys

import pytest

DOCUMENTS = {
    "keys.md": "# Keys\n\nA leaked signing key is revoked by the officer on duty, at any hour.\n",
    "ovens.txt": "The kitchen ovens are cleaned on Fridays with vinegar and warm water.\n",
    "trains.txt": "Trains to the coast leave every hour from platform nine.\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def run_colmodern(home, cwd, *args, **more):
    environment = os.environ | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "HF_HUB_OFFLINE": "1",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-m", "colmodern", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
        timeout=600,
    )


@pytest.fixture
def colmodern(home, tmp_path):
    def run(*args, cwd=None, **more):
        return run_colmodern(home, cwd or tmp_path, *args, **more)

    return run


def write_documents(folder):
    folder.mkdir()
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def corpus(tmp_path):
    return write_documents(tmp_path / "corpus")


@pytest.fixture(scope="module")
def indexed_once(home, tmp_path_factory):
    """Where the documents and their index are, and a copy of both and of the program's state."""
    corpus = write_documents(tmp_path_factory.mktemp("indexed") / "corpus")
    done = run_colmodern(home, corpus.parent, "index", corpus)
    assert done.returncode == 0, done.stderr
    kept = tmp_path_factory.mktemp("kept")
    shutil.copytree(corpus, kept / "corpus")
    shutil.copytree(home / "state", kept / "state")
    return corpus, kept


@pytest.fixture
def indexed(home, indexed_once):
    """The folder of the documents, with an index that no other test has changed."""
    corpus, kept = indexed_once
    for folder, name in ((corpus, "corpus"), (home / "state", "state")):
        shutil.rmtree(folder)
        shutil.copytree(kept / name, folder)
    return corpus


def assert_is_an_error(done, *words):
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


def test_index_then_search_finds_the_document_and_the_passage(colmodern, indexed):
    done = colmodern("search", "who may withdraw a compromised key?", "--format", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["query"] == "who may withdraw a compromised key?"
    first = result["hits"][0]
    assert (first["rank"], first["id"]) == (1, "keys.md")
    passage = first["passage"]
    assert DOCUMENTS["keys.md"][passage["start"] : passage["end"]] == passage["text"]
    assert "revoked" in passage["text"]


@pytest.mark.skipif(sys.platform == "win32", reason="a standard output that is closed")
def test_files_are_indexed_where_nobody_reads_what_is_printed(home, corpus):
    command = f"{sys.executable} -m colmodern index {corpus} >&-"
    environment = os.environ | {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True, text=True, check=False, env=environment, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (corpus / ".colmodern" / "manifest.json").exists()


def test_every_format_tells_the_same(colmodern, indexed):
    run = ["search", "cleaning the ovens", "-k", "2", "--format"]
    from_json = [h["id"] for h in json.loads(colmodern(*run, "json").stdout)["hits"]]
    from_jsonl = [json.loads(line)["id"] for line in colmodern(*run, "jsonl").stdout.splitlines()]
    from_tsv = [line.split("\t")[2] for line in colmodern(*run, "tsv").stdout.splitlines()]
    human = colmodern(*run, "human").stdout
    assert from_json == from_jsonl == from_tsv
    assert len(from_json) == 2
    assert from_json[0] == "ovens.txt"
    assert human.index(from_json[0]) < human.index(from_json[1])
    assert "\x1b[" not in human, "no colours when the output is no terminal"


def test_index_again_reports_what_changed(colmodern, indexed):
    (indexed / "trains.txt").unlink()
    (indexed / "boats.txt").write_text("Boats to the island leave at dawn.\n")
    done = colmodern("index", indexed, "--format", "json")
    report = json.loads(done.stdout)
    assert (report["documents"], report["added"], report["deleted"]) == (3, 1, 1)
    assert report["unchanged"] == 2


def test_the_nearest_index_is_found_from_below(colmodern, indexed):
    below = indexed / "deep" / "er"
    below.mkdir(parents=True)
    done = colmodern("search", "trains", "--format", "tsv", "-k", "1", cwd=below)
    assert done.stdout.split("\t")[2] == "trains.txt"


def test_a_batch_of_queries_becomes_a_run(colmodern, indexed, tmp_path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"_id": "q1", "text": "ovens"}\n{"_id": "q2", "text": "platform"}\n')
    done = colmodern("search", "--queries", queries, "--run", tmp_path / "out.trec", "-k", "2")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in (tmp_path / "out.trec").read_text().splitlines()]
    assert [line[0] for line in lines] == ["q1", "q1", "q2", "q2"]
    assert [line[2] for line in lines][::2] == ["ovens.txt", "trains.txt"]
    assert all(len(line) == 6 for line in lines)


def test_rows_take_their_fields_from_the_options(colmodern, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        '{"key": "x1", "body": "bees make honey"}\n{"key": "x2", "body": "cows give milk"}\n'
    )
    done = colmodern("index", rows, "--id-field", "key", "--text-field", "body")
    assert done.returncode == 0, done.stderr
    found = colmodern(
        "search", "honey", "--index", tmp_path / "rows.jsonl.colmodern", "--format", "tsv"
    )
    assert found.stdout.splitlines()[0].split("\t")[2] == "x1"


def test_info_verify_delete_and_explain(colmodern, indexed):
    info = json.loads(colmodern("info", "--format", "json", cwd=indexed).stdout)
    assert info["documents"] == 3
    assert info["bits"] == 4
    assert colmodern("verify", cwd=indexed).returncode == 0
    explained = colmodern("explain", "platform", "trains.txt", cwd=indexed)
    assert "platform" in explained.stdout
    assert colmodern("delete", "trains.txt", cwd=indexed).returncode == 0
    assert json.loads(colmodern("info", "--format", "json", cwd=indexed).stdout)["documents"] == 2
    missing = colmodern("delete", "trains.txt", cwd=indexed)
    assert missing.returncode == 1
    assert "no such document: trains.txt" in missing.stderr


def test_verify_reports_a_flipped_byte_and_search_does_not_crash(colmodern, indexed):
    victim = max(
        (indexed / ".colmodern").rglob("tokens.arrow"), key=lambda path: path.stat().st_size
    )
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0xFF
    victim.write_bytes(data)
    done = colmodern("verify", cwd=indexed)
    assert done.returncode == 1
    assert "tokens.arrow" in done.stderr
    assert colmodern("search", "keys", cwd=indexed).returncode in (0, 2)


def test_no_hit_is_exit_code_one(colmodern, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    made = colmodern("index", empty)
    assert made.returncode == 1
    assert "nothing was indexed: there are no files" in made.stderr
    done = colmodern("search", "anything", "--format", "json", cwd=empty)
    assert done.returncode == 1
    assert json.loads(done.stdout)["hits"] == []


def test_a_users_mistakes_each_get_a_sentence(colmodern, indexed, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    assert_is_an_error(colmodern("index", tmp_path / "nowhere"), "nowhere")
    assert_is_an_error(colmodern("search", "x", "--index", alone), str(alone))
    assert_is_an_error(colmodern("search", ""), "empty")
    assert_is_an_error(colmodern("search"), "query")
    assert_is_an_error(colmodern("search", "x", "--effort", "maximal"), "effort")
    assert_is_an_error(colmodern("search", "x", "-k", "0"), "-k")
    assert_is_an_error(colmodern("index", indexed, "--bits", "3", "--index", alone / "i"), "bits")
    assert_is_an_error(colmodern("index", indexed, "--model", tmp_path / "no-model"), "no-model")
    assert_is_an_error(colmodern("explain", "x", "no-such-id", cwd=indexed), "no-such-id")
    assert_is_an_error(colmodern("search", "--queries", alone / "q.jsonl", "--run", "r"), "q.jsonl")
    assert_is_an_error(colmodern("eval", alone), "corpus.jsonl")
    assert_is_an_error(
        colmodern("distill", "no-recipe", "--data", alone, "--out", alone), "no-recipe"
    )


def test_nothing_indexed_yet_says_what_to_do(colmodern, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    done = colmodern("search", "x", cwd=alone, XDG_STATE_HOME=str(alone / "state"))
    assert_is_an_error(done, "colmodern index")


def test_another_models_index_is_refused_with_both_names(colmodern, indexed):
    manifest = indexed / ".colmodern" / "manifest.json"
    assert '"fingerprint"' in manifest.read_text()
    from colmodern import HashEncoder, Indexer

    other = indexed.parent / "other"
    Indexer(other, HashEncoder(dim=64, seed=3)).build([("a", "x y z")])
    done = colmodern("search", "x", "--index", other)
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr


def test_help_and_version(colmodern):
    assert "index" in colmodern("--help").stdout
    assert colmodern("--version").stdout.startswith("colmodern 0.")


def test_an_interrupt_ends_with_130(colmodern, indexed, monkeypatch):
    code = (
        "import colmodern.__main__ as program, colmodern.searcher as s\n"
        "def interrupted(*a, **k): raise KeyboardInterrupt\n"
        "s.Searcher.open = interrupted\n"
        "import sys; sys.argv = ['colmodern', 'search', 'x', '--index', sys.argv[1]]\n"
        "program.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(indexed / ".colmodern")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_ends_the_program_without_a_word(colmodern, indexed):
    for form in ("human", "json", "jsonl", "tsv"):
        command = f"'{sys.executable}' -m colmodern search keys --format {form} | true"
        done = subprocess.run(
            ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=indexed,
            timeout=600,
        )
        assert done.stderr == ""
        assert done.returncode != 1, "1 would say that nothing was found"


def test_a_narrow_encoding_shows_what_it_can(colmodern, indexed):
    (indexed / "caf\u00e9 \U0001f389.txt").write_text("The caf\u00e9 opens at seven.\n")
    assert colmodern("index", indexed).returncode == 0
    run = ["search", "caf\u00e9 opens", "-k", "1", "--format"]
    for form in ("human", "tsv"):
        done = colmodern(*run, form, cwd=indexed, PYTHONIOENCODING="ascii")
        assert done.returncode == 0, done.stderr
        assert "caf\\xe9" in done.stdout
    done = colmodern(*run, "json", cwd=indexed, PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["hits"][0]["id"] == "caf\u00e9 \U0001f389.txt"


def test_a_document_cannot_steer_the_terminal(colmodern, indexed):
    (indexed / "evil\nname.txt").write_text("tigers \x1b[31mred\x1b[0m \x1b]0;title\x07 roar\n")
    assert colmodern("index", indexed).returncode == 0
    for form in ("human", "tsv"):
        done = colmodern("search", "tigers roar", "-k", "1", "--format", form, cwd=indexed)
        assert "tigers" in done.stdout
        assert "evil name.txt" in done.stdout
        assert "\x1b" not in done.stdout
        assert "\x07" not in done.stdout


def test_a_query_without_a_token_is_an_error_and_not_an_empty_result(colmodern, indexed):
    for query in ("\u200b", "\x01"):
        assert_is_an_error(colmodern("search", query, cwd=indexed), "at least one word")
        assert_is_an_error(colmodern("explain", query, "keys.md", cwd=indexed), "one word")


def test_explain_speaks_every_format(colmodern, indexed):
    run = ["explain", "platform", "trains.txt", "--format"]
    matches = json.loads(colmodern(*run, "json", cwd=indexed).stdout)["matches"]
    rows = [line.split("\t") for line in colmodern(*run, "tsv", cwd=indexed).stdout.splitlines()]
    assert [(m["query_token"], m["document_token"]) for m in matches] == [
        tuple(r[:2]) for r in rows
    ]


def test_explain_scores_as_it_is_told(colmodern, indexed):
    run = ["explain", "platform four", "trains.txt", "--mode", "late", "--format", "json"]
    run.append("--scoring")
    plain, corrected = (
        json.loads(colmodern(*run, scoring, cwd=indexed).stdout)
        for scoring in ("maxsim", "corrected")
    )
    assert (plain["scoring"], corrected["scoring"]) == ("maxsim", "corrected")
    assert plain["score"] == pytest.approx(sum(m["score"] for m in plain["matches"]), abs=1e-4)
    assert corrected["score"] != plain["score"]
    assert_is_an_error(colmodern(*run, "best", cwd=indexed), "best", "corrected")


def test_explain_refuses_bad_links_and_documents_that_are_gone(colmodern, indexed):
    run = ["explain", "platform", "trains.txt"]
    assert_is_an_error(colmodern(*run, "--links", "emacs", cwd=indexed), "emacs", "vscode")
    assert colmodern("delete", "trains.txt", cwd=indexed).returncode == 0
    assert_is_an_error(colmodern(*run, cwd=indexed), "trains.txt")


def test_explain_puts_exact_scores_beside_the_compressed(colmodern, indexed):
    run = ["explain", "platform", "trains.txt", "--exact", "--format", "json"]
    values = json.loads(colmodern(*run, cwd=indexed).stdout)
    assert abs(values["score"] - values["exact_score"]) < 0.2
    assert all(match["exact"] is not None for match in values["matches"])


def test_a_run_for_no_folder_is_refused_before_the_search(colmodern, indexed, tmp_path):
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"_id": "q1", "text": "ovens"}\n')
    run = ["search", "--queries", queries, "--run"]
    assert_is_an_error(colmodern(*run, tmp_path / "no" / "out.trec", cwd=indexed), "no folder")
    assert_is_an_error(colmodern(*run, indexed, cwd=indexed), "Cannot write the run")


def test_an_index_is_not_put_where_something_else_is(colmodern, indexed, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert_is_an_error(colmodern("index", indexed, "--index", tmp_path / "file"), "is a file")
    assert_is_an_error(colmodern("index", indexed, "--index", tmp_path), "other files")
    assert (tmp_path / "file").read_text() == "mine"


def test_compact_merges_and_retrain_mends_a_drift(colmodern, tmp_path):
    from colmodern import HashEncoder, IndexConfig, Indexer

    def documents(kind):
        return [
            (f"{kind}{i}", " ".join(f"{kind}{i * j % 211}" for j in range(60))) for i in range(400)
        ]

    index = tmp_path / "i"
    indexer = Indexer(index, HashEncoder(dim=64), config=IndexConfig(merge=False))
    indexer.build(documents("old"))
    assert "drift" not in colmodern("info", "--index", index).stderr
    indexer.update(documents("new"))
    info = colmodern("info", "--index", index, "--format", "json")
    assert "drift: " in info.stderr
    assert "colmodern compact --retrain" in info.stderr
    before = json.loads(info.stdout)
    assert before["drift"] > 1.4
    assert before["segments"] == 2
    done = colmodern("compact", "--index", index, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == 800
    assert (
        json.loads(colmodern("info", "--index", index, "--format", "json").stdout)["segments"] == 1
    )
    done = colmodern("compact", "--retrain", "--index", index)
    assert done.returncode == 0, done.stderr
    info = colmodern("info", "--index", index, "--format", "json")
    assert info.stderr == ""
    assert json.loads(info.stdout)["drift"] < 1.4
    assert colmodern("verify", "--index", index).returncode == 0


def test_an_index_of_ready_vectors_tells_texts_and_retraining_what_to_do(colmodern, tmp_path):
    import numpy as np

    from colmodern import Embeddings, Indexer

    given = Embeddings.from_matrices([np.eye(32, dtype=np.float32)] * 3)
    Indexer(tmp_path / "i").build_from_embeddings(given)
    assert_is_an_error(colmodern("search", "x", "--index", tmp_path / "i"), "search_embeddings")
    done = colmodern("compact", "--retrain", "--index", tmp_path / "i")
    assert_is_an_error(done, "build_from_embeddings")
    info = colmodern("info", "--index", tmp_path / "i")
    assert "vectors:32" in info.stdout
    assert "unknown" in info.stdout, "too few tokens to speak of drift"


def test_files_that_are_not_in_the_index_are_counted_with_the_reason(colmodern, corpus):
    (corpus / "README.1st").write_text("Fences are mended on Mondays.\n")
    (corpus / "guessed.txt").write_bytes(
        "Die Schl\xfcssel h\xe4ngen \xfcber der T\xfcr.".encode("cp1252")
    )
    (corpus / "tape.raw").write_bytes(bytes(99))
    (corpus / "broken.pdf").write_text("no PDF file")
    (corpus / ".hidden").write_text("by rule")
    done = colmodern("index", corpus, "--format", "json")
    report = json.loads(done.stdout)
    assert report["skipped"] == {"hidden": 1, "an index": 1, "binary": 1, "broken": 1}
    assert report["notes"] == {"encoding guessed": 1}
    assert "noted 1: encoding guessed" in done.stderr
    assert "skipped 1: encoding guessed" not in done.stderr
    left_out = {"binary": 1, "broken": 1}
    colmodern("index", corpus)  # reads nothing again
    assert (
        json.loads(colmodern("info", "--format", "json", cwd=corpus).stdout)["not_indexed"]
        == left_out
    )
    done = colmodern("status", "--format", "json", cwd=corpus)
    assert json.loads(done.stdout)["not_indexed"] == left_out
    assert "broken.pdf: broken" in done.stderr
    line = "2 files are not in the index: 1 binary, 1 broken"
    assert line in colmodern("status", cwd=corpus).stdout
    assert line in colmodern("search", "mending fences", cwd=corpus).stderr
    assert colmodern("search", "mending fences", "--format", "json", cwd=corpus).stderr == ""
    (corpus / "broken.pdf").unlink()
    colmodern("index", corpus)
    done = colmodern("info", "--format", "json", cwd=corpus)
    assert json.loads(done.stdout)["not_indexed"] == {"binary": 1}
