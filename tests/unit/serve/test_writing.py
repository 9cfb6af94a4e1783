"""Is what was accepted kept, written once, and never said to be done before it is?"""

import errno
import json
import sys
import threading
import time
from pathlib import Path

import pytest

from colmodern import HashEncoder, Searcher
from colmodern.errors import ConfigError, IndexLockedError, IndexWriteError, InputError
from colmodern.indexer import Indexer
from colmodern.serve import ServeConfig
from colmodern.serve.run import make_server
from colmodern.serve.writing import jobs, writer
from colmodern.serve.writing.jobs import JobKind, JobState, Journal, journal_folder
from colmodern.storage import IndexReader, IndexWriter
from colmodern.types import Document

from .kit import ENCODER, READ, WRITE, ended, refused


def ids(client, query):
    return [hit["id"] for hit in client.post("/v1/search", json={"query": query}).json()["hits"]]


def test_documents_are_put_replaced_and_deleted(writable):
    client = writable()
    row = {"id": "new", "title": "Bicycles", "text": "They are purple.", "metadata": {"year": 3}}
    told = ended(client, client.put("/v1/documents", json={"documents": [row]}))
    assert (told["state"], told["kind"], told["generation"]) == ("done", "put", 2)
    assert ids(client, "purple bicycles")[0] == "new"
    assert client.get("/v1/documents/new").json()["metadata"] == {"year": 3}
    lines = "\n".join(json.dumps({**row, "id": name, "text": "Green."}) for name in ("new", "x"))
    told = ended(
        client,
        client.put(
            "/v1/documents", content=lines, headers={"Content-Type": "application/x-ndjson"}
        ),
    )
    assert client.get("/v1/documents/new").json()["text"] == "Green."
    told = ended(client, client.delete("/v1/documents/b%2Fc d"))
    assert (told["state"], told["kind"]) == ("done", "delete")
    refused(client.get("/v1/documents/b%2Fc d"), "document_not_found", 404)
    assert ended(client, client.delete("/v1/documents/nobody"))["state"] == "done"
    assert ended(client, client.post("/v1/compact"))["state"] == "done"
    assert client.get("/v1/status").json()["indexes"][0]["segments"] == 1


def test_lines_end_where_ndjson_ends_them(writable):
    client = writable()
    ends = ("\u2028", "\u2029", "\x85")
    rows = [{"id": f"n{number}", "text": f"one{end}two"} for number, end in enumerate(ends)]
    lines = "\ufeff" + "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    kind = {"Content-Type": "application/x-ndjson"}
    ended(client, client.put("/v1/documents", content=lines.encode(), headers=kind))
    for row in rows:
        assert client.get(f"/v1/documents/{row['id']}").json()["text"] == row["text"]


def test_an_id_may_hold_lines(writable):
    client = writable()
    row = {"id": "two\nlines\n", "text": "Purple bicycles."}
    ended(client, client.put("/v1/documents", json={"documents": [row]}))
    assert client.get("/v1/documents/two%0Alines%0A").json()["id"] == row["id"]
    ended(client, client.delete("/v1/documents/two%0Alines%0A"))
    refused(client.get("/v1/documents/two%0Alines%0A"), "document_not_found", 404)


def test_ids_that_no_path_can_hold_are_deleted(writable):
    client = writable()
    rows = [{"id": name, "text": "Purple bicycles."} for name in (".", "..")]
    ended(client, client.put("/v1/documents", json={"documents": rows}))
    for row in rows:
        ended(client, client.delete("/v1/documents", params={"id": row["id"]}))
        gone = client.get("/v1/documents", params={"id": row["id"]})
        refused(gone, "document_not_found", 404)
    refused(client.delete("/v1/documents"), "request_invalid", 400)


