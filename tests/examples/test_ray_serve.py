"""Ray Serve starts the shards of a set and a coordinator, where ``ray[serve]`` is installed.

It is in no extra: this was run by hand, in an environment that has it.
"""

import json
import os
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from colmodern import HashEncoder, Indexer, Searcher

FILE = Path(__file__).parents[2] / "examples" / "ray" / "serve_shards.py"
HAS_SERVE = find_spec("ray") is not None and find_spec("fastapi") is not None

RUN = """
import ray
ray.init(address="local", num_cpus=4, include_dashboard=False, object_store_memory=128 << 20)
from ray import serve
for _ in range(10):  # on a busy machine its proxy may need more than a minute
    try:
        serve.start()
        break
    except TimeoutError:
        pass
import serve_shards
serve_shards.run()
print("started", flush=True)
input()
"""


@pytest.mark.slow
@pytest.mark.skipif(not HAS_SERVE, reason="needs ray[serve]")
def test_a_set_is_searched_through_ray_serve(tmp_path):
    encoder = HashEncoder(dim=32)
    documents = [(f"d{number}", f"amber number{number} ovens") for number in range(12)]
    Indexer(tmp_path / "set", encoder, shards=2).build(documents)
    more = {
        "SET": str(tmp_path / "set"),
        "CPUS": "0.5",
        "PYTHONPATH": str(FILE.parent),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "300",
        "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "300",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=os.environ | more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert any(line.strip() == "started" for line in process.stdout)
            body = json.dumps({"query": "number7 ovens", "k": 3}).encode()
            request = urllib.request.Request("http://127.0.0.1:8000/v1/search", body)
            with urllib.request.urlopen(request) as response:
                answer = json.load(response)
        finally:
            process.kill()
    with Searcher.open(tmp_path / "set", encoder) as searcher:
        expected = searcher.search("number7 ovens", k=3).to_dict()["hits"]
    assert (answer["hits"], answer["partial"]) == (expected, False)
