"""DSPy's client of ColBERT asks a server of ours."""

import subprocess
import sys

import pytest

dspy = pytest.importorskip("dspy")


@pytest.fixture
def url(index):
    command = [sys.executable, "-m", "colmodern", "serve", str(index), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        yield "http" + line.partition("http")[2].split()[0]
        server.terminate()


def test_the_client_gets_passages(url):
    search = dspy.ColBERTv2(url=f"{url}/api/search")
    found = search("revoke a key that has leaked", k=2)
    assert len(found) == 2
    assert "An officer may revoke" in found[0]["long_text"]
