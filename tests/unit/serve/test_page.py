"""Is the page served as it lies in the package, to everybody, with nothing from elsewhere?"""

import re
from pathlib import Path

import pytest

import colmodern.serve

from .kit import refused

FOLDER = Path(colmodern.serve.__file__).parent / "page"
FILES = sorted(path.name for path in FOLDER.iterdir())
TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}


def address(name):
    return "/" if name == "index.html" else f"/page/{name}"


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_page(client, name):
    answer = client.get(address(name))
    assert answer.content == (FOLDER / name).read_bytes()
    kind = TYPES[name.rpartition(".")[2]]
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    own = ("script-src", "style-src", "connect-src", "img-src")
    none = ("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types")
    wanted = dict.fromkeys(own, "'self'") | dict.fromkeys(none, "'none'")
    assert policy == wanted | {"require-trusted-types-for": "'script'"}
    again = client.get(address(name), headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address(name), headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/page/none.js", "/page/index.html", "/page/..%2fconfig.py", "/page/", "/page/a/b.js"]
)
def test_nothing_else_is_a_file_of_the_page(client, path):
    refused(client.get(path), "route_not_found", 404)


def test_the_page_needs_no_token_and_what_it_asks_does(client_of, tmp_path):
    (tmp_path / "tokens").write_text(f"read {'r' * 20}\n")
    client = client_of(token_file=str(tmp_path / "tokens"))
    assert client.get("/").status_code == 200
    assert client.get("/page/page.js").status_code == 200
    refused(client.get("/page/none.js"), "token_missing", 401)
    refused(client.get("/v1/status"), "token_missing", 401)


@pytest.mark.parametrize("name", FILES)
def test_nothing_comes_from_elsewhere_and_no_text_becomes_markup(name):
    text = (FOLDER / name).read_text()
    assert set(re.findall(r"[a-z]+://[^\s\"']*", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|@font-face", text)
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "srcdoc",
    ):
        assert way not in text
    assert not re.search(r"<[^>]*\s(on[a-z]+|style)=", text)


def test_each_module_and_id_that_is_named_is_there():
    page = (FOLDER / "index.html").read_text()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    scripts = "".join((FOLDER / name).read_text() for name in FILES if name.endswith(".js"))
    assert set(re.findall(r'from "\./([a-z_]+\.js)"', scripts)) | {"page.js"} == {
        name for name in FILES if name.endswith(".js")
    }
    assert set(re.findall(r'part\("([^"]+)"\)', scripts)) <= set(ids)
    assert set(re.findall(r'(?:href|src)="page/([^"]+)"', page)) <= set(FILES)
    assert not re.search(r"[\"'`]/(v1|page)", page + scripts)  # a proxy may put it under a path
