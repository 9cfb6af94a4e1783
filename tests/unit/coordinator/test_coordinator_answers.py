"""Servers of shards that are searched as one answer as one server of all documents does."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from colmodern import Indexer
from colmodern.codec import train_codec
from colmodern.types import Document

pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from colmodern.serve import ServeConfig
from colmodern.serve.http.app import make_app
from colmodern.serve.run import make_server

from .kit import ENCODER, app_of, coordinating, file_of, running

WORDS = ["amber", "basalt", "cedar", "delta", "ember", "QR-204", "krill", "lagoon", "iris"]
QUERIES = ["amber", "cedar delta krill", '"ember QR-204" iris', "QR-204", "iris iris nothing"]
REQUESTS = [
    {"mode": "late", "effort": "exact"},
    {"mode": "late", "exact": True, "k": 100},
    {"mode": "late", "scoring": "corrected", "effort": "exact"},
    {"mode": "bm25"},
    {"mode": "bm25", "where": "kind = 'b'", "k": 30},
    {"mode": "hybrid", "effort": "exact", "word_weight": 0.4},
    {"mode": "hybrid", "where": "not n > 12 or kind is null"},
    {"mode": "auto", "effort": "exact"},
    {"mode": "auto", "passages": False},
    {},
]

texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
corpora = st.dictionaries(st.integers(0, 40).map("d{}".format), texts, min_size=1, max_size=25)


@pytest.fixture(scope="module")
def codec():
    vectors = np.concatenate(
        [one.vectors for one in ENCODER.encode_documents([" ".join(WORDS)] * 9)]
    )
    return train_codec(vectors, bits=2, n_centroids=8)


@pytest.fixture(autouse=True)
def _unsynced(unsynced):
    pass


def stored(corpus):
    return [
        Document(one, text, metadata={"kind": "ab"[len(text) % 2], "n": len(text)})
        for one, text in corpus.items()
    ]


@contextlib.contextmanager
def server_of(path):
    server = make_server({"i": path}, ServeConfig(), encoder=ENCODER)
    with TestClient(make_app(server), base_url="http://127.0.0.1:8765") as client:
        yield client


def told(response):
    """What has to be the same: nothing of the time, nor of who answers."""
    answer = response.json()
    others = ("milliseconds", "generation", "generations", "index", "partial", "missing")
    return {name: value for name, value in answer.items() if name not in others}


@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(first=corpora, second=corpora, n_shards=st.integers(1, 4))
def test_any_split_answers_as_one_index(tmp_path_factory, codec, first, second, n_shards):
    folder = tmp_path_factory.mktemp("split")
    for name, shards in (("one", None), ("set", n_shards)):
        indexer = Indexer(folder / name, ENCODER, codec=codec, shards=shards)
        indexer.build(stored(first))
        indexer.update(stored(second))
    with contextlib.ExitStack() as stack:
        urls = {
            str(number): [stack.enter_context(running(app_of(folder / "set", shard=number))).url]
            for number in range(1, n_shards + 1)
        }
        one = stack.enter_context(server_of(folder / "one"))
        all_shards = stack.enter_context(coordinating(file_of(folder, urls)))
        for number, request in enumerate(REQUESTS):
            query = QUERIES[number % len(QUERIES)]
            body = {"query": query, "k": 3, "precise": True, **request}
            expected, found = (client.post("/v1/search", json=body) for client in (one, all_shards))
            assert told(found) == told(expected), body
            if found.status_code == 200:
                assert (found.json()["partial"], found.json()["missing"]) == (False, [])
        check_vectors(one, all_shards)
        hits = one.post("/v1/search", json={"query": QUERIES[1], "k": 2}).json()["hits"]
        for hit in hits:
            for mode in ("auto", "late", "bm25"):
                body = {"query": QUERIES[1], "id": hit["id"], "mode": mode}
                pair = [client.post("/v1/explain", json=body) for client in (one, all_shards)]
                assert told(pair[1]) == told(pair[0])
            pair = [client.get(f"/v1/documents/{hit['id']}") for client in (one, all_shards)]
            assert told(pair[1]) == told(pair[0])


def check_vectors(one, all_shards):
    (tokens,) = ENCODER.encode_queries([QUERIES[1]])
    for more in ({}, {"query": QUERIES[1], "mode": "hybrid"}):
        body = {"vectors": tokens.vectors.tolist(), "effort": "exact", "precise": True, **more}
        pair = [client.post("/v1/search", json=body) for client in (one, all_shards)]
        assert told(pair[1]) == told(pair[0])
    for fingerprint, status in ((ENCODER.fingerprint, 200), ("other", 409)):
        asked = {**body, "fingerprint": fingerprint}
        pair = [client.post("/v1/search", json=asked) for client in (one, all_shards)]
        assert [answer.status_code for answer in pair] == [status, status]
