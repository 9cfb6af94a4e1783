"""Every command takes a shard set, and parts are encoded as an array job would."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colmodern.cli.app import app
from colmodern.storage import open_reader

ROOT = Path(__file__).parents[2]
MODEL = "hash:64:0"
pytestmark = pytest.mark.usefixtures("unsynced")


@pytest.fixture(autouse=True)
def _own_state(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.txt").write_text(f"amber basalt cedar number{number} " * 4)
    return folder


def run(*words, status=0):
    done = CliRunner().invoke(app, [*map(str, words)])
    assert done.exit_code == status, (words, done.output, done.stderr, done.exception)
    return done


def values(*words, status=0):
    return json.loads(run(*words, "--format", "json", status=status).stdout)


def test_every_command_takes_a_set(corpus, tmp_path):
    place = tmp_path / "s"
    on = ("--index", place)
    assert values("index", corpus, *on, "--shards", 3, "--model", MODEL)["documents"] == 9
    assert values("search", "number4", *on, "--mode", "bm25")["hits"][0]["id"] == "4.txt"
    assert values("explain", "amber", "4.txt", *on)["id"] == "4.txt"
    about = values("info", *on)
    assert (about["shards"], about["documents"], about["generation"]) == (3, 9, 1)
    assert "sound" in run("verify", *on).stdout
    assert values("status", *on)["unchanged"] == 9
    assert "deleted 1 of 1" in run("delete", "4.txt", *on).stdout
    assert values("compact", *on)["documents"] == 8
    (corpus / "new.txt").write_text("green boats")
    assert values("index", corpus, *on, "--model", MODEL)["added"] == 1
    assert values("search", "boats", *on, "--mode", "bm25")["hits"][0]["id"] == "new.txt"


def test_parts_by_hand(corpus, tmp_path):
    on = ("--index", tmp_path / "s")
    run("part", "plan", corpus, *on, "--model", MODEL, status=1)
    planned = values(
        "part", "plan", corpus, *on, "--model", MODEL, "--shards", 2, "--part-tokens", 40
    )
    assert (planned["added"], planned["parts"] > 2) == (9, True)
    run("part", "commit", *on, status=1)
    run("part", "encode", *on, status=2)
    run("part", "encode", *on, "--part", 1, "--task", 1, "--tasks", 2, status=2)
    run("part", "encode", *on, "--task", 3, "--tasks", 2, status=2)
    numbers = range(1, planned["parts"] + 1)
    for number in numbers:
        assert values("part", "encode", *on, "--part", number)["encoded"] == 1
    assert values("part", "encode", *on, "--part", 1)["done_before"] == 1
    again = values(
        "part", "plan", corpus, *on, "--model", MODEL, "--shards", 2, "--part-tokens", 40
    )
    assert again["continued"] == 9
    assert values("part", "commit", *on)["documents"] == 9
    run("part", "commit", *on, status=1)
    assert "sound" in run("verify", *on).stdout
    nothing = values("part", "plan", corpus, *on, "--model", MODEL)
    assert (nothing["parts"], nothing["added"]) == (0, 0)


def test_a_new_set_takes_the_codec_of_another_index(corpus, tmp_path):
    run("index", corpus, "--index", tmp_path / "one", "--model", MODEL)
    on = ("--index", tmp_path / "s")
    run("part", "plan", corpus, *on, "--model", MODEL, "--shards", 2, "--codec", tmp_path / "one")
    run("part", "encode", *on, "--task", 1, "--tasks", 1)
    run("part", "commit", *on)
    with open_reader(tmp_path / "one") as one, open_reader(tmp_path / "s") as shards:
        assert shards.codec.fingerprint == one.codec.fingerprint


def environment(folder):
    """Where `colmodern` is this program."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "colmodern").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m colmodern "$@"\n')
    (tools / "colmodern").chmod(0o755)
    return os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def slurm_tasks(place):
    script = ROOT / "examples" / "array" / "encode.sbatch"
    assert "#SBATCH --array=1-16" in script.read_text()
    for number in (1, 2):
        own = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_COUNT": "2"}
        yield ["bash", str(script)], own | {"SET": str(place)}


def kubernetes_tasks(place):
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((ROOT / "examples" / "array" / "encode-job.yaml").read_text())
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    own = {one["name"]: one["value"] for one in container["env"]}
    assert own["TASKS"] == str(job["spec"]["completions"])
    own |= {"SET": str(place), "TASKS": "2"}
    for index in range(2):
        command = [*container["command"], *container["args"]]
        yield command, own | {"JOB_COMPLETION_INDEX": str(index)}


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("tasks", [slurm_tasks, kubernetes_tasks])
def test_the_files_of_array_jobs(corpus, tmp_path, tasks):
    place = tmp_path / "s"
    run(
        "part", "plan", corpus, "--index", place, "--model", MODEL, "--shards", 2,
        "--part-tokens", 40,
    )  # fmt: skip
    variables = environment(tmp_path)
    started = [
        subprocess.Popen(command, env=variables | own, stdout=subprocess.PIPE)
        for command, own in tasks(place)
    ]
    done = [json.loads(one.communicate()[0]) for one in started]
    assert [one.returncode for one in started] == [0, 0]
    assert sum(one["documents"] for one in done) == 9
    assert values("part", "commit", "--index", place)["documents"] == 9
