"""What a coordinator needs to start, and what it makes of shards that do not belong together."""

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.errors import ColModernError
from colmodern.serve import ServeConfig
from colmodern.serve.coordinator.start import make_coordinator

from .kit import ENCODER, app_of, coordinating, file_of, running

pytestmark = pytest.mark.usefixtures("unsynced")


def refused(file, encoder=None, **options):
    with pytest.raises(ColModernError) as found:
        make_coordinator(file, ServeConfig(**options), encoder=encoder)
    return found.value.code, found.value.option


def test_nobody_answers(tmp_path):
    file = file_of(tmp_path, {"a": ["http://127.0.0.1:9"]})
    assert refused(file, deadline=0.3) == ("shard_unavailable", None)


def test_steps_must_have_time_in_the_deadline(tmp_path):
    file = file_of(tmp_path, {"a": ["http://127.0.0.1:9"]}, timeout=1.0)
    assert refused(file, deadline=2.9) == ("option_conflict", "timeout")


def test_another_encoder(servers, tmp_path):
    ((_, url),) = servers(1)
    file = file_of(tmp_path, {"a": [url]})
    assert refused(file, encoder=HashEncoder(dim=32, seed=5)) == ("encoder_mismatch", None)
    file = file_of(tmp_path, {"a": [url]}, encoder="hash:32:7")
    assert refused(file) == ("encoder_mismatch", None)
    assert make_coordinator(file_of(tmp_path, {"a": [url]}), ServeConfig()).encoder.dim == 32


def test_one_that_does_not_answer_yet_is_missing_until_it_does(servers, tmp_path):
    (_, first), (other, second) = servers(1, 2)
    other.fault = "fail"
    file = file_of(tmp_path, {"a": [first], "b": [second]}, failures=1000)
    with coordinating(file, deadline=0.7) as client:
        body = {"query": "amber"}
        while not (answer := client.post("/v1/search", json=body)).is_success:
            pass  # on a busy machine the deadline may be too short
        assert answer.json()["missing"][0]["shard"] == "b"
        assert not client.get("/readyz").json()["complete"]
        other.fault = None
        while not client.get("/readyz").json()["complete"]:
            pass


@pytest.fixture
def stranger(tmp_path):
    """A server of an index with another codec, and one of another encoder."""
    Indexer(tmp_path / "codec", ENCODER).build([("z", "amber of another codec")])
    Indexer(tmp_path / "encoder", HashEncoder(dim=32, seed=3)).build([("z", "amber")])
    with (
        running(app_of(tmp_path / "codec")) as codec,
        running(app_of(tmp_path / "encoder", HashEncoder(dim=32, seed=3))) as encoder,
    ):
        yield {"codec": codec.url, "encoder": encoder.url}


@pytest.mark.parametrize("what", ["codec", "encoder"])
def test_shards_that_differ(servers, tmp_path, stranger, what):
    (_, first), (_, second) = servers(1, 2)
    file = file_of(tmp_path, {"a": [first], "b": [second], "c": [stranger[what]]}, failures=1000)
    assert refused(file) == ("shards_differ", what)
    pair = file_of(tmp_path, {"a": [first], "b": [second]}, failures=1000)
    with coordinating(pair) as client:
        whole = client.post("/v1/search", json={"query": "amber", "k": 12}).json()
        # It is another one only later: the server was exchanged.
        server = client.coordinator.shards[1].servers[0]
        client.portal.call(server.close)
        client.coordinator.shards[1].servers[0] = type(server)(
            file.shards[2].servers[0], file.config, most_bytes=1 << 20
        )
        answer = client.post("/v1/search", json={"query": "amber", "k": 12}).json()
        (missing,) = answer["missing"]
        assert (missing["shard"], missing["code"]) == ("b", "shards_differ")
        assert {hit["id"] for hit in answer["hits"]} < {hit["id"] for hit in whole["hits"]}


def test_servers_that_want_a_token(shards, tmp_path):
    (tmp_path / "tokens").write_text("read 0123456789abcdef0123 coordinator\n")
    (tmp_path / "token").write_text("0123456789abcdef0123\n")
    with running(app_of(shards, shard=1, token_file=str(tmp_path / "tokens"))) as server:
        bare = file_of(tmp_path, {"a": [server.url]})
        assert refused(bare, deadline=0.3) == ("shard_unavailable", None)
        entry = {"url": server.url, "token_file": "token", "index": "i"}
        with coordinating(file_of(tmp_path, {"a": [entry]})) as client:
            assert client.post("/v1/search", json={"query": "amber"}).json()["partial"] is False
            (tmp_path / "token").write_text("two words")
            answer = client.post("/v1/search", json={"query": "amber"})
            assert answer.json()["error"]["code"] == "shard_unavailable"
            (tmp_path / "token").unlink()
            assert "token_missing" in client.post("/v1/search", json={"query": "amber"}).text


