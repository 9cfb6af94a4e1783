"""What does each address answer?"""

import base64
import gzip
import json
import shutil
import time

import numpy as np
import pytest

from colmodern import Embeddings, HashEncoder, Indexer, Searcher
from colmodern.serve import ServeConfig

pytest.importorskip("starlette")

from starlette.testclient import TestClient

from colmodern.serve.http.app import make_app
from colmodern.serve.run import agents_of, make_server

from .kit import ENCODER, refused


@pytest.mark.parametrize("mode", ["auto", "late", "bm25", "hybrid"])
def test_a_search_is_what_the_library_finds(client, index, mode):
    answer = client.post("/v1/search", json={"query": "hot bread", "k": 2, "mode": mode}).json()
    with Searcher.open(index, ENCODER) as searcher:
        hits = searcher.search("hot bread", k=2, mode=mode)
    assert answer["hits"] == json.loads(json.dumps(hits.to_dict()["hits"]))
    assert (answer["index"], answer["generation"], answer["query"]) == ("i", 1, "hot bread")
    assert {"queue", "filter", "encode"} <= answer["milliseconds"].keys()


def test_several_queries_and_their_order(client):
    answer = client.post("/v1/search", json={"queries": ["trains", "bread"], "k": 1}).json()
    assert [one["hits"][0]["id"] for one in answer["results"]] == ["b/c d", "a"]


def test_one_bad_query_of_a_batch_of_lines_stops_no_other(client):
    asked = {"queries": ["trains", "  ", "bread"], "k": 1}
    answer = client.post("/v1/search", json=asked, headers={"Accept": "application/x-ndjson"})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["number"] for row in rows] == [0, 1, 2]
    assert rows[1]["error"]["code"] == "query_empty"
    assert rows[2]["hits"][0]["id"] == "a"
    refused(client.post("/v1/search", json=asked), "query_empty", 400)


def test_a_query_of_token_vectors(client):
    (tokens,) = ENCODER.encode_queries(["red trains"])
    answer = client.post("/v1/search", json={"vectors": tokens.vectors.tolist(), "k": 1}).json()
    assert answer["hits"][0]["id"] == "b/c d"
    of_kinds = [[[value] * 64] for value in (1e308, 10**400, True, "1", None)]
    for vectors in ([[1.0, 2.0], [1.0]], [[1.0] * 3], [1.0] * 64, 1, {"a": 1}, *of_kinds):
        refused(client.post("/v1/search", json={"vectors": vectors}), "vectors_invalid", 400)


def test_a_number_that_no_float_holds_is_refused(client):
    for name in ("word_weight", "passage_weight"):
        asked = {"query": "trains", name: 10**400}
        refused(client.post("/v1/search", json=asked), "option_wrong_kind", 400)
    asked = {"query": "trains", "id": "a", "word_weight": 10**400}
    refused(client.post("/v1/explain", json=asked), "option_wrong_kind", 400)


def test_vectors_of_another_encoder_are_refused_where_the_client_says_what_made_them(client):
    (own,) = client.get("/v1/status").json()["indexes"]
    answer = client.post("/v1/embeddings", json={"input": "red trains", "input_type": "query"})
    made = {
        "vectors": answer.json()["data"][0]["embedding"],
        "fingerprint": answer.json()["fingerprint"],
    }
    assert made["fingerprint"] == own["fingerprint"] == ENCODER.fingerprint
    asked = {"query": "red trains", "id": "b/c d"}
    assert client.post("/v1/search", json={**made, "k": 1}).json()["hits"][0]["id"] == "b/c d"
    assert client.post("/v1/explain", json={**made, **asked}).status_code == 200
    made["fingerprint"] = HashEncoder(dim=64, seed=5).fingerprint
    refused(client.post("/v1/search", json=made), "encoder_mismatch", 409)
    refused(client.post("/v1/explain", json={**made, **asked}), "encoder_mismatch", 409)
    asked["fingerprint"] = ENCODER.fingerprint
    refused(client.post("/v1/explain", json=asked), "request_invalid", 400)
    del asked["id"]
    refused(client.post("/v1/search", json=asked), "request_invalid", 400)
    bad = client.post("/v1/search", json={**made, "fingerprint": 3})
    refused(bad, "request_invalid", 400)


