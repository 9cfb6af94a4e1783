"""A light run of each campaign: nothing lost, torn, hung, untyped, or untold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork and limits of the kernel")

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("campaign", "n_runs"), [("kills", 20), ("flips", 60), ("crafted", 60)])
def test_a_campaign_finds_nothing(campaign, n_runs):
    command = [sys.executable, "-m", "fuzz.campaigns", campaign, "--runs", str(n_runs)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{n_runs} runs, 0 with findings" in done.stdout