def test_what_clients_may_do_is_as_with_a_server(servers, tmp_path):
    ((_, url),) = servers(1)
    (tmp_path / "tokens").write_text("read 0123456789abcdef0123\nwrite 9876543210abcdef0123\n")
    file = file_of(tmp_path, {"a": [url]})
    with coordinating(file, token_file=str(tmp_path / "tokens")) as client:
        assert client.post("/v1/search", json={"query": "amber"}).status_code == 401
        reader = {"Authorization": "Bearer 0123456789abcdef0123"}
        assert client.post("/v1/search", json={"query": "amber"}, headers=reader).is_success
        assert client.get("/readyz").is_success
        writer = {"Authorization": "Bearer 9876543210abcdef0123"}
        answer = client.put("/v1/documents", json={"documents": []}, headers=writer)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_writable")
        assert client.post("/v1/search", json={"query": "x"}, headers=writer).status_code == 403


def test_other_addresses(servers, tmp_path):
    urls = {name: [url] for name, (_, url) in zip("ab", servers(1, 2), strict=True)}
    with coordinating(file_of(tmp_path, urls)) as client:
        ranked = client.post("/v1/rerank", json={"query": "amber", "documents": ["x", "amber"]})
        assert ranked.json()["results"][0]["index"] == 1
        assert client.post("/v1/rerank", json={"query": "amber"}).status_code == 400
        assert client.post("/v1/embeddings", json={"input": "amber"}).json()["data"]
        told = client.get("/v1/status").json()
        assert (told["indexes"][0]["documents"], len(told["shards"])) == (12, 2)
        rows = client.get("/api/search", params={"query": "number7", "k": 1}).json()
        assert (rows["topk"][0]["pid"], rows["partial"]) == ("d7", False)
        body = {"queries": ["number7", "number3"], "k": 1}
        both = client.post("/v1/search", json=body).json()
        assert [row["hits"][0]["id"] for row in both["results"]] == ["d7", "d3"]
        assert both["partial"] is False
        lines = client.post(
            "/v1/search",
            json={"queries": ["number7", " "], "k": 1},
            headers={"Accept": "application/x-ndjson"},
        )
        assert '"query_empty"' in lines.text.splitlines()[1]
        assert client.get("/").is_success
        assert client.get("/livez").is_success


def test_the_description_has_what_is_answered(servers, tmp_path):
    ((_, url),) = servers(1)
    with coordinating(file_of(tmp_path, {"a": [url]})) as client:
        told = client.get("/openapi.json").json()
        content = told["paths"]["/v1/search"]["post"]["requestBody"]["content"]
        properties = content["application/json"]["schema"]["properties"]
        assert {"strict", "vectors", "where"} <= properties.keys()
        assert "ids" not in properties
        assert "partial" in told["components"]["schemas"]["Hits"]["properties"]
        assert told["paths"].keys() == {
            *("/v1/search", "/v1/explain", "/v1/documents", "/v1/documents/{id}", "/v1/status"),
            *("/v1/rerank", "/v1/embeddings", "/api/search"),
        }
        assert told["paths"]["/v1/documents"].keys() == {"get"}
        assert "strict" in client.get("/docs").text


@pytest.mark.parametrize(
    "more", [["{folder}"], ["--name", "x={folder}"], ["--shard", "1"], ["--writable"]]
)
def test_nothing_is_served_beside_shards(tmp_path, monkeypatch, capsys, more):
    import sys

    from colmodern.__main__ import main

    file = tmp_path / "shards.toml"
    file.write_text('[[shards]]\nservers = ["http://127.0.0.1:9"]\n')
    (tmp_path / "tokens").write_text("write 0123456789abcdef0123\n")
    words = [word.format(folder=tmp_path) for word in more]
    tokens = ["--token-file", str(tmp_path / "tokens")]
    monkeypatch.setattr(sys, "argv", ["colmodern", "serve", *words, *tokens, "--shards", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "[option_conflict]" in capsys.readouterr().err


def test_an_answer_that_is_known(servers, tmp_path):
    urls = {name: [url] for name, (_, url) in zip("ab", servers(1, 2), strict=True)}
    with coordinating(file_of(tmp_path, urls)) as client:
        body = {"query": "amber"}
        tag = client.post("/v1/search", json=body).headers["etag"]
        known = {"If-None-Match": tag}
        assert client.post("/v1/search", json=body, headers=known).status_code == 304
        assert client.post("/v1/search", json={"query": "b"}, headers=known).status_code == 200
        page = client.get("/v1/documents/d1")
        known = {"If-None-Match": page.headers["etag"]}
        assert client.get("/v1/documents/d1", headers=known).status_code == 304