def test_an_index_of_vectors_that_came_ready(tmp_path):
    (tokens,) = ENCODER.encode_documents(["red trains"])
    vectors = Embeddings.from_arrays(
        tokens.vectors, np.array([0, len(tokens)]), ids=["t"], texts=["red trains"]
    )
    Indexer(tmp_path / "v").build_from_embeddings(vectors)
    server = make_server({"v": tmp_path / "v"}, ServeConfig())
    with TestClient(make_app(server), base_url="http://127.0.0.1") as client:
        asked = {"vectors": tokens.vectors.tolist(), "k": 1}
        assert client.post("/v1/search", json=asked).json()["hits"][0]["id"] == "t"
        words = client.post("/v1/search", json={"query": "trains", "mode": "bm25"})
        assert words.json()["hits"][0]["id"] == "t"
        refused(client.post("/v1/search", json={"query": "trains"}), "encoder_unsupported", 501)
        refused(client.post("/v1/embeddings", json={"input": "x"}), "encoder_unsupported", 501)


def test_the_same_question_of_the_same_state_is_not_answered_twice(client, index):
    asked = {"query": "bread", "k": 1}
    first = client.post("/v1/search", json=asked)
    tag = {"If-None-Match": first.headers["etag"]}
    again = client.post("/v1/search", json=asked, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert client.post("/v1/search", json={**asked, "k": 2}, headers=tag).status_code == 200
    Indexer(index, ENCODER).update([("new", "more bread")])
    client.server.library.named(None).refresh()
    assert client.post("/v1/search", json=asked, headers=tag).status_code == 200


def test_an_index_in_the_place_of_another_is_another_state_though_its_generation_is_not(
    client, index, tmp_path
):
    asked = {"query": "bread", "k": 1}
    tag = {"If-None-Match": client.post("/v1/search", json=asked).headers["etag"]}
    Indexer(tmp_path / "other", ENCODER).build([("other", "other bread")])
    shutil.rmtree(index)
    (tmp_path / "other").rename(index)
    client.server.library.named(None).refresh()
    answer = client.post("/v1/search", json=asked, headers=tag)
    assert answer.status_code == 200
    assert (answer.json()["generation"], answer.json()["hits"][0]["id"]) == (1, "other")


@pytest.mark.parametrize(
    ("body", "code", "option"),
    [
        ({}, "request_invalid", "query"),
        ({"query": 3}, "request_invalid", "query"),
        ({"query": "x", "queries": ["y"]}, "request_invalid", "query"),
        ({"queries": []}, "request_invalid", "queries"),
        ({"query": "\ud800"}, "request_invalid", "query"),
        ({"query": "x" * 10_001}, "too_large", "query"),
        ({"query": "x", "k": 1_001}, "too_large", "k"),
        ({"queries": ["x"] * 101}, "too_large", "queries"),
        ({"query": "x", "k": 0}, "option_out_of_range", "k"),
        ({"query": "x", "limit": 3}, "option_unknown", "limit"),
        ({"query": "x", "mode": ["late"]}, "option_not_allowed", "mode"),
        ({"query": "x", "where": "yaer > 3"}, "filter_unknown_field", "where"),
        ({"query": "x", "index": "j"}, "index_not_served", None),
    ],
)
def test_what_cannot_be_asked_is_named(client, body, code, option):
    raw = json.dumps(body)
    status = {"too_large": 413, "index_not_served": 404}.get(code, 400)
    told = refused(client.post("/v1/search", content=raw), code, status)
    assert option is None or told.get("option") == option


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff",
        b'{"query": NaN}',
        b'{"query": -Infinity}',
        b"[" * 100_000,
        b'{"k": ' + b"[" * 400 + b"]" * 400 + b"}",
        b"1" * 5_000,
        b'{"query": "x", "k": 1, "query": "y"}',
        gzip.compress(b'{"query": "x"}'),
    ],
    ids=[
        *("nothing", "half", "a list", "no UTF-8", "NaN", "infinity", "very deep", "deep"),
        *("a long number", "a key twice", "gzip"),
    ],
)
def test_a_body_that_is_no_object_of_json(client, raw):
    refused(client.post("/v1/search", content=raw), "request_invalid", 400)


