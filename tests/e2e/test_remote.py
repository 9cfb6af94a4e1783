"""The commands against an S3 server: published by several, searched, served, killed and full."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colmodern.cli.app import app
from colmodern.cli.exit_status import ExitStatus

pytest.importorskip("moto")
from fuzz.campaigns.object_store import BUCKET, object_store

ROOT = Path(__file__).parents[2]
MODEL = "hash:64:0"
NUMBERS = count()
pytestmark = pytest.mark.usefixtures("unsynced")


@pytest.fixture(scope="module")
def store():
    with object_store() as environment:
        yield environment


@pytest.fixture(autouse=True)
def url(store, monkeypatch, tmp_path):
    """A prefix of its own, and an environment that reaches it."""
    for name, value in store.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLMODERN_REMOTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return f"s3://{BUCKET}/{next(NUMBERS)}"


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


def values(*words):
    return json.loads(run(*words, "--format", "json").stdout)


def program(*words, **options):
    command = [sys.executable, "-m", "colmodern", *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def indexed(corpus, place, *options):
    values("index", corpus, "--index", place, "--model", MODEL, *options)
    return place


def hits_of(location, query="number4"):
    found = values("search", query, "--index", location, "--mode", "bm25")["hits"]
    return [(hit["id"], hit["score"]) for hit in found]


def test_what_is_pushed_is_searched_pulled_changed_and_pushed_again(corpus, tmp_path, url):
    place = indexed(corpus, tmp_path / "i", "--shards", 3)
    assert values("push", place, url)["number"] == 1
    assert hits_of(url) == hits_of(place)
    assert values("explain", "amber", "4.txt", "--index", url)["id"] == "4.txt"
    assert values("info", "--index", url)["index"] == url
    assert run("verify", "--index", url).stdout == f"{url}: sound\n"
    pulled = tmp_path / "pulled"
    assert values("pull", url, pulled)["fetched"] > 5
    (corpus / "new.txt").write_text("green boats")
    indexed(corpus, pulled)
    assert values("push", pulled, url)["number"] == 2
    assert [doc for doc, _ in hits_of(url, "boats")] == ["new.txt"]
    # The one that was there first knows nothing of it.
    (corpus / "other.txt").write_text("black boats")
    indexed(corpus, place)
    said = run("push", place, url, status=1).exception
    assert said.code == "remote_conflict"
    report = values("gc", url, "--keep", 1, "--younger-than", 0)
    assert (report["publications"], report["removed_publications"]) == (1, 1)
    assert report["removed_files"] > 0
    assert "sound" in run("verify", "--index", url).stdout


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_of_processes_that_publish_at_once_one_wins(corpus, tmp_path, url):
    places = [indexed(corpus, tmp_path / f"p{number}") for number in range(2)]
    for number, place in enumerate(places):
        (corpus / "own.txt").write_text(f"boats of publisher{number}")
        indexed(corpus, place)
    publishers = [program("push", place, url) for place in places]
    told = [(one.communicate(timeout=300)[1], one.returncode) for one in publishers]
    winners = [number for number, (_, status) in enumerate(told) if status == 0]
    assert len(winners) == 1, told
    assert all("error [remote_conflict]" in said for said, status in told if status)
    assert all("Traceback" not in said for said, _ in told)
    assert hits_of(url, "boats") == hits_of(places[winners[0]], "boats")


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("campaign", ["pushes", "pulls"])
def test_killed_at_random_moments(campaign):
    """A light run; the whole campaign is fifty of each."""
    command = [sys.executable, "-m", "fuzz.campaigns", campaign, "--runs", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 runs, 0 with findings" in done.stdout


def asked(address, query):
    body = json.dumps({"query": query, "mode": "bm25"}).encode()
    request = urllib.request.Request(f"{address}/v1/search", data=body)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        return [hit["id"] for hit in json.load(answer)["hits"]]


def test_a_server_goes_on_with_what_is_published_later(corpus, tmp_path, url):
    place = indexed(corpus, tmp_path / "i", "--shards", 2)
    run("push", place, url)
    server = program("serve", url, "--port", 0, "--format", "json")
    try:
        address = json.loads(server.stdout.readline())["url"]
        assert asked(address, "number4")[0] == "4.txt"
        (corpus / "new.txt").write_text("green boats")
        indexed(corpus, place)
        run("push", place, url)
        ends = time.monotonic() + 300  # on a machine as busy as any
        while not (found := asked(address, "boats")):
            assert server.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.2)
        assert found == ["new.txt"]
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=300)[1]
    assert "Traceback" not in said


def test_a_server_of_a_url_does_not_write(tmp_path, url):
    tokens = tmp_path / "tokens"
    tokens.write_text("read,write " + "t" * 20 + "\n")
    words = ("serve", url, "--writable", "--token-file", tokens, "--port", 0)
    assert run(*words, status=1).exception.code == "index_is_remote"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the kernel")
def test_a_full_disk_of_the_cache_is_named(corpus, tmp_path, url):
    (corpus / "large.txt").write_text("amber basalt " * 20_000)
    run("push", indexed(corpus, tmp_path / "i"), url)
    shell = (
        f"ulimit -f 64; trap '' XFSZ; exec {sys.executable} -m colmodern search amber --index {url}"
    )
    done = subprocess.run(
        ["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "error [cache_full]" in done.stderr
    assert str(tmp_path / "cache") in done.stderr
    assert "Traceback" not in done.stderr
    assert hits_of(url, "number4")


def test_what_is_wrong_is_told_without_a_trace(corpus, tmp_path, url):
    place = indexed(corpus, tmp_path / "i")
    nowhere = "s3://no-such-bucket/x"
    wrong = {
        ("push", place, nowhere): "remote_not_found",
        ("search", "x", "--index", nowhere): "remote_not_found",
        ("search", "x", "--index", url): "index_not_found",
        ("pull", url, tmp_path / "new"): "index_not_found",
        ("gc", url): "index_not_found",
        ("delete", "x", "--index", url): "index_is_remote",
        ("compact", "--index", url): "index_is_remote",
        ("repair", "--index", url): "index_is_remote",
        ("status", "--index", url): "index_is_remote",
        ("index", corpus, "--index", url, "--model", MODEL): "index_is_remote",
        ("part", "commit", "--index", url): "index_is_remote",
        ("push", url, url): "index_is_remote",
        ("search", "x", "--index", "gopher://x/y"): "index_not_found",
    }
    for words, code in wrong.items():
        assert run(*words, status=1).exception.code == code, words
    assert not (tmp_path / "new").exists()


@pytest.fixture
def silent(monkeypatch):
    """A store that takes connections and says nothing; call to wait for the next connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server.accept


@pytest.mark.parametrize(
    ("words", "number", "status"),
    [
        (("pull", "s3://silent/x", "copy.cmi"), "SIGINT", ExitStatus.INTERRUPTED),
        (("pull", "s3://silent/x", "copy.cmi"), "SIGTERM", ExitStatus.TERMINATED),
        (("info", "--index", "s3://silent/x"), "SIGINT", ExitStatus.INTERRUPTED),
    ],
)
def test_a_signal_ends_the_wait_for_a_silent_store(silent, words, number, status):
    # A program that was started in the background ignores SIGINT, and so do its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with program(*words) as process:
        signal.signal(signal.SIGINT, before)
        connection, _ = silent()
        process.send_signal(signal.Signals[number])
        assert process.wait(25) == status  # the store's client gives up after a minute
        connection.close()
