"""Does a process of its own write what the server accepted, whatever becomes of either?"""

import os
import shutil
import sys
import threading
import time

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.errors import EncoderMismatchError, IndexCorruptError, IndexLockedError
from colmodern.serve.writing import commit, process, process_main
from colmodern.serve.writing.commit import OwnCommitter, Stopped
from colmodern.serve.writing.jobs import JobKind, JobState, Journal, journal_folder
from colmodern.serve.writing.process import ProcessDiedError, WritingProcess
from colmodern.storage import IndexReader, IndexWriter
from colmodern.storage.directory.lock import WriterLock
from colmodern.types import Document

from .kit import ENCODER, ended

LONG = 60.0

# Documents with some ids do something else to the process than to be committed.
_MISBEHAVING = """
import os, time
from colmodern.indexer import Indexer
update = Indexer.update
def updating(self, documents, **options):
    for one in documents:
        if one.id == "deadly":
            os._exit(9)
        if one.id == "endless":
            print("begun", flush=True)
            while True:
                options["progress"]("encode", 0, 1) if one.text == "asks" else time.sleep(1)
        if one.id == "faulty":
            raise KeyError("nobody foresaw this")
    return update(self, documents, **options)
Indexer.update = updating
"""


@pytest.fixture
def journal(index):
    made = Journal(journal_folder(index), most=100)
    yield made
    made.release()


@pytest.fixture
def misbehaving(monkeypatch):
    start = process._START.replace("from colmodern", _MISBEHAVING.strip() + "\nfrom colmodern", 1)
    monkeypatch.setattr(process, "_START", start.replace("{path!r}; ", "{path!r}\n"))


@pytest.fixture
def writing(index):
    running = []

    def make():
        running.append(WritingProcess(index))
        return running[-1]

    yield make
    for one in running:
        one.stop()
        one.close()


def put(journal, doc_id, text="purple bicycles"):
    return journal.add(JobKind.PUT, [Document(doc_id, text)])


def ids_in(index):
    with Searcher.open(index, ENCODER) as searcher:
        return searcher.search("purple bicycles", k=100).doc_ids


def test_an_index_made_again_with_another_encoder_is_written_to_with_that_one(
    index, journal, writing
):
    committer = writing()
    committer.commit([put(journal, "p")])
    shutil.rmtree(index)
    other = HashEncoder(dim=64, seed=5)
    Indexer(index, other).build([("b", "green trains")])
    committer.commit([put(journal, "n")])
    with IndexReader.open(index) as reader:
        assert reader.manifest.encoder.fingerprint == other.fingerprint
        assert reader.n_documents == 2


def test_an_index_that_names_what_is_another_encoder_here_is_told_each_time(index, monkeypatch):
    def refuse(*_, **__):
        raise EncoderMismatchError(index_encoder="default (a)", given_encoder="default (b)")

    monkeypatch.setattr(process_main, "encoder_of", refuse)
    committing = process_main._Committing(index)
    for _ in range(2):
        assert isinstance(committing.commit([]), EncoderMismatchError)


def test_another_process_commits_and_the_server_serves_it(writable):
    client = writable(encoder=None)
    assert isinstance(client.server.writers["i"]._committer, WritingProcess)
    rows = [{"id": name, "text": "purple bicycles"} for name in ("new", "x")]
    told = ended(client, client.put("/v1/documents", json={"documents": rows}))
    assert (told["state"], told["generation"]) == ("done", 2)
    found = client.post("/v1/search", json={"query": "purple bicycles", "k": 2}).json()
    assert [hit["id"] for hit in found["hits"]] == ["new", "x"]
    assert ended(client, client.delete("/v1/documents/x"))["generation"] == 3
    assert ended(client, client.post("/v1/compact"))["state"] == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="it is started with a lower class there")
def test_searches_go_before_it(writing, journal):
    one = writing()
    one.commit([put(journal, "new")])
    own, lowest = os.getpriority(os.PRIO_PROCESS, 0), 19
    wanted = min(lowest, own + process_main._NICE)
    assert os.getpriority(os.PRIO_PROCESS, one._process.pid) == wanted