def test_a_number_beyond_all_is_refused_where_numbers_are_used(client):
    for name, code in (("k", "option_wrong_kind"), ("word_weight", "option_out_of_range")):
        body = f'{{"query": "x", "mode": "hybrid", "{name}": 1e400}}'
        assert refused(client.post("/v1/search", content=body), code, 400)["option"] == name


def test_a_body_is_taken_as_it_is(client):
    asked = {"content": b'{"query": "bread"}', "headers": {"Content-Encoding": "gzip"}}
    told = refused(client.post("/v1/search", **asked), "request_invalid", 400)
    assert "gzip" in told["message"]
    asked["headers"] = {"Content-Encoding": "identity"}
    assert client.post("/v1/search", **asked).status_code == 200


def test_a_body_and_an_answer_have_a_limit(client_of):
    client = client_of(max_body=100, max_answer=200)
    large = client.post("/v1/search", json={"query": "x" * 200})
    refused(large, "too_large", 413)
    refused(client.post("/v1/search", json={"query": "bread"}), "too_large", 413)
    body = (b" " for _ in range(101))  # its length is not said before
    refused(client.post("/v1/search", content=body), "too_large", 413)


def test_an_answer_that_is_too_large_is_not_made_to_its_end(client_of, monkeypatch):
    client, made = client_of(max_answer=3_000), []
    search = Searcher.search
    monkeypatch.setattr(Searcher, "search", lambda *a, **b: made.append(1) or search(*a, **b))
    for kind in ("application/json", "application/x-ndjson"):
        made.clear()
        asked = {"json": {"queries": ["bread"] * 100}, "headers": {"Accept": kind}}
        refused(client.post("/v1/search", **asked), "too_large", 413)
        assert 0 < len(made) < 10


@pytest.mark.parametrize(
    ("path", "body", "option"),
    [
        ("/v1/search", {"vectors": [[1.0] * 64] * 6}, "vectors"),
        ("/v1/rerank", {"query": "x", "documents": ["a", "x" * 51]}, "documents"),
        ("/v1/embeddings", {"input": "x" * 51}, "input"),
    ],
)
def test_what_is_too_long_to_be_encoded_or_searched(client_of, path, body, option):
    client = client_of(max_tokens=5, max_text=50)
    assert refused(client.post(path, json=body), "too_large", 413)["option"] == option


@pytest.mark.parametrize("form", ["float", "base64"])
def test_embeddings_that_are_too_large(client_of, form):
    client = client_of(max_answer=10_000)
    asked = {"input": ["red trains run fast"] * 100, "encoding_format": form}
    refused(client.post("/v1/embeddings", json=asked), "too_large", 413)


def test_queries_to_encode_are_left_when_the_time_is_over(client_of):
    class Slow(HashEncoder):
        n = 0

        def encode_queries(self, texts):
            self.n += len(texts)
            time.sleep(0.02)
            return super().encode_queries(texts)

    encoder = Slow(dim=64)
    asked = {"input": ["red trains"] * 6_400, "input_type": "query"}
    client = client_of(encoder=encoder, deadline=0.2)
    refused(client.post("/v1/embeddings", json=asked), "deadline_passed", 504)
    n = -1
    while n < encoder.n:
        n = encoder.n
        time.sleep(0.3)
    assert n < 6_400


def test_an_explanation_is_that_of_the_library(client, index):
    asked = {"query": "hot bread", "id": "a", "passages": 1}
    answer = client.post("/v1/explain", json=asked).json()
    assert [*answer["milliseconds"]][2:] == [
        "encode",
        "words",
        "rescore",
        "passages",
        "matches",
    ]
    with Searcher.open(index, ENCODER) as searcher:
        found = searcher.explain("hot bread", "a", passages=1).to_dict()
    assert answer["matches"] == json.loads(json.dumps(found["matches"]))
    unknown = client.post("/v1/explain", json={"query": "x", "id": "nobody"})
    assert refused(unknown, "document_not_found", 404)["document"] == "nobody"
    refused(client.post("/v1/explain", json={"query": "x"}), "request_invalid", 400)


