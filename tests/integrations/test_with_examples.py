"""Every example runs and shows what it is to show; those of frameworks where they are installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "integrations"
NEEDS = {
    "agent_tool": None,
    "with_dspy": "dspy",  # needs a server: test_with_dspy.py
    "with_haystack": "haystack",
    "with_langchain": "langchain_core",
    "with_llamaindex": "llama_index.core",
    "with_pylate": None,
    "with_pyterrier": "pyterrier",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder with the examples and the handbook, indexed."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "examples").mkdir()
    (folder / "examples" / "handbook").symlink_to(ROOT / "examples" / "handbook")
    copied = folder / "handbook"
    command = [sys.executable, "-m", "colmodern", "index", str(ROOT / "examples/handbook")]
    subprocess.run([*command, "--index", str(copied)], check=True, timeout=600)
    return copied


def test_every_example_is_known():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(NEEDS)


@pytest.mark.parametrize("name", sorted(NEEDS.keys() - {"with_dspy"}))
def test_an_example_shows_the_passage(name, checkout, tmp_path):
    if NEEDS[name]:
        pytest.importorskip(NEEDS[name])
    code = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    code = code.replace("examples/handbook/.colmodern", str(checkout))
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "key" in done.stdout
    if "handbook" in code:
        assert "security/key-management.md" in done.stdout
