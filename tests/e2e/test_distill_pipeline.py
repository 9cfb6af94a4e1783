"""The whole way, small: every stage, every interruption, both layouts."""

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("accelerate")

import pyarrow.parquet as pq  # noqa: E402

from colmodern import Encoder  # noqa: E402
from colmodern.distill import (  # noqa: E402
    Recipe,
    distill,
    ledger,
)
from colmodern.distill.stages import STAGE_NAMES  # noqa: E402
from colmodern.distill.teachers import kept_targets  # noqa: E402
from colmodern.errors import ConfigError  # noqa: E402

from .distill_kit import (  # noqa: E402
    make_data,
    make_second_teacher,
    make_teacher,
    recipe_values,
)

pytestmark = pytest.mark.filterwarnings("ignore")

# After an interruption in the middle: what the first report of the second run must say.
MUST_NOT_BE_REDONE = {
    "targets": lambda first: first["targets"] >= 256,  # reported, though it is not done again
    "warm-start": lambda first: first["warm-start"] > 1500,
    "mine": lambda first: "mine long" in first,
    "teacher": lambda first: first["teacher"] > 1,
    "score": lambda first: first["score"] == 40,  # reported, though the part was not scored again
    "train": lambda first: "train lists" not in first and first["train long"] > 1,
}


class StoppedError(Exception):
    """What a kill looks like from inside."""


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small models gain nothing from more, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="module")
def small_shards():
    """A few hundred tokens a shard, in batches of a few pieces."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kept_targets, "_SHARD_TOKENS", 256)
        patched.setattr(kept_targets, "_TOKENS_A_BATCH", 64)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distill")
    make_teacher(folder / "teacher")
    make_second_teacher(folder / "second")
    make_data(folder / "data")
    return folder


@pytest.fixture(scope="module")
def values(home):
    return recipe_values(home / "teacher", home / "second")


@pytest.fixture(scope="module")
def whole(home, values):
    """A run that nobody interrupted."""
    distill(Recipe.from_dict(values), data=home / "data", out=home / "whole")
    return home / "whole"


def digests(out):
    """Return the SHA-256 of every file that the stages answer for."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and "work" not in path.parts and path.name != ".lock"
    }


def test_every_stage_leaves_its_files(whole):
    for stage in STAGE_NAMES:
        assert (whole / stage / "done.json").exists(), stage
    lists = pq.read_table(whole / "score" / "lists.parquet").to_pylist()
    assert len(lists) > 60
    assert all(2 <= len(row["document_ids"]) <= 4 for row in lists)
    assert all(0.0 <= score <= 1.0 for row in lists for score in row["scores"])
    curve = (whole / "train" / "1-lists" / "curve.csv").read_text().splitlines()
    assert curve[0] == "step,loss,kl,contrastive,regulariser,learning_rate,dev nDCG@10"
    assert len(curve) > 4
    assert (whole / "train" / "1-lists" / "curve.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads((whole / "evaluate" / "report.json").read_text())["rows"]
    assert list(report) == ["start", "warm-start", "lists", "long", "average", "bm25"]
    card = (whole / "export" / "student" / "README.md").read_text()
    for words in (
        "seed is 5",
        "Invented words",
        "| average |",
        "MaxSim",
        "Phase long: 4 steps",
        "weight 0.6",
    ):
        assert words in card


def test_the_student_means_the_same_in_both_libraries(whole):
    from sentence_transformers import MultiVectorEncoder

    folder = whole / "export" / "student"
    texts = ["word1 word2 word3", "word250 nonsense", " ".join(f"word{i}" for i in range(50))]
    theirs = MultiVectorEncoder(str(folder), device="cpu")
    ours = Encoder.load(folder, precision="fp32")
    for wanted, found in (
        (theirs.encode_document(texts), ours.encode_documents(texts)),
        (theirs.encode_query(texts), ours.encode_queries(texts)),
    ):
        for a, b in zip(wanted, found, strict=True):
            assert a.shape == b.vectors.shape
            assert abs(a - b.vectors).max() < 1e-4


def test_a_second_run_does_nothing(home, values, whole):
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("done.json")}
    distill(Recipe.from_dict(values), data=home / "data", out=whole)
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("done.json")} == before


@pytest.mark.parametrize("stage", STAGE_NAMES)
def test_a_stage_killed_at_its_very_end_ends_in_the_same_files(
    home, values, whole, tmp_path, monkeypatch, stage
):
    """The stage has done its work, but not yet said so: it must not trip over its own files."""
    out = tmp_path / "run"
    _copy_before(whole, out, stage)
    honest = ledger.write_json

    def stop(path, content):
        if path.name == "done.json" and path.parent.name == stage:
            raise StoppedError
        honest(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "write_json", stop)
        with pytest.raises(StoppedError):
            distill(Recipe.from_dict(values), data=home / "data", out=out, stages=[stage])
    distill(Recipe.from_dict(values), data=home / "data", out=out, stages=[stage])
    assert _of(stage, digests(out)) == _of(stage, digests(whole))


