"""``colmodern eval`` as a script sees it."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("ir_measures")

from colmodern.__main__ import main

HASH = ("--model", "hash:64:0")


@pytest.fixture
def colmodern(tmp_path, monkeypatch, capsys):
    """Run a command in this process, which is quicker than one of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["colmodern", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(
            args, ended.value.code or 0, stdout=printed.out, stderr=printed.err
        )

    return run


@pytest.fixture
def fruit(tmp_path):
    folder = tmp_path / "fruit"
    (folder / "qrels").mkdir(parents=True)
    documents = {
        "d1": "red apples on a tree",
        "d2": "green pears in a basket",
        "d3": "red plums and green plums",
        "d4": "a basket of bread",
    }
    queries = {"q1": "apples tree", "q2": "green basket", "q3": "bread"}
    for name, rows in (("corpus", documents), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps({"_id": i, "text": text}) + "\n" for i, text in rows.items())
        )
    (folder / "qrels" / "test.tsv").write_text("q1\td1\t1\nq2\td2\t1\nq3\td4\t1\n")
    return folder


def assert_is_an_error(done, *words):
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


def test_eval_prints_systems_side_by_side_and_their_differences(colmodern, fruit):
    done = colmodern("eval", fruit, *HASH, "--against", "bm25,late:exact,bits=2")
    assert done.returncode == 0, done.stderr
    assert "documents         4 (0 without a word)" in done.stdout
    starts = ("system", "hybrid", "late", "BM25")
    head, both, bm25, exact = [
        line for line in done.stdout.splitlines() if line.startswith(starts)
    ][:4]
    assert head.split()[:3] == ["system", "nDCG@10", "R@100"]
    assert both.split()[5:7] == ["1.0000", "1.0000"]
    assert bm25.startswith("BM25")
    assert exact.startswith("late exact, 2 bits")
    assert "p_holm" in done.stdout
    assert done.stdout.count("hybrid medium, 4 bits, scores") == 5, (
        "itself and two rivals in two measures"
    )


def test_the_mode_of_the_first_system_is_said_as_for_a_search(colmodern, fruit):
    for mode, name in (("late", "late medium, 4 bits"), ("bm25", "BM25 of the index")):
        done = colmodern("eval", fruit, *HASH, "--mode", mode, "--format", "json")
        assert done.returncode == 0, done.stderr
        (report,) = json.loads(done.stdout)["reports"]
        assert report["system"].startswith(name)
    assert_is_an_error(
        colmodern("eval", fruit, *HASH, "--mode", "late", "--hybrid"), "--mode hybrid"
    )
    assert_is_an_error(colmodern("eval", fruit, *HASH, "--mode", "lat"), "option_invalid")


def test_eval_speaks_every_format(colmodern, fruit):
    run = ["eval", fruit, *HASH, "--against", "bm25", "--measures", "AP,P@1", "--format"]
    whole = json.loads(colmodern(*run, "json").stdout)
    assert [report["system"] for report in whole["reports"]] == [
        "hybrid medium, 4 bits, scores",
        "BM25",
    ]
    assert [row["measure"] for row in whole["comparisons"]] == ["AP", "P@1"]
    assert whole["comparisons"][0]["a"] == "hybrid medium, 4 bits, scores"
    lines = [json.loads(line) for line in colmodern(*run, "jsonl").stdout.splitlines()]
    head, *rows = [line.split("\t") for line in colmodern(*run, "tsv").stdout.splitlines()]
    for reports in (lines, [dict(zip(head, row, strict=True)) for row in rows]):
        assert [report["system"] for report in reports] == ["hybrid medium, 4 bits, scores", "BM25"]
        assert [float(report["AP"]) for report in reports] == [
            report["AP"] for report in whole["reports"]
        ]


def test_records_are_shown_compared_and_repeated(colmodern, fruit, tmp_path):
    done = colmodern("eval", fruit, *HASH, "--against", "bm25", "--record", "r", "--work", "w")
    assert done.returncode == 0, done.stderr
    ours, bm25 = tmp_path / "r/fruit/hybrid-medium-4-bits-scores", tmp_path / "r/fruit/BM25"
    assert (ours / "run.trec").exists()
    shown = colmodern("eval", "show", ours)
    assert shown.returncode == 0, shown.stderr
    assert (
        "spec late:medium,bits=4,threads=1,model=hash:64:0,mode=hybrid,fusion=scores"
        in shown.stdout
    )
    assert "versions colmodern" in shown.stdout
    values = json.loads(colmodern("eval", "show", ours, "--format", "json").stdout)
    assert values["nDCG@10"] == 1.0
    assert values["environment"]["machine"]["cores"] >= 1
    compared = colmodern("eval", "compare", bm25, ours)
    assert "nDCG@10 on fruit, 3 queries" in compared.stdout
    assert "b is better on" in compared.stdout
    (row,) = json.loads(colmodern("eval", "compare", bm25, ours, "--format", "json").stdout)[
        "comparisons"
    ]
    assert (row["a"], row["b"], row["queries"]) == ("BM25", "hybrid medium, 4 bits, scores", 3)
    again = colmodern("eval", "repeat", ours, "--record", tmp_path / "again", "--work", "w")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[1].split() == ["nDCG@10", "1.0", "1.0"]
    assert (tmp_path / "again" / "run.json").exists()


