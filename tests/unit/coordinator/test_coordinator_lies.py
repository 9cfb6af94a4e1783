"""A shard that answers what it cannot know: it is missing by name, and all others are answered."""

import pytest

from colmodern import Indexer
from colmodern.errors import ColModernError
from colmodern.serve import ServeConfig
from colmodern.serve.coordinator.start import make_coordinator

from .kit import ENCODER, Lying, app_of, coordinating, file_of, running

QUERY = {"query": "amber number7", "k": 12}


def of_hits(name, value):
    """A lie about a field of each hit."""

    def lie(values):
        for hit in values["hits"]:
            hit[name] = value
        return values

    return lie


def of_all(name, value):
    """A lie about a field of the answer."""
    return lambda values: {**values, name: value}


def thrice(values):
    return {**values, "hits": values["hits"] * 3}


def more(values):
    hits = [{**values["hits"][0], "id": f"more{number}"} for number in range(13)]
    return {**values, "hits": hits}


def without_titles(values):
    return {**values, "hits": [{"id": hit["id"], "score": 1.0} for hit in values["hits"]]}


@pytest.fixture(scope="module")
def pair(shards):
    """A server of one shard, one that lies about the other, and another that never does."""
    liar = Lying(app_of(shards, shard=2))
    with (
        running(app_of(shards, shard=1)) as one,
        running(liar) as other,
        running(app_of(shards, shard=2)) as honest,
    ):
        yield liar, one.url, other.url, honest.url


@pytest.fixture
def lying(pair, tmp_path):
    """What lies about the second of two shards, and a client of their coordinator."""
    liar, first, second, _ = pair
    urls = {"a": [first], "b": [second]}
    with coordinating(file_of(tmp_path, urls, failures=1000, hedge_share=0.0)) as client:
        yield liar, client
    liar.lie, liar.kind = None, b"application/json"


BEYOND = {"text": "too long", "start": 3, "end": 4}
HITS = {
    "a score that is none": of_hits("score", float("nan")),
    "an infinite score": of_hits("score", float("inf")),
    "a score beyond floats": lambda values: b'{"hits": [], "exact": true, "x": 1e999}',
    "a number in the metadata": of_hits("metadata", {"year": -float("inf")}),
    "no title": without_titles,
    "a passage that is a text": of_hits("passage", "text"),
    "a passage beyond its text": of_hits("passage", BEYOND),
    "a document three times": thrice,
    "more hits than asked": more,
    "no JSON": lambda values: b"\xff\xfe",
    "JSON without end": lambda values: b"[" * 100_000,
}
STATISTICS = {
    "a codec that is a list": of_all("codec", [1]),
    "a generation without end": of_all("generation", float("inf")),
    "a state that is a number": of_all("state", 7),
    "an encoder that is a list": of_all("encoder", []),
}


@pytest.mark.parametrize(
    ("path", "lie"),
    [
        *(pytest.param("/v1/search", lie, id=name) for name, lie in HITS.items()),
        *(pytest.param("/v1/statistics", lie, id=name) for name, lie in STATISTICS.items()),
    ],
)
def test_a_shard_that_lies_is_missing(lying, path, lie):
    liar, client = lying
    whole = client.post("/v1/search", json=QUERY).json()
    assert not whole["partial"]
    liar.lie, liar.path = lie, path
    answer = client.post("/v1/search", json=QUERY)
    assert answer.is_success, answer.text
    (missing,) = answer.json()["missing"]
    assert (missing["shard"], missing["code"]) == ("b", "internal")
    found = [hit["id"] for hit in answer.json()["hits"]]
    assert found == [hit["id"] for hit in whole["hits"] if hit["id"] in found]
    assert client.get("/api/search", params={"query": "amber"}).is_success


def test_html_with_status_200_is_no_answer(lying):
    liar, client = lying
    liar.lie, liar.kind = (lambda values: b"<html>"), b"text/html"
    for path, body in {
        "/v1/search": QUERY,
        "/v1/embeddings": {"input": ["amber"]},
        "/v1/rerank": {"query": "amber", "documents": ["amber"]},
    }.items():
        liar.path = path
        for _ in range(2):  # the shards are asked in turn
            answer = client.post(path, json=body)
            assert answer.is_success
            assert answer.json()


def test_another_document_is_no_answer(lying):
    liar, client = lying
    liar.lie, liar.path = of_all("id", "other"), "/v1/documents"
    found = {client.get(f"/v1/documents/d{number}").status_code for number in range(12)}
    assert found == {200, 503}  # those of the other shard, and its own
    liar.path = "/v1/explain"
    asked = [{"query": "amber", "id": f"d{number}"} for number in range(12)]
    found = {client.post("/v1/explain", json=body).status_code for body in asked}
    assert found == {200, 503}


def test_another_server_is_asked_where_one_lies(pair, tmp_path):
    liar, first, second, honest = pair
    urls = {"a": [first], "b": [second, honest]}
    with coordinating(file_of(tmp_path, urls, failures=1000, hedge_share=0.0)) as client:
        liar.lie, liar.path = of_hits("score", float("nan")), "/v1/search"
        for _ in range(4):
            assert not client.post("/v1/search", json=QUERY).json()["partial"]
        liar.lie = None


def test_a_shard_that_is_served_twice(pair, tmp_path, shards):
    _, first, second, honest = pair
    file = file_of(tmp_path, {"a": [first], "b": [second], "c": [honest]}, failures=1000)
    with pytest.raises(ColModernError) as found:
        make_coordinator(file, ServeConfig(), encoder=ENCODER)
    assert (found.value.code, found.value.option) == ("shards_differ", "shards")
    assert "'b' and 'c'" in str(found.value)
    whole = file_of(tmp_path, {"a": [first], "b": [second]}, failures=1000)
    with coordinating(whole) as client:
        server = client.coordinator.shards[0].servers[0]
        client.portal.call(server.close)
        client.coordinator.shards[0].servers[0] = type(server)(
            file.shards[2].servers[0], file.config, most_bytes=1 << 20
        )
        answer = client.post("/v1/search", json=QUERY).json()
        (missing,) = answer["missing"]
        assert (missing["shard"], missing["code"]) == ("b", "shards_differ")
        ids = [hit["id"] for hit in answer["hits"]]
        assert len(ids) == len(set(ids))


def test_empty_shards_are_not_the_same(tmp_path):
    Indexer(tmp_path / "set", ENCODER, shards=3).build([("a", "amber")])
    with (
        running(app_of(tmp_path / "set", shard=1)) as one,
        running(app_of(tmp_path / "set", shard=2)) as two,
        running(app_of(tmp_path / "set", shard=3)) as three,
        coordinating(
            file_of(tmp_path, {"a": [one.url], "b": [two.url], "c": [three.url]})
        ) as client,
    ):
        answer = client.post("/v1/search", json={"query": "amber"}).json()
        assert (answer["partial"], len(answer["hits"])) == (False, 1)
