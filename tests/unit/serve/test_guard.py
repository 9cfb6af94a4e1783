"""Who may ask, from where, how often? And what does the log say of it?"""

import logging
import os
import socket

import pytest

from colmodern.errors import ConfigError
from colmodern.serve import ServeConfig
from colmodern.serve.access import Access, read_bearers
from colmodern.serve.http.guard import PUBLIC
from colmodern.serve.run import _listen

from .kit import refused

READ, WRITE = "r" * 20, "w" * 20


@pytest.fixture
def tokens(tmp_path):
    file = tmp_path / "tokens"
    file.write_text(f"# who may ask\nread {READ} ann\n\nwrite,admin {WRITE} job\n")
    return file


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


def test_nobody_gets_a_byte_of_a_document_without_a_token(client_of, tokens):
    client = client_of(token_file=str(tokens))
    for route in client.app.routes:
        path = route.path.replace("{id:id}", "a").replace("{id}", "i-1")
        path = path.replace("{name}", "page.js")
        for method in route.methods:
            body = {"json": {"query": "bread", "id": "a"}} if method == "POST" else {}
            for headers in ({}, bearing(""), bearing("x" * 20), {"Authorization": f"Basic {READ}"}):
                answer = client.request(method, path, headers=headers, **body)
                assert b"ovens" not in answer.content
                if path not in PUBLIC | {"/", "/page/page.js"}:
                    assert answer.status_code == 401
                    assert method == "HEAD" or refused(answer, "token_missing", 401)
                    assert answer.headers["www-authenticate"] == "Bearer"
    found = client.post("/v1/search", json={"query": "bread"}, headers=bearing(READ))
    assert found.status_code == 200


def test_each_scope_is_by_itself(client_of, tokens):
    client = client_of(token_file=str(tokens))
    answer = client.post("/v1/search", json={"query": "bread"}, headers=bearing(WRITE))
    refused(answer, "token_not_enough", 403)


def test_tokens_are_read_again_and_what_cannot_be_read_changes_nothing(tokens, caplog):
    access = Access(tokens)
    assert access.bearer(f"Bearer {READ}").name == "ann"
    tokens.write_text("read short\n")
    os.utime(tokens, ns=(1, 1))
    access.reread()
    access.reread()  # what is still wrong is logged once
    assert caplog.text.count("the tokens stay as they were") == 1
    assert "stay as they were" in caplog.text
    assert access.bearer(f"bearer {READ}").name == "ann"
    tokens.write_text(f"read {'n' * 20} bob\n")
    access.reread()
    assert access.bearer(f"Bearer {'n' * 20}").name == "bob"
    with pytest.raises(Exception, match="Send a token"):
        access.bearer(f"Bearer {READ}")


@pytest.mark.parametrize("line", ["read", "reed " + READ, "read short", f"read {READ} a b"])
def test_a_line_of_a_token_file_that_cannot_be_read(tmp_path, line):
    (tmp_path / "tokens").write_text(line)
    with pytest.raises(ConfigError, match="line 1") as found:
        list(read_bearers(tmp_path / "tokens"))
    assert READ not in str(found.value)


def test_a_token_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        Access(tmp_path / "none")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_another_address_needs_tokens(host, tokens):
    with pytest.raises(ConfigError, match="--token-file") as found:
        ServeConfig(host=host)
    assert found.value.code == "option_conflict"
    ServeConfig(host=host, token_file=str(tokens))
    ServeConfig(host=host, insecure=True)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""]
)
def test_a_name_that_is_not_the_servers(client, host):
    refused(client.get("/livez", headers={"Host": host}), "host_refused", 421)


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST"])
def test_the_names_of_this_machine(client, host):
    assert client.get("/livez", headers={"Host": host}).status_code == 200


def test_another_name_can_be_allowed(client_of):
    client = client_of(allow_host=("search.example", "Other.example:8765"))
    for host in ("search.example", "search.example:80", "other.example:8765", "other.example"):
        assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("options", [{"host": "fd00::1"}, {"allow_host": ("FD00::1",)}])
def test_an_address_of_ipv6_is_a_name_of_the_server(client_of, tokens, options):
    client = client_of(token_file=str(tokens), **options)
    asked = {**bearing(READ), "Host": "[fd00::1]:8765"}
    assert client.get("/v1/status", headers=asked).status_code == 200


