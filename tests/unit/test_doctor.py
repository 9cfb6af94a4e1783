"""What `colmodern doctor` finds, and that it changes nothing and asks no network unasked."""

import json
import socket
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colmodern import HashEncoder, Indexer
from colmodern.cli.app import app
from colmodern.doctor import Finding, State, examine, hub, machine, program
from colmodern.kernels import available_isas, isa


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index"
    Indexer(path, HashEncoder(dim=16)).build([("a", "a leaked key"), ("b", "bread")])
    return path


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch):
    def connect(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", connect)


def found(*args, **options):
    return {(one.area, one.name): one for one in examine(*args, **options)}


def run(*words):
    done = CliRunner().invoke(app, ["doctor", *words])
    return done.exit_code, done.stdout


def test_a_sound_index_and_its_model_are_good(index):
    all_found = found(index)
    assert [one for one in all_found.values() if one.state is State.PROBLEM] == []
    assert all_found["index", "documents"].value == 2
    assert all_found["model", "name"].value == "hash:16:0"
    assert all_found["model", "dimensions"].value == 16
    assert all_found["program", "instruction sets"].value == list(available_isas())
    assert all_found["hub", "answers"].value == "not asked; --network asks"


def test_a_model_that_did_not_make_the_index_is_told(index):
    one = found(index, model="hash:16:7")["model", "fingerprint"]
    assert one.state is State.PROBLEM
    assert HashEncoder(dim=16).fingerprint in one.advice
    assert found(index, model="hash:16:0")["model", "fingerprint"].state is State.GOOD


def test_json_says_it_all_and_the_exit_status_that_it_is_sound(index):
    code, text = run("--index", str(index), "--format", "json")
    values = json.loads(text)
    assert (code, values["sound"]) == (0, True)
    assert {one["area"] for one in values["findings"]} == {
        *("program", "machine", "model", "index", "hub")
    }
    assert all(
        one.keys() == {"area", "name", "value", "state", "advice"} for one in values["findings"]
    )


@pytest.mark.parametrize("form", ["human", "tsv", "jsonl"])
def test_a_damaged_file_is_a_problem_with_advice_in_every_form(index, form):
    (file,) = index.glob("segment-*/tokens.arrow")
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    before = {path: path.read_bytes() for path in index.rglob("*") if path.is_file()}
    code, text = run("--index", str(index), "--format", form)
    assert code == 1
    assert "colmodern repair" in text
    assert "tokens.arrow" in text
    assert {path: path.read_bytes() for path in index.rglob("*") if path.is_file()} == before


def test_what_is_no_index_and_no_model_is_told_by_its_code(tmp_path):
    all_found = found(tmp_path, model="no-model")
    assert all_found["index", "opened"].value == "index_not_found"
    assert all_found["model", "loaded"].value == "encoder_not_found"
    assert all_found["model", "loaded"].state is State.PROBLEM


def test_ready_vectors_need_no_model(tmp_path):
    assert found(model="vectors:16")["model", "loaded"].state is State.GOOD


@pytest.mark.parametrize(
    ("asked", "state"),
    [("reference", State.NOTE), ("scalar", State.NOTE), ("riscv", State.PROBLEM)],
)
def test_an_instruction_set_that_is_asked_for_is_told(monkeypatch, asked, state):
    monkeypatch.setenv("COLMODERN_ISA", asked)
    isa._resolve.cache_clear()
    (kernels,) = (one for one in program.program_findings() if one.name == "kernels")
    assert (kernels.value, kernels.state) == (asked, state)
    assert kernels.advice


def test_a_machine_that_gives_little_is_noted(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "available_memory", lambda: 1 << 20)
    monkeypatch.setattr(machine, "_quota", lambda: 0.5)
    monkeypatch.setattr(machine, "_MAPS", tmp_path / "maps")
    (tmp_path / "maps").write_text("100\n")
    all_found = {one.name: one for one in machine.machine_findings()}
    for name in ("memory available", "threads", "memory maps"):
        assert all_found[name].state is State.NOTE, name


def test_a_temporary_folder_that_cannot_be_written_is_a_problem(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    assert machine._scratch().state is State.PROBLEM


def test_the_hub_is_asked_only_if_that_is_wanted(monkeypatch):
    def refused(*_, **__):
        raise OSError("no route")

    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("urllib.request.urlopen", refused)
    *_, answers = hub.hub_findings(network=True)
    assert (answers.state, answers.value) == (State.NOTE, "no: no route")


def test_a_token_is_never_shown(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "secret" not in str([one.to_dict() for one in hub.hub_findings(network=False)])


def test_what_could_steer_a_terminal_is_shown_as_text(capsys):
    from colmodern.cli.printing.findings import print_findings
    from colmodern.cli.printing.terminal import Format

    print_findings([Finding("index", "x", "a\x1b[31mb", State.NOTE, "c\x1bd")], Format.HUMAN)
    assert "\x1b" not in capsys.readouterr().out


def test_the_nearest_index_is_looked_at(index, monkeypatch, tmp_path):
    home = tmp_path / "docs" / ".colmodern"
    home.parent.mkdir()
    index.rename(home)
    monkeypatch.chdir(home.parent)
    code, text = run("--format", "json")
    assert code == 0
    (shown,) = [one for one in json.loads(text)["findings"] if one["name"] == "index"]
    assert Path(shown["value"]) == home
