"""--backend torch: an index made with it is searched without it, and what it refuses."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("sentence_transformers")


@pytest.fixture
def colmodern(tmp_path):
    def run(*args):
        return subprocess.run(
            [sys.executable, "-m", "colmodern", *map(str, args)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
            timeout=600,
        )

    return run


def test_what_torch_indexed_is_searched_with_either(colmodern, tmp_path):
    (tmp_path / "keys.md").write_text("A leaked signing key is revoked by the officer on duty.")
    (tmp_path / "trains.txt").write_text("Trains to the coast leave from platform nine.")
    run = ("--backend", "torch", "--device", "cpu", "--batch-tokens", "64")
    done = colmodern("index", ".", "--index", "index", *run)
    assert done.returncode == 0, done.stderr
    found = []
    for more in ((), ("--backend", "torch")):
        search = colmodern(
            "search", "who revokes a key?", "--index", "index", "--format", "json", *more
        )
        assert search.returncode == 0, search.stderr
        found.append({h["id"]: h["score"] for h in json.loads(search.stdout)["hits"]})
    assert list(found[0]) == list(found[1]) == ["keys.md", "trains.txt"]
    assert found[0] == pytest.approx(found[1], abs=0.1)  # bytes against floats
    explained = colmodern("explain", "key", "keys.md", "--index", "index", "--backend", "torch")
    assert "signing key" in explained.stdout
    assert colmodern("compact", "--retrain", "--index", "index", *run[:4]).returncode == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--device", "cpu"), "--device needs --backend torch"),
        (("--compile",), "--compile needs --backend torch"),
        (("--batch-tokens", "9"), "--batch-tokens needs --backend torch"),
        (("--backend", "torch", "--device", "cuda:7"), "cannot use the device 'cuda:7'"),
        (("--backend", "torch", "--precision", "int8"), "auto, fp32 or bf16"),
    ],
)
def test_options_that_do_not_go_together_get_a_sentence(colmodern, tmp_path, options, word):
    (tmp_path / "a.txt").write_text("a text")
    done = colmodern("index", "a.txt", "--index", "index", *options)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "index" / "manifest.json").exists()
