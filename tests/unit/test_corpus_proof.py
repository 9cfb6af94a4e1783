"""A file whose name promises nothing is read if its bytes prove to be text."""

from __future__ import annotations

import gzip

import pytest

from colmodern.corpus import ExtractionError, ScanOptions, SkipReason, extract, scan

TEXT = "The fence is mended on Mondays; bring nails and a hammer.\n"


def texts(root, options=None):
    options = options or ScanOptions()
    return {
        source.key: document.text
        for source in scan([root], options).sources
        for document, _ in extract(source, options)
    }


def reasons(root):
    return {skipped.path.name: skipped.reason for skipped in scan([root]).skipped}


@pytest.mark.parametrize(
    "name",
    [
        "README", "README.Debian", "README.1st", "Dockerfile.dev", "notes.2024", "Notes 3. May",
        "build.unheard-of", "a.properties", "19823", "Makefile.am", "letter.",
    ],
)  # fmt: skip
def test_text_is_read_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_text(TEXT)
    assert texts(tmp_path) == {name: TEXT}


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-16"),
        TEXT.encode("utf-32"),
        b"\xef\xbb\xbf" + TEXT.encode(),
        "Der Schlüssel hängt im Häuschen über der Tür.\n".encode("cp1252"),
        "Ключ висит возле двери, рядом фонарь.\n".encode("koi8-r"),
        "鍵は扉の横に掛けてあります。\n".encode("shift_jis"),
        ("ä" * 8192).encode(),
        ("x" + "ä" * 8192).encode(),
        b"\x1b[1mbold\x1b[0m and back\b again\f\n" * 9,
        b"DOS ends so.\r\n\x1a",
    ],
)
def test_text_in_any_encoding_is_proven(tmp_path, data):
    (tmp_path / "file.unknown").write_bytes(data)
    assert list(texts(tmp_path)) == ["file.unknown"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(9),
        b"text at first\n" + bytes(3),
        bytes(range(1, 256)) * 4,
        b"\xff\xfe" + bytes(range(256)) * 2 + b"\x00\xd8",
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
        b"\x01\x02\x03\x04 a few words \x05\x06",
    ],
)
def test_what_is_no_text_is_refused_with_its_reason(tmp_path, data):
    (tmp_path / "file.unknown").write_bytes(data)
    assert texts(tmp_path) == {}
    assert reasons(tmp_path) == {"file.unknown": SkipReason.BINARY}


def test_pictures_are_not_opened(tmp_path):
    (tmp_path / "a.PNG").write_text(TEXT)
    assert reasons(tmp_path) == {"a.PNG": SkipReason.UNSUPPORTED}


def test_the_rest_of_a_file_is_checked_when_it_is_read(tmp_path):
    (tmp_path / "tape.raw").write_bytes(TEXT.encode() * 400 + bytes(8))
    (source,) = scan([tmp_path]).sources
    with pytest.raises(ExtractionError) as caught:
        list(extract(source))
    assert caught.value.skipped.reason is SkipReason.BINARY


def test_what_is_asked_for_as_text_is_not_asked_for_proof(tmp_path):
    (tmp_path / "tape.raw").write_bytes(TEXT.encode() * 400 + bytes(8))
    options = ScanOptions(text_suffixes=(".raw",))
    assert list(texts(tmp_path, options)) == ["tape.raw"]


def test_a_page_and_a_pdf_are_known_without_their_suffix(tmp_path):
    (tmp_path / "saved page").write_text("<!DOCTYPE html>\n<p>One <b>word</b></p>")
    (tmp_path / "paper.2024").write_bytes(b"%PDF-1.4\n" + bytes(9))
    assert {s.key: s.format.name for s in scan([tmp_path]).sources} == {
        "saved page": "html",
        "paper.2024": "pdf",
    }


@pytest.mark.parametrize("name", ["changes.gz", "a.txt.gz", "a.py.gz", "a.md.GZ", "README.1st.gz"])
def test_packed_text_is_unpacked(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(TEXT.encode()))
    assert texts(tmp_path) == {name: TEXT}


def test_packed_pages_are_read_as_pages(tmp_path):
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(b"<h1>Fence</h1><p>Nails</p>"))
    assert texts(tmp_path) == {"a.html.gz": "Fence\n\nNails"}


def test_what_is_packed_badly_or_is_no_text_or_too_large_is_told(tmp_path):
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress(TEXT.encode() * 99)[:-20])
    (tmp_path / "none.gz").write_text(TEXT)
    (tmp_path / "picture.gz").write_bytes(gzip.compress(bytes(99)))
    (tmp_path / "large.txt.gz").write_bytes(gzip.compress(bytes(b"x" * 100_000)))
    assert reasons(tmp_path) == {"none.gz": SkipReason.BINARY, "picture.gz": SkipReason.BINARY}
    options = ScanOptions(max_file_bytes=99_999)
    found = {}
    for source in scan([tmp_path], options).sources:
        with pytest.raises(ExtractionError) as caught:
            list(extract(source, options))
        found[source.key] = caught.value.skipped.reason
    assert found == {"cut.txt.gz": SkipReason.BROKEN, "large.txt.gz": SkipReason.TOO_LARGE}