def test_a_document_and_a_range_of_it(client):
    whole = client.get("/v1/documents/b%2Fc d").json()
    assert (whole["id"], whole["text"], whole["characters"]) == (
        "b/c d",
        "Red trains run fast.",
        20,
    )
    part = client.get("/v1/documents/é", params={"start": 6, "end": 11}).json()
    assert (part["text"], part["start"], part["end"]) == ("Äpfel", 6, 11)
    beyond = client.get("/v1/documents/a", params={"start": 10_000}).json()
    assert (beyond["text"], beyond["start"], beyond["end"]) == ("", 51, 51)
    refused(client.get("/v1/documents/nobody"), "document_not_found", 404)
    refused(client.get("/v1/documents/a?start=-1"), "request_invalid", 400)
    refused(client.get("/v1/documents/a?start=3&end=1"), "request_invalid", 400)


@pytest.mark.parametrize("name", [".", "..", "a/../b", "%2e", "?id=a", "鍵", "two\nlines"])
def test_a_document_whose_id_no_path_can_hold(client, index, name):
    Indexer(index, ENCODER).update([(name, "Purple bicycles.")])
    client.server.library.named(None).refresh()
    found = client.get("/v1/documents", params={"id": name, "start": 7}).json()
    assert (found["id"], found["text"]) == (name, "bicycles.")
    refused(client.get("/v1/documents"), "request_invalid", 400)