def test_an_index_may_have_any_name(writable, tmp_path):
    Indexer(tmp_path / "j", ENCODER).build([("z", "green bread")])
    name = "鍵/\r\nSet-Cookie: x-1"
    client = writable(more={name: tmp_path / "j"})
    told = ended(client, client.delete("/v1/documents/z", params={"index": name}))
    assert (told["state"], told["index"]) == ("done", name)


def test_two_forms_of_an_id_are_one_document_whatever_the_order(writable, index):
    client = writable()
    composed, apart = "caf\u00e9", "cafe\u0301"
    row = {"id": composed, "text": "Purple bicycles."}
    with IndexWriter.open(index):  # both jobs wait, and become one commit
        client.put("/v1/documents", json={"documents": [row]})
        deleted = client.delete(f"/v1/documents/{apart}")
        put = client.put("/v1/documents", json={"documents": [{**row, "text": "Again."}]})
    ended(client, deleted)
    ended(client, put)
    assert client.get(f"/v1/documents/{composed}").json()["text"] == "Again."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "request_invalid"),
        ({"documents": []}, "request_invalid"),
        ({"documents": ["text"]}, "row_invalid"),
        ({"documents": [{"text": "no id"}]}, "row_invalid"),
        ({"documents": [{"id": "x", "text": 0}]}, "row_invalid"),
        ({"documents": [{"id": "x", "metadata": []}]}, "row_invalid"),
        ({"documents": [{"id": 3, "text": "x"}]}, "row_invalid"),
        ({"documents": [{"id": "a", "text": 3}]}, "row_invalid"),
        ({"documents": [{"id": "a", "body": "x"}]}, "row_invalid"),
        ({"documents": [{"id": "a", "text": "\ud800"}]}, "input_invalid"),
        ({"documents": [{"id": "a", "text": "x", "metadata": {"a": [1]}}]}, "input_invalid"),
        ({"documents": [{"id": "a", "text": "x"}] * 2}, "input_invalid"),
        ('{"documents": [{"id": "a", "text": "x", "metadata": {"a": 1e400}}]}', "input_invalid"),
        ('{"documents": [{"id": "a", "text": "x", "text": "y"}]}', "request_invalid"),
    ],
)
def test_a_document_that_cannot_be_used_refuses_all(writable, body, code):
    client = writable()
    raw = body if isinstance(body, str) else json.dumps(body)
    refused(client.put("/v1/documents", content=raw), code, 400)
    assert client.server.writers["i"].journal.n_waiting == 0


def test_scopes(writable):
    client = writable()
    body = {"documents": [{"id": "n", "text": "x"}]}
    for token, statuses in ((READ, (403, 403, 403)), (WRITE, (202, 202, 403))):
        client.headers["Authorization"] = f"Bearer {token}"
        found = (
            client.put("/v1/documents", json=body).status_code,
            client.delete("/v1/documents/a").status_code,
            client.post("/v1/compact").status_code,
        )
        assert found == statuses
    client.headers["Authorization"] = f"Bearer {READ}"
    refused(client.get("/v1/jobs/i-1"), "token_not_enough", 403)


def test_a_server_that_does_not_write(client_of, tokens):
    client = client_of(token_file=tokens)
    client.headers["Authorization"] = f"Bearer {WRITE}"
    refused(client.put("/v1/documents", json={"documents": []}), "not_writable", 403)
    with pytest.raises(ConfigError, match="token file"):
        ServeConfig(writable=True)


def test_jobs_that_do_not_exist(writable):
    client = writable()
    for name in ("i-1", "i-x", "i-99999999999999999999", "i"):
        refused(client.get(f"/v1/jobs/{name}"), "job_not_found", 404)
    refused(client.get("/v1/jobs/j-1"), "index_not_served", 404)


class Gated(HashEncoder):
    """Encodes documents when it is let."""

    def __init__(self):
        super().__init__(dim=64)
        self.begun, self.go = threading.Event(), threading.Event()

    def encode_documents(self, texts):
        self.begun.set()
        self.go.wait()
        return super().encode_documents(texts)


