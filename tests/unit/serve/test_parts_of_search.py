"""What a server answers of an index that is one shard of several."""

import base64

import pytest

from .kit import DOCUMENTS, ENCODER, refused


def packed(query):
    (tokens,) = ENCODER.encode_queries([query])
    return base64.b64encode(tokens.vectors.astype("<f4").tobytes()).decode()


def test_a_search_by_its_own_statistics_is_that_of_the_index(client):
    query = "blue bread trains"
    told = client.post("/v1/statistics", json={"query": query}).json()
    assert told["statistics"]["documents"] == len(DOCUMENTS)
    assert told["encoder"]["fingerprint"] == ENCODER.fingerprint
    expected = client.post("/v1/search", json={"query": query, "precise": True}).json()["hits"]
    more = {"statistics": told["statistics"], "state": told["state"], "precise": True}
    for asked in ({"query": query}, {"query": query, "vectors": packed(query)}):
        assert client.post("/v1/search", json={**asked, **more}).json()["hits"] == expected
    words = {"query": query, "mode": "bm25"}
    expected = client.post("/v1/search", json=words).json()["hits"]
    assert client.post("/v1/search", json={**words, **more, "precise": None}).json()["hits"] == (
        expected
    )
    only = client.post("/v1/search", json={"query": query, **more, "ids": ["b/c d"]}).json()
    assert [hit["id"] for hit in only["hits"]] == ["b/c d"]


def test_an_explanation_by_given_vectors_is_that_of_the_text(client):
    query = "bread ovens"
    (tokens,) = ENCODER.encode_queries([query])
    told = client.post("/v1/statistics", json={"query": query}).json()
    body = {"query": query, "id": "a"}
    more = {
        "vectors": packed(query),
        "spans": tokens.spans.tolist(),
        "statistics": told["statistics"],
        "state": told["state"],
    }
    expected, found = (client.post("/v1/explain", json=b).json() for b in (body, {**body, **more}))
    expected.pop("milliseconds")
    found.pop("milliseconds")
    assert found == expected


def test_scores_are_whole_numbers_of_float32(client):
    import numpy as np

    hits = client.post("/v1/search", json={"query": "bread", "precise": True}).json()["hits"]
    assert all(float(np.float32(hit["score"])) == hit["score"] for hit in hits)


def test_a_state_of_the_past_is_refused(client):
    body = {"query": "bread", "state": "0" * 32}
    error = refused(client.post("/v1/search", json=body), "generation_changed", 409)
    assert error["option"] == "state"
    refused(client.post("/v1/explain", json={**body, "id": "a"}), "generation_changed", 409)


@pytest.mark.parametrize(
    ("more", "code", "option"),
    [
        ({"vectors": "AAAA"}, "vectors_invalid", None),
        ({"vectors": "*"}, "vectors_invalid", None),
        ({"vectors": ""}, "vectors_invalid", None),
        ({"statistics": {}}, "option_invalid", "statistics"),
        ({"statistics": 3}, "option_invalid", "statistics"),
        ({"state": 3}, "request_invalid", "state"),
        ({"ids": []}, "request_invalid", "ids"),
        ({"ids": "a"}, "request_invalid", "ids"),
        ({"ids": ["none"]}, "document_not_found", None),
        ({"precise": 1}, "request_invalid", "precise"),
    ],
)
def test_what_cannot_be_used_is_said(client, more, code, option):
    status = 404 if code == "document_not_found" else 400
    error = refused(client.post("/v1/search", json={"query": "bread", **more}), code, status)
    assert error.get("option") == option


def test_what_goes_with_one_query_only(client):
    body = {"queries": ["bread"], "ids": ["a"]}
    assert refused(client.post("/v1/search", json=body), "request_invalid", 400)["option"] == "ids"


@pytest.mark.parametrize("spans", [3, [], [[0]], [[0, 99]], [[2, 1]], [["a", "b"]], [[True, True]]])
def test_spans_that_are_none(client, spans):
    body = {"query": "bread", "id": "a", "vectors": packed("bread"), "spans": spans}
    refused(client.post("/v1/explain", json=body), "vectors_invalid", 400)


def test_ids_are_bounded(client_of):
    client = client_of(max_k=2)
    body = {"query": "bread", "k": 1, "ids": ["a", "b", "c"]}
    assert refused(client.post("/v1/search", json=body), "too_large", 413)["option"] == "ids"


def test_statistics_of_a_filter(client):
    asked = {"query": "bread", "where": "year > 3"}
    told = client.post("/v1/statistics", json=asked).json()["statistics"]
    assert told["fields"] == [["year", "", 0], ["year", "number", 0]]
    refused(client.post("/v1/statistics", json={"where": "(("}), "filter_syntax", 400)