@pytest.mark.parametrize("stage", MUST_NOT_BE_REDONE)
def test_a_stage_killed_in_the_middle_ends_in_the_same_files(home, values, whole, tmp_path, stage):
    out = tmp_path / "run"
    _copy_before(whole, out, stage)

    def stop(name, done, total):
        is_last = not (stage == "train" and name == "train lists")
        if name.split()[0] == stage and is_last and 0 < total / 2 < done:
            raise StoppedError

    with pytest.raises(StoppedError):
        distill(
            Recipe.from_dict(values), data=home / "data", out=out, stages=[stage], progress=stop
        )
    assert not (out / stage / "done.json").exists()
    seen = []
    distill(
        Recipe.from_dict(values),
        data=home / "data",
        out=out,
        stages=[stage],
        progress=lambda name, done, total: seen.append((name, done)),
    )
    assert _of(stage, digests(out)) == _of(stage, digests(whole))
    first = dict(reversed(seen))
    assert MUST_NOT_BE_REDONE[stage](first), first


# It kills itself: whoever watched from outside could come too late on a busy machine.
KILLED = """
import json, os, signal, sys, threading, time, torch
from pathlib import Path
from colmodern.distill import Recipe, distill

def kill():
    while not any(Path(sys.argv[4]).glob("checkpoint-*/model.safetensors")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
threading.Thread(target=kill, daemon=True).start()
recipe = Recipe.from_dict(json.loads(sys.argv[1]))
distill(recipe, data=sys.argv[2], out=sys.argv[3], stages=["train"])
"""


def test_a_killed_process_goes_on_from_its_checkpoint(home, values, whole, tmp_path):
    """SIGKILL, while checkpoints are being written; the first phase of training is cut short."""
    out = tmp_path / "run"
    _copy_before(whole, out, "train")
    work = out / "train" / "1-lists" / "work"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, json.dumps(values), str(home / "data"), str(out), str(work)],
        capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (out / "train" / "done.json").exists()
    distill(Recipe.from_dict(values), data=home / "data", out=out, stages=["train"])
    assert _of("train", digests(out)) == _of("train", digests(whole))


def test_a_changed_option_redoes_only_what_depends_on_it(home, values, whole, tmp_path):
    out = tmp_path / "run"
    _copy_before(whole, out, "evaluate")
    changed = copy.deepcopy(values)
    changed["train"]["phase"][1]["learning-rate"] = 5e-5
    first = (out / "train" / "1-lists" / "done.json").stat().st_mtime_ns
    distill(Recipe.from_dict(changed), data=home / "data", out=out, stages=["score", "train"])
    assert (out / "train" / "2-long.old-1" / "student").is_dir()  # nothing is deleted
    assert (out / "train" / "2-long" / "student").is_dir()
    assert (out / "train" / "1-lists" / "done.json").stat().st_mtime_ns == first
    assert not (out / "score.old-1").exists()


def test_a_stage_says_which_stage_must_come_first(home, values, tmp_path):
    with pytest.raises(ConfigError, match="run the stage 'prepare' first"):
        distill(Recipe.from_dict(values), data=home / "data", out=tmp_path, stages=["mine"])
    with pytest.raises(
        ConfigError, match="no stage 'mining'; there are prepare, targets, warm-start"
    ):
        distill(Recipe.from_dict(values), data=home / "data", out=tmp_path, stages=["mining"])


def test_both_layouts_and_what_pylate_cannot_say(home, values, whole, tmp_path):
    out = tmp_path / "run"
    _copy_before(whole, out, "export")
    with pytest.raises(ConfigError, match="PyLate's layout cannot say"):
        distill(
            Recipe.from_dict(values),
            data=home / "data",
            out=out,
            stages=["export"],
            layout="pylate",
        )
    assert (whole / "export" / "student" / "model.safetensors").exists()


def test_two_runs_do_not_share_a_folder(home, values, tmp_path):
    import fcntl

    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="Another process"):
            distill(Recipe.from_dict(values), data=home / "data", out=tmp_path / "run")


def _of(stage, found):
    """Return what one stage and those before it answer for."""
    names = STAGE_NAMES[: STAGE_NAMES.index(stage) + 1]
    return {name: digest for name, digest in found.items() if name.split("/")[0] in names}


def _copy_before(whole, out, stage):
    """Copy the stages before one, as if the run had come so far."""
    import shutil

    out.mkdir()
    for name in STAGE_NAMES[: STAGE_NAMES.index(stage)]:
        shutil.copytree(whole / name, out / name)