def test_jobs_that_wait_are_one_commit_in_their_order(writable):
    encoder = Gated()
    client = writable(encoder=encoder)

    def put(doc_id, text):
        return client.put("/v1/documents", json={"documents": [{"id": doc_id, "text": text}]})

    first = put("first", "one")
    encoder.begun.wait()
    others = [put("x", "old"), client.delete("/v1/documents/x"), put("x", "new"), put("y", "y")]
    others.append(client.delete("/v1/documents/y"))
    assert client.get(first.headers["location"]).json()["state"] == "running"
    assert client.get(others[0].headers["location"]).json()["state"] == "accepted"
    encoder.go.set()
    assert ended(client, first)["generation"] == 2
    assert {ended(client, one)["generation"] for one in others} == {3}
    assert client.get("/v1/documents/x").json()["text"] == "new"
    refused(client.get("/v1/documents/y"), "document_not_found", 404)


def test_more_changes_than_may_wait(writable):
    encoder = Gated()
    client = writable(encoder=encoder, max_jobs=2)
    body = {"documents": [{"id": "n", "text": "x"}]}
    answers = [client.put("/v1/documents", json=body) for _ in range(3)]
    refused(answers[2], "overloaded", 503)
    encoder.go.set()
    assert [ended(client, one)["state"] for one in answers[:2]] == ["done"] * 2


def test_more_bytes_than_may_wait(writable):
    encoder = Gated()
    client = writable(encoder=encoder, max_waiting=1_000)
    bodies = [{"documents": [{"id": "n", "text": "x" * length}]} for length in (2_000, 10)]
    answers = [client.put("/v1/documents", json=body) for body in bodies]
    told = refused(answers[1], "overloaded", 503)
    assert told["option"] == "max_waiting"
    encoder.go.set()
    assert ended(client, answers[0])["state"] == "done"
    assert ended(client, client.put("/v1/documents", json=bodies[1]))["state"] == "done"


def test_another_writer_is_waited_for(writable, index):
    client = writable()
    with IndexWriter.open(index):
        answer = client.put("/v1/documents", json={"documents": [{"id": "n", "text": "x"}]})
        assert client.get(answer.headers["location"]).json()["state"] in ("accepted", "running")
    assert ended(client, answer)["state"] == "done"


def test_what_was_accepted_and_not_written_is_done_at_the_next_start(writable, index):
    journal = Journal(index.with_name("i.jobs"), most=10)
    journal.add(JobKind.PUT, [Document("left", "purple bicycles", "", {"year": 3})])
    done = journal.add(JobKind.DELETE, ids=["a"])
    journal.end([done], generation=1)
    journal.release()  # the server was killed here
    client = writable()
    while client.get("/v1/jobs/i-1").json()["state"] != "done":
        pass
    assert ids(client, "purple bicycles")[0] == "left"
    assert client.get("/v1/jobs/i-2").json()["generation"] == 1
    assert client.get("/v1/documents/a").status_code == 200


def test_a_job_that_fails_stops_no_other_and_says_why(writable, index, monkeypatch):
    update = Indexer.update

    def failing(self, documents, **options):
        if any(one.id == "bad" for one in documents):
            raise InputError("This one cannot be written.", code="row_invalid")
        return update(self, documents, **options)

    monkeypatch.setattr(Indexer, "update", failing)
    journal = Journal(index.with_name("i.jobs"), most=10)
    for name in ("one", "bad", "two"):
        journal.add(JobKind.PUT, [Document(name, f"words of {name}")])
    journal.release()
    client = writable()
    while client.server.writers["i"].journal.n_waiting:
        pass
    told = [client.get(f"/v1/jobs/i-{number}").json() for number in (1, 2, 3)]
    assert [one["state"] for one in told] == ["done", "failed", "done"]
    assert told[1]["error"] == {"code": "row_invalid", "message": "This one cannot be written."}
    with Searcher.open(index, ENCODER) as searcher:
        assert searcher.n_documents == 5