def test_one_that_is_killed_is_started_again_and_its_jobs_are_done(writable):
    client = writable(encoder=None)
    for number in range(3):
        client.server.writers["i"]._committer._process.kill()
        row = {"id": f"n{number}", "text": "purple bicycles"}
        told = ended(client, client.put("/v1/documents", json={"documents": [row]}))
        assert told["state"] == "done"
        assert client.get(f"/v1/documents/n{number}").status_code == 200


def test_a_job_that_kills_it_fails_alone_and_says_so(misbehaving, writable, index, journal):
    for name in ("one", "deadly", "faulty", "two"):
        put(journal, name)
    journal.release()
    client = writable(encoder=None)
    while client.server.writers["i"].journal.n_waiting:
        time.sleep(0.01)
    told = [client.get(f"/v1/jobs/i-{number}").json() for number in (1, 2, 3, 4)]
    assert [one["state"] for one in told] == ["done", "failed", "failed", "done"]
    assert [one["error"]["code"] for one in told[1:3]] == ["internal"] * 2
    assert "ProcessDied" in told[1]["error"]["message"]
    assert {"one", "two"} <= set(ids_in(index))
    assert "deadly" not in ids_in(index)


def test_what_went_wrong_is_told_as_in_the_process_itself(misbehaving, writing, index, journal):
    one = writing()
    with pytest.raises(RuntimeError, match="KeyError: 'nobody foresaw this'"):
        one.commit([put(journal, "faulty")])
    with IndexWriter.open(index), pytest.raises(IndexLockedError) as found:
        one.commit([put(journal, "new")])
    assert found.value.path == index
    one.commit([put(journal, "new")])
    assert "new" in ids_in(index)


def test_one_that_dies_says_how(misbehaving, writing, journal):
    one = writing()
    with pytest.raises(ProcessDiedError, match="status 9"):
        one.commit([put(journal, "deadly")])
    one.commit([put(journal, "new")])


def test_one_that_dies_as_it_is_told_says_how(writing, journal, monkeypatch):
    one = writing()
    one.commit([put(journal, "new")])
    died = one._process
    died.kill()
    died.wait()
    with monkeypatch.context() as changed:
        changed.setattr(died, "poll", lambda: None)
        with pytest.raises(ProcessDiedError, match=r"status (-9|1)$"):
            one.commit([put(journal, "other")])
    one.commit([put(journal, "other")])


@pytest.mark.parametrize(
    ("text", "grace"), [("asks", LONG), ("does not", 0.01)], ids=["asked", "killed"]
)
def test_a_server_that_ends_in_the_middle_of_a_commit_leaves_the_job(
    misbehaving, monkeypatch, writable, index, text, grace
):
    monkeypatch.setattr(process, "_GRACE", grace)
    client = writable(encoder=None)
    row = {"id": "endless", "text": text}
    answer = client.put("/v1/documents", json={"documents": [row]})
    while client.get(answer.headers["location"]).json()["state"] != "running":
        time.sleep(0.01)
    writer = client.server.writers["i"]
    writer.close()
    assert writer._committer._process.returncode is not None
    with IndexReader.open(index) as reader:
        assert reader.manifest.generation == 1
    again = Journal(journal_folder(index), most=10)
    assert again.outcome(1).state is JobState.ACCEPTED
    again.release()


def test_jobs_wait_until_the_process_of_a_killed_server_has_ended(writing, index, journal):
    before = WriterLock(journal_folder(index) / "writing")
    one, done = writing(), threading.Event()

    def committing():
        one.commit([put(journal, "new")])
        done.set()

    thread = threading.Thread(target=committing)
    thread.start()
    assert not done.wait(0.5)
    before.release()
    thread.join()
    assert "new" in ids_in(index)


def test_who_waits_for_its_turn_can_be_stopped(index, journal, monkeypatch):
    monkeypatch.setattr(commit, "_TURN_SECONDS", LONG)
    before = WriterLock(journal_folder(index) / "writing")
    one = OwnCommitter(index, ENCODER)
    one.stop()
    with pytest.raises(Stopped):
        one.commit([put(journal, "new")])
    before.release()


def test_a_process_that_was_stopped_commits_no_more(writing, journal):
    one = writing()
    one.stop()
    with pytest.raises(Stopped):
        one.commit([put(journal, "new")])


def test_an_index_that_cannot_be_read_is_said_of_the_job(writing, index, journal):
    job = put(journal, "new")
    manifest = index / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-30])
    with pytest.raises(IndexCorruptError):
        writing().commit([job])