def test_a_document_that_did_not_change_is_not_sent_again(client):
    tag = client.get("/v1/documents/a").headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        assert client.get("/v1/documents/a", headers={"If-None-Match": known}).status_code == 304
    other = client.get("/v1/documents/a?start=1", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_status_says_what_is_served_and_the_limits(client):
    answer = client.get("/v1/status").json()
    (one,) = answer["indexes"]
    assert (one["name"], one["documents"], one["generation"]) == ("i", 3, 1)
    assert answer["limits"]["k"] == 1_000


def test_texts_of_a_request_in_the_order_of_their_matches(client):
    asked = {"query": "red trains", "documents": ["bread", {"text": "red trains"}, ""], "top_n": 2}
    answer = client.post("/v1/rerank", json=asked).json()
    first, second = answer["results"]
    assert (first["index"], second["index"]) == (1, 0)
    assert first["relevance_score"] == pytest.approx(1.0, abs=1e-5)
    told = client.post("/v1/rerank", json={**asked, "return_documents": True}).json()
    assert told["results"][0]["document"] == {"text": "red trains"}
    refused(client.post("/v1/rerank", json={"query": "x"}), "request_invalid", 400)
    refused(
        client.post("/v1/rerank", json={"query": "x", "documents": [3]}), "request_invalid", 400
    )


@pytest.mark.parametrize("kind", ["query", "document"])
def test_embeddings_are_those_of_the_encoder(client, kind):
    encode = ENCODER.encode_queries if kind == "query" else ENCODER.encode_documents
    (tokens,) = encode(["red trains"])
    asked = {"input": "red trains", "input_type": kind}
    (plain,) = client.post("/v1/embeddings", json=asked).json()["data"]
    np.testing.assert_array_equal(np.float32(plain["embedding"]), tokens.vectors)
    packed = client.post("/v1/embeddings", json={**asked, "encoding_format": "base64"}).json()
    raw = base64.b64decode(packed["data"][0]["embedding"])
    np.testing.assert_array_equal(np.frombuffer(raw, "<f4"), tokens.vectors.ravel())
    assert packed["usage"]["total_tokens"] == len(tokens)
    several = client.post("/v1/embeddings", json={**asked, "input": ["red trains", "", "x"]})
    assert [one["index"] for one in several.json()["data"]] == [0, 1, 2]
    assert len(several.json()["data"][0]["embedding"]) == len(tokens)
    bad = client.post("/v1/embeddings", json={**asked, "encoding_format": "hex"})
    refused(bad, "request_invalid", 400)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_dspy_asks(client, method):
    asked = {"query": "red trains", "k": 1}
    how = {"params": asked} if method == "GET" else {"json": asked}
    (row,) = client.request(method, "/api/search", **how).json()["topk"]
    assert (row["text"], row["pid"], row["rank"]) == ("Red trains run fast.", "b/c d", 1)


def test_the_search_of_a_second_index(client_of, tmp_path):
    Indexer(tmp_path / "j", ENCODER).build([("z", "green bread")])
    client = client_of(more={"j": tmp_path / "j"})
    answer = client.post("/v1/search", json={"query": "bread", "index": "j"}).json()
    assert [hit["id"] for hit in answer["hits"]] == ["z"]


@pytest.mark.parametrize(("tokens", "threads"), [(10**9, 1), (1, 4)])
def test_a_search_has_the_threads_it_has_a_use_for(client_of, monkeypatch, tokens, threads):
    monkeypatch.setattr("colmodern.serve.served._TOKENS_A_THREAD", tokens)
    client, given = client_of(threads=4), []
    search = Searcher.search

    def noted(searcher, query, request, **options):
        given.append(request.threads)
        return search(searcher, query, request, **options)

    monkeypatch.setattr(Searcher, "search", noted)
    client.post("/v1/search", json={"query": "bread"})
    client.get("/api/search", params={"query": "bread"})
    assert given == [threads] * 2


def test_what_is_no_address(client):
    refused(client.get("/v2/search"), "route_not_found", 404)
    refused(client.get("/v1/status/"), "route_not_found", 404)
    assert "POST" in refused(client.get("/v1/search"), "method_not_allowed", 405)["message"]
    answer = client.post("/v1/documents")
    refused(answer, "method_not_allowed", 405)
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PUT"


def test_the_description_has_every_address_and_every_option(client):
    from colmodern.options import options_of
    from colmodern.request import SearchRequest

    told = client.get("/openapi.json").json()
    body = told["paths"]["/v1/search"]["post"]["requestBody"]["content"]["application/json"]
    assert {one.name for one in options_of(SearchRequest)} <= body["schema"]["properties"].keys()
    routes = {route.path.replace(":id", "") for route in client.app.routes}
    own = {"/openapi.json", "/docs", "/livez", "/readyz", "/metrics", "/", "/page/{name}"}
    assert told["paths"].keys() == routes - own
    for route in client.app.routes:
        methods = told["paths"].get(route.path.replace(":id", ""), {}).keys()
        assert not methods or {one.lower() for one in route.methods} - {"head"} <= methods


def test_the_description_has_the_address_of_agents(client_of):
    pytest.importorskip("mcp_types")
    server = client_of().server
    with TestClient(make_app(server, agents_of(server)), base_url="http://127.0.0.1") as client:
        told = client.get("/openapi.json").json()["paths"]["/mcp"]["post"]
        assert {"jsonrpc", "method"} == set(
            told["requestBody"]["content"]["application/json"]["schema"]["required"]
        )
        assert "<code>POST /mcp</code>" in client.get("/docs").text
        assert client.post("/mcp", json={"jsonrpc": "2.0", "method": "ping"}).status_code != 404


def test_the_description_for_people_has_every_address_and_no_script(client):
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page.text
    assert client.get("/page/api.css").status_code == 200


def test_health_and_numbers(client):
    assert client.get("/livez").text == "ok\n"
    assert client.get("/readyz").json()["generations"] == {"i": 1}
    client.post("/v1/search", json={"query": "bread"})
    client.post("/v1/search", json={"query": ""})
    page = client.get("/metrics").text
    assert 'colmodern_request_seconds_count{route="/v1/search",status="200"} 1.0' in page
    assert 'colmodern_refused_total{code="query_empty"} 1.0' in page
    assert 'colmodern_stage_seconds_count{stage="encode"} 1.0' in page
    assert 'colmodern_index_generation{index="i"} 1.0' in page
    assert "process_resident_memory_bytes" in page
