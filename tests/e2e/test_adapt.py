"""``colmodern adapt`` on a small corpus: a student, an index made with it, a report, mistakes."""

import json

import pytest
from typer.testing import CliRunner

from colmodern import Searcher
from colmodern.cli.app import app
from colmodern.distill.adapt import fitting, general
from colmodern.distill.adapt.student import REPORT_FILE
from colmodern.distill.locked import alone
from colmodern.errors import ColModernError, InputError

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