def test_pages_of_other_origins(client_of):
    client = client_of(cors=("https://good.example",))
    asked = {"json": {"query": "bread"}}
    evil = client.post("/v1/search", headers={"Origin": "https://evil.example"}, **asked)
    refused(evil, "origin_refused", 403)
    assert "access-control-allow-origin" not in evil.headers
    good = client.post("/v1/search", headers={"Origin": "https://good.example"}, **asked)
    assert good.headers["access-control-allow-origin"] == "https://good.example"
    own = client.post("/v1/search", headers={"Origin": "http://127.0.0.1:8765"}, **asked)
    assert own.status_code == 200
    asks = {"Origin": "https://good.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/v1/search", headers=asks).status_code == 204


@pytest.mark.parametrize(
    "origin",
    [
        "https://good.example/",
        "https://Good.example",
        "good.example",
        "*",
        "",
        "http://a/b",
        "a b://c",
    ],
)
def test_an_origin_that_no_browser_would_send_is_refused_at_the_start(origin):
    with pytest.raises(ConfigError, match="is no origin") as refusal:
        ServeConfig(cors=("http://localhost:3000", origin))
    assert refusal.value.value == origin


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "file://", "http://[::1]:3000", "capacitor://localhost"),
        "moz-extension://0f1e2d3c-aaaa-bbbb-cccc-0123456789ab",
        "safari-web-extension://140BB581-A2C0-422A-9DD3-6982A5ABEE5E",
    ],
)
def test_an_origin_that_browsers_and_apps_send_is_taken(origin):
    assert ServeConfig(cors=(origin,)).cors == (origin,)


@pytest.mark.parametrize("origin", ["null", "127.0.0.1:8765", "https://127.0.0.1", ""])
def test_what_is_no_origin_of_this_server(client, origin):
    refused(client.get("/v1/status", headers={"Origin": origin}), "origin_refused", 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_page_of_another_site_embeds(client, site):
    embedded = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    frame = {**embedded, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    for headers in (embedded, frame):
        refused(client.get("/api/search?query=bread", headers=headers), "origin_refused", 403)
    link = {**frame, "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=link).status_code == 200
    own = {**embedded, "Sec-Fetch-Site": "same-origin"}
    assert client.get("/page/page.js", headers=own).status_code == 200


def test_an_answer_that_is_no_page_is_shown_as_none(client):
    answer = client.get("/v1/documents/a")
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_request_that_a_proxy_might_read_another_way_is_refused_and_ends_its_connection(client):
    for path in ("/livez", "/v1/search"):
        headers = {"Transfer-Encoding": "chunked", "Content-Length": "5"}
        answer = client.request("POST", path, content=b'{"query": "x"}', headers=headers)
        refused(answer, "request_invalid", 400)
        assert answer.headers["connection"] == "close"


def test_probes_may_name_any_host_where_tokens_are_asked_for(client_of, tokens):
    client, probe = client_of(token_file=str(tokens)), {"Host": "10.0.0.7:8765"}
    assert client.get("/livez", headers=probe).status_code == 200
    assert client.get("/readyz", headers=probe).json()["ready"]
    refused(client.get("/v1/status", headers={**probe, **bearing(READ)}), "host_refused", 421)


def test_a_token_may_ask_so_often(client_of):
    client = client_of(rate=1e-6)
    assert client.get("/v1/status").status_code == 200
    again = client.get("/v1/status")
    refused(again, "too_many_requests", 429)
    assert again.headers["retry-after"] == "1"
    assert client.get("/livez").status_code == 200


def test_the_log_has_a_line_a_request_and_no_text(client_of, tokens, caplog):
    caplog.set_level(logging.INFO, "colmodern.serve.requests")
    client = client_of(token_file=str(tokens))
    given = {**bearing(READ), "X-Request-ID": "mine-1"}
    answer = client.post("/v1/search", json={"query": "secret ovens"}, headers=given)
    assert answer.headers["x-request-id"] == "mine-1"
    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith("POST /v1/search 200 ")
    told = {name: record.fields[name] for name in ("method", "route", "status", "bearer", "code")}
    assert list(told.values()) == ["POST", "/v1/search", 200, "ann", None]
    assert line.endswith(" mine-1 by ann")
    assert READ not in caplog.text
    assert "ovens" not in caplog.text
    forged = client.get("/livez", headers={"X-Request-ID": "a b"})
    assert forged.headers["x-request-id"] != "a b"


def test_a_failure_of_the_server_is_told_without_its_inside(client, monkeypatch, caplog):
    def broken():
        raise RuntimeError("inside")

    monkeypatch.setattr(client.server.metrics, "page", broken)
    answer = client.get("/metrics")
    told = refused(answer, "internal", 500)
    assert "inside" not in told["message"]
    assert "inside" in caplog.text


def test_small_answers_leave_at_once():
    with _listen(ServeConfig(port=0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP  # or asyncio leaves Nagle's delay on
