import dataclasses
import json

import pytest

from colmodern.errors import (
    ColModernError,
    IndexCorruptError,
    IndexFormatError,
    IndexNotFoundError,
)
from colmodern.storage import IndexReader, verify
from colmodern.storage.format.manifest_json import decode_manifest, encode_manifest
from colmodern.storage.format.sealed_json import seal
from colmodern.storage.snapshot.files import read_manifest

pytestmark = pytest.mark.usefixtures("unsynced")


@pytest.fixture
def index(kit, home):
    return kit.build(home("i"), ["a", "b"], ["c"])


def signed(payload):
    """Return the bytes of a manifest with a right checksum, whatever it says."""
    return seal({k: v for k, v in payload.items() if k != "checksum"})


def test_a_manifest_comes_back_from_its_bytes(kit, index):
    manifest = read_manifest(index)
    data = encode_manifest(manifest)
    assert data == index.read("manifest.json")
    assert decode_manifest(data, index.path) == manifest


def test_every_flipped_byte_of_the_manifest_is_noticed(kit, index):
    file = index.path / "manifest.json"
    data = index.read("manifest.json")
    for position in range(len(data)):
        for bit in (0, 3, 5):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises((IndexCorruptError, IndexFormatError)):
                decode_manifest(bytes(damaged), file)


def test_every_truncation_of_the_manifest_is_noticed(kit, index):
    data = index.read("manifest.json")
    for length in range(len(data)):
        with pytest.raises((IndexCorruptError, IndexFormatError)):
            decode_manifest(data[:length], index.path)


@pytest.mark.parametrize("version", [0, 2, 99, True, "1", None, 1.0])
def test_another_format_version_is_named_with_those_that_are_read(kit, index, version):
    payload = json.loads(index.read("manifest.json"))
    kit.overwrite(index, "manifest.json", signed({**payload, "format_version": version}))
    with pytest.raises(IndexFormatError, match="reads versions 1 to 1") as caught:
        IndexReader.open(index)
    assert repr(version) in str(caught.value)
    assert len(verify(index)) == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense", '{"magic": "x"}', "[" * 100_000])
def test_something_else_is_not_taken_for_an_index(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(IndexFormatError, match="not the manifest"):
        IndexReader.open(tmp_path)
    assert len(verify(tmp_path)) == 1


def test_a_missing_index_is_told_from_a_folder_without_one(tmp_path):
    with pytest.raises(IndexNotFoundError, match="does not exist"):
        IndexReader.open(tmp_path / "none")
    with pytest.raises(IndexNotFoundError, match=r"has no manifest.json"):
        IndexReader.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexFormatError, match="is a file"):
        IndexReader.open(tmp_path / "file")
    for nothing in (tmp_path / "none", tmp_path):
        with pytest.raises(IndexNotFoundError):
            verify(nothing)
    (tmp_path / "segment-000001").mkdir()  # what is left of one
    assert len(verify(tmp_path)) == 1


def paths_in(value, path=()):
    """Yield the path of every value in nested JSON."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from paths_in(value[key], (*path, key))
    if isinstance(value, list):
        for i in range(len(value)):
            yield from paths_in(value[i], (*path, i))


def replaced(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize(
    "wrong", [None, True, -1, 1 << 70, 1e30, "", "../../etc/passwd", [], {}, [[]], "segment-000009"]
)
def test_a_signed_manifest_with_a_wrong_value_is_refused_or_harmless(kit, index, wrong):
    payload = json.loads(index.read("manifest.json"))
    # "words" may be missing (null); an "analysis" that this program does not know is not searched.
    free = {"words", "analysis"}
    free |= {
        "created_by",
        "updated_by",
        "config",
        "name",
        "fingerprint",
        "sources",
        "squared_error",
    }
    for path in paths_in(payload):
        if not path or path[0] in {"checksum", "config"}:
            continue
        kit.overwrite(index, "manifest.json", signed(replaced(payload, path, wrong)))
        try:
            with IndexReader.open(index) as reader:
                list(reader.documents())
        except ColModernError:
            continue
        assert path[-1] in free | {
            "checksum",
            "keys",
            "generation",
            "next_segment",
            "tombstones",
            "dim",
        } or (wrong == payload[path[0]]), path


@pytest.mark.parametrize(
    "name",
    [
        "../segment-000001/tokens.arrow",
        "/etc/passwd",
        "segment-000002/tokens.arrow",
        "segment-000001/../manifest.json",
        "segment-000001/tokens.arrow\n",
        "",
    ],
)
def test_a_manifest_cannot_name_a_file_elsewhere(kit, index, name):
    payload = json.loads(index.read("manifest.json"))
    payload["segments"][0]["tokens"]["name"] = name
    kit.overwrite(index, "manifest.json", signed(payload))
    with pytest.raises(IndexCorruptError, match="must be"):
        IndexReader.open(index)


def test_totals_that_do_not_add_up_are_noticed(kit, index):
    manifest = read_manifest(index)
    segment = dataclasses.replace(manifest.segments[0], n_documents=3)
    data = encode_manifest(dataclasses.replace(manifest, segments=(segment, manifest.segments[1])))
    payload = json.loads(data)
    payload["n_documents"] -= 1
    kit.overwrite(index, "manifest.json", signed(payload))
    with pytest.raises(IndexCorruptError, match="n_documents and n_tokens"):
        IndexReader.open(index)
