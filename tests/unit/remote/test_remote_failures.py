"""What a store says when it fails: a code, plain words, no secrets."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import colmodern.remote.place as places
from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import CODES, ColModernError, ConfigError, MissingExtraError
from colmodern.indexer import compact, delete, repair, status
from colmodern.remote import collect, pull, push
from colmodern.storage import exists, open_reader
from colmodern.storage.directory.urls import url_of

SECRET = "hidden-from-everybody"
BODY = (
    f"<Error><Code>NamedByTheStore</Code><StringToSign>{SECRET}</StringToSign>"
    f"<AWSAccessKeyId>{SECRET}</AWSAccessKeyId></Error>"
).encode()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store that answers every request with ``store.status``; None: never."""
    over = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if server.status is None:
                over.wait()
                return
            self.send_response(server.status)
            self.send_header("content-length", str(len(BODY)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(BODY)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": SECRET,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "AWS_TIMEOUT": "300ms",
        "COLMODERN_REMOTE_CACHE": str(tmp_path / "cache"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(places, "_RETRIES", 1)
    yield server
    over.set()
    server.shutdown()
    server.server_close()


def told(work):
    with pytest.raises(ColModernError) as caught:
        work()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (401, "remote_refused"),
        (403, "remote_refused"),
        (404, "remote_not_found"),
        (429, "remote_unavailable"),
        (500, "remote_unavailable"),
        (503, "remote_unavailable"),
        (None, "remote_unavailable"),
    ],
)
def test_an_answer_becomes_a_code(remote, store, answer, code):
    path = remote.build()
    store.status = answer
    url = "s3://bucket/some/index"
    for work in (
        lambda: push(path, url),
        lambda: pull(url, remote.folder / "pulled"),
        lambda: Searcher.open(url),
        lambda: collect(url),
    ):
        error = told(work)
        assert error.code == code
        assert url in str(error)
        assert CODES[code].exit_status == 2
    if answer in {401, 403, 429, 500}:
        assert f"HTTP {answer} NamedByTheStore" in str(error)
    assert not (remote.folder / "pulled").exists()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "remote_unavailable"),
        ("AWS_ENDPOINT_URL", "not an address", "option_invalid"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:9000", "option_invalid"),
        ("AWS_ENDPOINT_URL", "http://host:port", "option_invalid"),
        ("AWS_ENDPOINT", "http://[", "option_invalid"),
        ("AWS_ALLOW_HTTP", "perhaps", "option_invalid"),
        ("AWS_ALLOW_HTTP", "false", "option_invalid"),
    ],
)
def test_an_environment_that_cannot_be_is_told(store, monkeypatch, name, value, code):
    store.status = 200
    monkeypatch.setenv(name, value)
    error = told(lambda: Searcher.open("s3://bucket/x"))
    assert error.code == code
    assert code != "option_invalid" or "AWS_ENDPOINT_URL" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "https://host/x",
        "s3://",
        "s3://bad bucket/x",
        "s3://[x/y",
        "s3://bucket/../x",
        "s3://bucket/a//b",
        "file:///",
        f"s3://user:{SECRET}@bucket/x",
        f"s3://bucket/x?X-Amz-Signature={SECRET}",
        f"az://container/x#{SECRET}",
    ],
)
def test_a_url_that_cannot_be_is_told(remote, url):
    path = remote.build()
    for work in (
        lambda: push(path, url),
        lambda: pull(url, remote.folder / "pulled"),
        lambda: Searcher.open(url),
        lambda: collect(url),
    ):
        error = told(work)
        assert error.code == "option_invalid"


def test_what_changes_an_index_refuses_a_url(remote, monkeypatch):
    path = remote.published()
    monkeypatch.chdir(remote.folder)
    url = Path(remote.url)
    for work in (
        lambda: Indexer(url, remote.encoder).build([("a", "text")]),
        lambda: Indexer(url, remote.encoder, shards=2).build([("a", "text")]),
        lambda: delete(remote.url, ["a"]),
        lambda: compact(remote.url),
        lambda: repair(url, remote.encoder),
        lambda: status(url),
        lambda: open_reader(remote.url),
        lambda: exists(remote.url),
        lambda: push(remote.url, "s3://bucket/x"),
        lambda: pull(remote.url, "s3://bucket/x"),
    ):
        error = told(work)
        assert error.code == "index_is_remote"
        assert "colmodern pull" in str(error)
    assert {one.name for one in remote.folder.iterdir()} == {path.name, "store"}


def test_without_the_extra_pip_is_named(remote, monkeypatch):
    path = remote.build()
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    for work in (lambda: push(path, remote.url), lambda: Searcher.open(remote.url)):
        with pytest.raises(MissingExtraError, match=r'pip install "colmodern\[remote\]"'):
            work()
    assert remote.ids(path) == ["a", "b", "c"]


def test_obstore_is_loaded_by_a_url_alone(remote):
    path = remote.published()
    script = (
        "import sys\nfrom colmodern import HashEncoder, Searcher\n"
        "Searcher.open(sys.argv[1], HashEncoder(dim=16)).search('boats')\n"
        "print('obstore' in sys.modules, 'colmodern.remote.place' in sys.modules)"
    )
    for location, loaded in ((path, False), (remote.url, True)):
        done = subprocess.run(
            [sys.executable, "-c", script, str(location)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == f"{loaded} {loaded}\n", done.stderr


@pytest.mark.parametrize(
    ("location", "url"),
    [
        (Path("s3://bucket/x"), "s3://bucket/x"),
        ("S3://bucket/x", "s3://bucket/x"),
        (Path("file:///folder/x"), "file:///folder/x"),
        ("s3://", "s3://"),
        (Path("s3://"), "s3://"),
        ("C:/folder", None),
        ("notes:/x", None),
        ("/s3:/x", None),
        (Path("folder/s3:/x"), None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_url_is(location, url):
    assert url_of(location) == url


def test_an_error_can_be_caught_by_its_kind(remote):
    with pytest.raises(ConfigError):
        push(remote.build(), "ftp://x/y")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the size of files")
def test_a_limit_on_files_is_told_as_a_full_disk(tmp_path, unsynced):
    Indexer(tmp_path / "index", HashEncoder(dim=16)).build([("a", "blue ovens")])
    url = (tmp_path / "store").as_uri()
    program = (
        "import resource, sys; from colmodern.remote import push\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: push(*sys.argv[1:])\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "index"), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.startswith("RemoteError")
    assert "no room left" in told