def test_a_server_that_ends_in_the_middle_leaves_the_job(writable, index):
    encoder = Gated()
    client = writable(encoder=encoder)
    client.put("/v1/documents", json={"documents": [{"id": "n", "text": "x"}]})
    encoder.begun.wait()
    writer = client.server.writers["i"]
    writer._stop.set()
    encoder.go.set()
    writer.close()
    with IndexReader.open(index) as reader:
        assert reader.manifest.generation == 1
    again = Journal(index.with_name("i.jobs"), most=10)
    assert again.outcome(1).state is JobState.ACCEPTED
    again.release()


def test_a_second_server_and_a_damaged_journal(tmp_path):
    journal = Journal(tmp_path / "jobs", most=10)
    journal.add(JobKind.PUT, [Document("a", "x")])
    with pytest.raises(IndexLockedError):
        Journal(tmp_path / "jobs", most=10)
    journal.release()
    (file,) = (tmp_path / "jobs").glob("*.job.json")
    file.write_bytes(file.read_bytes()[:10])
    with pytest.raises(InputError, match="cannot be read"):
        Journal(tmp_path / "jobs", most=10)
    file.unlink()
    Journal(tmp_path / "jobs", most=10).release()


@pytest.mark.parametrize("ended", [False, True], ids=["a job", "an outcome"])
def test_every_flipped_byte_of_a_journal_is_noticed(tmp_path, ended):
    journal = Journal(tmp_path / "jobs", most=10)
    job = journal.add(JobKind.PUT, [Document("a", "words")], ["b"])
    if ended:
        journal.end([job], generation=7)
    journal.release()
    (file,) = (tmp_path / "jobs").glob("*.json")
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InputError, match="cannot be read"):
            Journal(tmp_path / "jobs", most=10)
    file.write_bytes(whole)
    again = Journal(tmp_path / "jobs", most=10)
    assert again.n_waiting == (not ended)
    assert again.outcome(1).generation == (7 if ended else None)
    again.release()


