"""A build by Ray: a worker is killed, then the driver; the bytes are those of a plain build.

Everything is in processes of their own, as Ray keeps threads and handlers in each that uses it.
"""

import os
import signal
import subprocess
import sys

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.indexer.shards.commit import unfinished
from colmodern.indexer.shards.plan import read_plan
from colmodern.request import IndexConfig
from colmodern.storage import verify

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are ended as Linux does"),
]

DRIVER = '''
import os, signal, sys
from colmodern import HashEncoder, Indexer
from colmodern.cluster import RayRunner
from colmodern.request import IndexConfig

folder, driver = sys.argv[1], os.getpid()


def once(name):
    try:
        os.close(os.open(os.path.join(folder, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


class Mortal(HashEncoder):
    """Kills its own process at its first part, and the driver at its third."""

    def encode_documents(self, texts):
        with open(os.path.join(folder, "niceness"), "w") as file:
            file.write(str(os.nice(0)))
        if once("first"):
            os.kill(os.getpid(), signal.SIGKILL)
        if not once("second") and once("third"):
            os.kill(driver, signal.SIGKILL)
        return super().encode_documents(texts)


def load(name):
    return Mortal(dim=32)


documents = [(f"d{n}", f"amber basalt number{n}") for n in range(700)]
encoder = HashEncoder(dim=32)
runner = RayRunner(encoders=1, load=load)
config = IndexConfig(n_centroids=8, sample_tokens=100)
path = os.path.join(folder, "ray")
indexer = Indexer(path, encoder, config=config, shards=4, runner=runner)
report = indexer.build(documents)
print(report.documents, report.continued > 0)
'''


def run(folder):
    script = folder / "driver.py"
    script.write_text(DRIVER)
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, script, folder]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def files_of(path):
    return {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def test_a_worker_and_then_the_driver_are_killed(tmp_path):
    documents = [(f"d{n}", f"amber basalt number{n}") for n in range(700)]
    # Of 512 documents the codec is trained on the vectors, and workers need not encode those.
    config = IndexConfig(n_centroids=8, sample_tokens=100)
    Indexer(tmp_path / "here", HashEncoder(dim=32), config=config, shards=4).build(documents)
    killed = run(tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "first").exists()
    assert int((tmp_path / "niceness").read_text()) == os.nice(0)  # as a build without Ray
    plan = read_plan(tmp_path / "ray" / "plan")
    assert 0 < len(unfinished(plan)) < len(plan.parts)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["700", "True"]
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "here")
    assert verify(tmp_path / "ray") == []
