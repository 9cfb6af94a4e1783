"""A place that anybody may have written: refused with a code, and nothing is written outside."""

import json
import os

import pytest

from colmodern import Searcher
from colmodern.errors import IndexCorruptError, IndexStoreError
from colmodern.remote import layout, pull, push, state, verify_published
from colmodern.remote.layout import Publication, publication_of
from colmodern.storage.format.sealed_json import seal

ZEROS = "0" * 32


def forged(remote, name, change):
    """Write a publication again with a right checksum, after a change of its content."""
    path = remote.store / name
    content = json.loads(path.read_bytes())
    del content["checksum"]
    change(content)
    path.write_bytes(seal(content))


def set_file(field, value):
    def change(content):
        content["segments"][0]["tokens"][field] = value

    return change


def repeat_segments(content):
    first = content["segments"][0]
    text = json.dumps(first)
    names = [f"segment-{number:06d}" for number in range(1, 200)]
    content["segments"] = [json.loads(text.replace(first["name"], name)) for name in names]
    content["next_segment"] = 1000
    content["n_documents"] *= len(names)
    content["n_tokens"] *= len(names)


INDEX = {
    "a way up": set_file("name", "../../../outside.arrow"),
    "an absolute path": set_file("name", "/tmp/outside.arrow"),
    "a way up in the segment": lambda c: c["segments"][0].update(name="../segment-000001"),
    "a way up as the checksum": set_file("checksum", "../../outside"),
    "a checksum that is none": set_file("checksum", "x" * 32),
    "a checksum in capitals": set_file("checksum", "A" * 32),
    "no checksum": set_file("checksum", ""),
    "a wrong checksum": set_file("checksum", ZEROS),
    "a huge file": set_file("bytes", 1 << 61),
    "a number that is none": set_file("bytes", "many"),
    "a negative size": set_file("bytes", -1),
    "too many files": repeat_segments,
    "another format": lambda c: c.update(format_version=9),
    "another thing": lambda c: c.update(magic="other"),
}


def everything(folder):
    return {str(path): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def check_refused(remote):
    """Both doors refuse, and nothing appears but what belongs to the cache and to the pull."""
    before = everything(remote.folder)
    codes = set()
    for door in (
        lambda: pull(remote.url, remote.folder / "pulled"),
        lambda: Searcher.open(remote.url),
    ):
        with pytest.raises(IndexStoreError) as caught:
            door()
        codes.add(caught.value.code)
    assert codes <= {"index_corrupt", "index_format", "index_not_written", "cache_full"}
    assert verify_published(remote.url)
    allowed = (str(remote.folder / "cache"), str(remote.folder / "pulled"))
    after = everything(remote.folder)
    assert {name: after[name] for name in after if not name.startswith(allowed)} == before
    pulled = remote.folder / "pulled"
    assert not pulled.exists() or {one.name for one in pulled.iterdir()} == {"pull"}


@pytest.mark.parametrize("change", INDEX.values(), ids=INDEX)
def test_a_forged_manifest_is_refused(remote, monkeypatch, change):
    monkeypatch.setattr(state, "MOST_FILES", 500)
    remote.published()
    forged(remote, "manifest-00000001.json", change)
    check_refused(remote)


SETS = {
    "a way up": lambda c: c["shards"][0].update(name="../../shard-000001-g000001"),
    "an absolute path": lambda c: c["shards"][0].update(name="/shard-000001-g000001"),
    "a way up as the checksum": lambda c: c["shards"][0].update(checksum="../../x"),
    "another checksum": lambda c: c["shards"][0].update(checksum=ZEROS),
    "a huge manifest": lambda c: c["shards"][0].update(bytes=1 << 61),
    "a small manifest": lambda c: c["shards"][0].update(bytes=3),
    "no generation": lambda c: c.pop("generation"),
    "a generation that is none": lambda c: c.update(generation="one"),
    "a wrong number of shards": lambda c: c["shards"].pop(),
    "another codec": lambda c: c["codec"].update(fingerprint="other"),
    "sources outside": lambda c: c.update(
        sources={"name": "../x.arrow", "bytes": 1, "checksum": ZEROS}
    ),
}


@pytest.mark.parametrize("change", SETS.values(), ids=SETS)
def test_a_forged_set_is_refused(remote, change):
    remote.published(shards=2)
    forged(remote, "shards-00000001.json", change)
    check_refused(remote)


def test_a_publication_without_end_is_not_read(remote, monkeypatch):
    remote.published()
    monkeypatch.setattr(state, "LARGEST_COMMIT", 100)
    with pytest.raises(IndexCorruptError, match="more than 100 bytes"):
        pull(remote.url, remote.folder / "pulled")


def test_deep_json_is_refused(remote):
    remote.published()
    deep = b'{"magic": "colmodern-index", "x": ' + b"[" * 100_000
    (remote.store / "manifest-00000001.json").write_bytes(deep)
    check_refused(remote)


def test_an_object_that_is_longer_than_it_should_be_is_not_read_to_its_end(remote):
    remote.published()
    with remote.largest().open("ab") as file:
        file.write(b"x" * 1_000_000)
    # What is named is its beginning, and that is what was sent.
    pull(remote.url, remote.folder / "pulled")
    (problem,) = verify_published(remote.url)
    assert "had another size" in problem.message


def test_an_index_and_a_set_of_the_same_number_are_told(remote):
    remote.published()
    (remote.store / "shards-00000001.json").write_text("{}")
    with pytest.raises(IndexStoreError, match="published there at once"):
        pull(remote.url, remote.folder / "pulled")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("manifest-00000001.json", Publication(1, False)),
        ("shards-00000012.json", Publication(12, True)),
        ("shards-123456789.json", Publication(123456789, True)),
        ("shards-000000001.json", None),
        ("shards-00000000.json", None),
        ("shards-1.json", None),
        ("manifest.json", None),
        ("x/manifest-00000001.json", None),
        ("manifest-00000001.json.tmp", None),
    ],
)
def test_names_of_publications(name, found):
    assert publication_of(name) == found


def test_names_of_contents():
    assert layout.is_content_name(f"{ZEROS}-0")
    for name in (ZEROS, f"{ZEROS}-", f"{ZEROS}-01", f"{ZEROS}-1.part", f"../{ZEROS}-1", "x-1"):
        assert not layout.is_content_name(name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_in_the_index_is_not_sent(remote):
    index = remote.build()
    (tokens,) = index.rglob("tokens.arrow")
    tokens.unlink()
    os.mkfifo(tokens)
    with pytest.raises(IndexStoreError, match="a pipe") as caught:
        push(index, remote.url)
    assert caught.value.code == "index_unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
@pytest.mark.parametrize("name", ["manifest-00000001.json", ""])
def test_a_pipe_is_not_waited_for(remote, name):
    index = remote.published()
    path = remote.store / name if name else remote.largest()
    path.unlink()
    os.mkfifo(path)
    check_refused(remote)
    with pytest.raises(IndexCorruptError, match="a pipe"):
        pull(remote.url, remote.folder / "pulled")
    push(index, remote.url, replace=True, resend=True)
    assert remote.ids(remote.url) == ["a", "b", "c"]