def test_the_jobs_beside_an_index_are_no_documents(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("green tea")
    indexer = Indexer(folder / "i.cmi", ENCODER)
    indexer.sync([folder])
    journal = Journal(journal_folder(indexer.path), most=10)
    journal.add(JobKind.PUT, [Document("x", "purple bicycles")])
    report = indexer.sync([folder])
    assert (report.added, report.documents) == (0, 1)
    journal.release()


def test_the_jobs_of_the_working_folder_are_beside_it(tmp_path, monkeypatch):
    (tmp_path / "i" / "inside").mkdir(parents=True)
    beside = tmp_path.resolve() / "i.jobs"
    monkeypatch.chdir(tmp_path / "i")
    assert journal_folder(Path()) == beside
    monkeypatch.chdir(tmp_path / "i" / "inside")
    assert journal_folder(Path("..")) == beside


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_an_index_under_two_paths_has_one_journal(index, tmp_path, tokens, monkeypatch):
    (tmp_path / "link").symlink_to(index)
    monkeypatch.chdir(tmp_path)
    paths = (index, tmp_path / "link", Path("i"), Path("./x/../link"))
    assert {journal_folder(path) for path in paths} == {index.resolve().with_name("i.jobs")}
    config = ServeConfig(token_file=tokens, writable=True)
    server = make_server({"i": tmp_path / "link"}, config, encoder=ENCODER)
    try:
        with pytest.raises(IndexLockedError):
            make_server({"i": index}, config, encoder=ENCODER)
    finally:
        server.writers["i"].close()
        server.library.close()
    assert not (tmp_path / "link.jobs").exists()


def test_a_server_that_cannot_write_to_one_index_lets_go_of_the_others(index, tmp_path, tokens):
    Indexer(tmp_path / "j", ENCODER).build([("z", "green bread")])
    other = Journal(tmp_path / "j.jobs", most=10)
    config = ServeConfig(writable=True, token_file=tokens)
    with pytest.raises(IndexLockedError):
        make_server({"i": index, "j": tmp_path / "j"}, config, encoder=ENCODER)
    Journal(index.with_name("i.jobs"), most=10).release()
    assert not [one for one in threading.enumerate() if one.name.startswith("colmodern-write")]
    other.release()


def test_who_asks_for_a_job_waits_for_no_disk(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "jobs", most=10)
    journal.add(JobKind.COMPACT)
    told = []
    replace = jobs.replace_file

    def asked_meanwhile(*arguments):
        asking = threading.Thread(target=lambda: told.append(journal.outcome(1).state))
        asking.start()
        asking.join()
        replace(*arguments)

    monkeypatch.setattr(jobs, "replace_file", asked_meanwhile)
    journal.add(JobKind.COMPACT)
    assert told == [JobState.ACCEPTED]
    journal.release()


@pytest.fixture
def full(monkeypatch):
    """As long as it is set, no outcome can be kept: the disk is full."""
    is_full, replace = threading.Event(), jobs.replace_file

    def replacing(path, data):
        if is_full.is_set() and path.name.endswith(".outcome.json"):
            raise OSError(errno.ENOSPC, "no room")
        replace(path, data)

    monkeypatch.setattr(jobs, "replace_file", replacing)
    return is_full


def test_a_job_whose_end_cannot_be_kept_is_never_done_after_newer_ones(tmp_path, full):
    journal = Journal(tmp_path / "jobs", most=10)
    journal.add(JobKind.PUT, [Document("x", "old")])
    full.set()
    with pytest.raises(IndexWriteError):
        journal.end(journal.take(), generation=2)
    assert (journal.n_waiting, journal.outcome(1).state) == (1, JobState.RUNNING)
    full.clear()
    journal.add(JobKind.PUT, [Document("x", "new")])
    taken = journal.take()
    assert [job.number for job in taken] == [1, 2]
    journal.end(taken, generation=3)
    journal.release()
    again = Journal(tmp_path / "jobs", most=10)
    assert again.n_waiting == 0
    assert {again.outcome(number).state for number in (1, 2)} == {JobState.DONE}
    again.release()


def test_changes_wait_while_the_disk_is_full(writable, monkeypatch, caplog, full):
    monkeypatch.setattr(writer, "_LOCKED_SECONDS", 0.001)
    update, has_room, tries = Indexer.update, threading.Event(), []

    def updating(self, documents, **options):
        tries.append(has_room.is_set())
        if not tries[-1]:
            raise IndexWriteError("There is no room left on the disk.", path=self.path)
        return update(self, documents, **options)

    monkeypatch.setattr(Indexer, "update", updating)
    client = writable()
    full.set()
    row = {"id": "n", "text": "purple bicycles"}
    answer = client.put("/v1/documents", json={"documents": [row]})
    while len(tries) < 5:
        time.sleep(0.001)
    assert client.get(answer.headers["location"]).json()["state"] == "running"
    has_room.set()
    while not tries[-1]:
        time.sleep(0.001)
    full.clear()
    assert ended(client, answer)["state"] == "done"
    assert caplog.text.count("could not be ended") == 1


def test_old_outcomes_are_forgotten(tmp_path, monkeypatch, unsynced):
    monkeypatch.setattr("colmodern.serve.writing.jobs._KEPT_OUTCOMES", 2)
    journal = Journal(tmp_path / "jobs", most=10)
    for _ in range(4):
        journal.end([journal.add(JobKind.COMPACT)], generation=1)
    assert len(list((tmp_path / "jobs").glob("*.outcome.json"))) == 2
    assert journal.outcome(4).state is JobState.DONE
    journal.release()
    assert Journal(tmp_path / "jobs", most=10).add(JobKind.COMPACT).number == 5