def test_measurements_and_records_become_a_page(colmodern, fruit, tmp_path):
    pytest.importorskip("matplotlib")
    done = colmodern(
        "eval", fruit, *HASH, "--against", "bm25", "--record", "r", "--html", "page.html"
    )
    assert done.returncode == 0, done.stderr
    assert "page written to page.html" in done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "words a document" in page
    assert "hybrid medium, 4 bits, scores" in page
    records = tmp_path / "r/fruit/BM25", tmp_path / "r/fruit/hybrid-medium-4-bits-scores"
    done = colmodern("eval", "compare", *records, "--measure", "R@100", "--html", "two.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "two.html").read_text()
    assert "R@100 against latency" in page
    assert page.count("machine and versions") == 1
    assert_is_an_error(colmodern("eval", fruit, *HASH, "--html", tmp_path), "Cannot write the page")


def test_an_empty_collection_gets_a_sentence(colmodern, fruit):
    (fruit / "corpus.jsonl").write_text("")
    assert_is_an_error(colmodern("eval", fruit, *HASH), "fruit: the collection holds no document.")


@pytest.mark.parametrize(
    "judgments", ["q1 d1\n", "q1\td1\thigh\n", "q9\td1\t1\n", "q1\td9\t1\n", ""]
)
def test_a_wrong_file_of_judgments_gets_a_sentence(colmodern, fruit, judgments):
    (fruit / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + judgments)
    done = colmodern("eval", fruit, *HASH)
    assert_is_an_error(done)
    assert done.stderr.strip().endswith(".")


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("ir_measures", ()),
        ("bm25s", ("--against", "bm25")),
        ("matplotlib", ("--html", "page.html")),
    ],
)
def test_a_missing_extra_gets_a_sentence(colmodern, fruit, monkeypatch, module, arguments):
    monkeypatch.setitem(sys.modules, module, None)
    done = colmodern("eval", fruit, *HASH, *arguments)
    assert_is_an_error(done, 'pip install "colmodern[eval]"')


def test_efficiency_speaks_every_format(colmodern):
    run = ["eval", "efficiency", *HASH, "--lengths", "16,32", "--tokens", "64", "--repeats", "2"]
    assert "16  variable" in colmodern(*run).stdout
    whole = json.loads(colmodern(*run, "--format", "json").stdout)
    assert (whole["encoder"], len(whole["rows"])) == ("hash:64:0", 4)
    lines = [json.loads(line) for line in colmodern(*run, "--format", "jsonl").stdout.splitlines()]
    assert [line["length"] for line in lines] == [16, 16, 32, 32]
    assert colmodern(*run, "--format", "tsv").stdout.startswith("encoder\tlength\tkind")
    assert_is_an_error(colmodern("eval", "efficiency", *HASH, "--lengths", "many"), "numbers")
    assert_is_an_error(colmodern("eval", "efficiency", *HASH, "--lengths", "1"), "at least 2")


def test_a_repeated_run_that_differs_ends_with_one(colmodern, fruit, tmp_path):
    assert colmodern("eval", fruit, *HASH, "--record", "r").returncode == 0
    record = tmp_path / "r/fruit/hybrid-medium-4-bits-scores/run.json"
    record.write_text(record.read_text().replace('"R@100": 1.0', '"R@100": 0.5'))
    done = colmodern("eval", "repeat", record.parent, "--format", "tsv")
    assert done.returncode == 1
    assert "R@100\t0.5\t1.0" in done.stdout
    assert "differ" in done.stderr


def test_hybrid_and_several_collections(colmodern, fruit, tmp_path):
    (tmp_path / "pairs.jsonl").write_text('{"query": "apples", "positive": "red apples"}\n')
    done = colmodern("eval", fruit, "pairs.jsonl", *HASH, "--hybrid", "--format", "jsonl")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["dataset"] for report in reports] == ["fruit", "pairs"]
    assert {report["system"] for report in reports} == {"late medium, 4 bits + BM25"}


def test_a_users_mistakes_each_get_a_sentence(colmodern, fruit, tmp_path):
    run = ["eval", fruit, *HASH]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_is_an_error(colmodern("eval", empty), "corpus.jsonl")
    assert_is_an_error(colmodern("eval", tmp_path / "nowhere"), "nowhere")
    assert_is_an_error(colmodern(*run, "--measures", "nonsense"), "no measure")
    assert_is_an_error(colmodern(*run, "--against", "elastic"), "no system", "elastic")
    assert_is_an_error(
        colmodern(*run, "--against", "late:mode=hybrid"), "hybrid medium, 4 bits, scores"
    )
    assert_is_an_error(colmodern(*run, "--split", "dev"), "test")
    assert_is_an_error(colmodern(*run, "--bits", "3"), "bits")
    assert_is_an_error(colmodern(*run, fruit, "--record", "r"), "same name")
    (tmp_path / "full" / "fruit" / "hybrid-medium-4-bits-scores").mkdir(parents=True)
    (tmp_path / "full" / "fruit" / "hybrid-medium-4-bits-scores" / "x").touch()
    assert_is_an_error(colmodern(*run, "--record", "full"), "not empty")
    assert_is_an_error(colmodern("eval", "show", empty), "no record")
    assert_is_an_error(colmodern("eval", "compare", empty), "two records")
    assert_is_an_error(colmodern("eval", "repeat", empty), "no record")
    (fruit / "qrels" / "test.tsv").write_text("q1\td9\t1\n")
    assert_is_an_error(colmodern(*run), "'d9'", "1 of 1 judgments")


def test_it_is_the_same_in_a_process_of_its_own(fruit, tmp_path):
    command = [sys.executable, "-m", "colmodern", "eval", str(fruit), *HASH, "--format", "json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reports"][0]["nDCG@10"] == 1.0
    assert done.stderr == ""


def test_help_of_the_group_and_of_the_command_by_default(colmodern):
    whole = colmodern("eval", "--help").stdout
    for word in ("measure", "show", "compare", "repeat", "efficiency"):
        assert word in whole
    assert "--against" in colmodern("eval", "measure", "--help").stdout
    assert colmodern("eval").returncode in (0, 2)
