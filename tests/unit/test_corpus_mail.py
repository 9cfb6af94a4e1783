"""Messages: headers as they are read, the form to read, charsets, messages and files in it."""

from __future__ import annotations

import base64
import json

import pytest

from colmodern.corpus import ExtractionError, SkipReason
from colmodern.passages.places import place_of

from .office_kit import docx, paragraph, read, xlsx

HEAD = (
    b"Return-Path: <x@y>\nFrom: =?utf-8?q?J=C3=BCrgen_?= =?utf-8?b?TcO8bGxlcg==?= <j@x.org>\n"
    b"To: Ann <ann@x.org>,\n Bob <bob@x.org>\nSubject: =?iso-8859-1?Q?Kosten_f=FCr?= ropes\n"
    b"Date: Sun, 31 Mar 2024 12:30:00 +0200\nMIME-Version: 1.0\n"
)
SHOWN = (
    "Subject: Kosten für ropes\nFrom: Jürgen Müller <j@x.org>\n"
    "To: Ann <ann@x.org>, Bob <bob@x.org>\nDate: Sun, 31 Mar 2024 12:30:00 +0200"
)


def part(kind, text, *headers):
    data = text if isinstance(text, bytes) else text.encode()
    return "\n".join([f"Content-Type: {kind}", *headers, "", ""]).encode() + data


def many(kind, *parts, mark="X"):
    sep = f"\n--{mark}\n".encode()
    body = b"".join(sep + one for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\n\n'.encode() + body + (
        f"\n--{mark}--\n".encode()
    )  # fmt: skip


def attached(name, data, kind="application/octet-stream"):
    packed = base64.encodebytes(data)
    how = f'Content-Disposition: attachment; filename="{name}"'
    return part(kind, packed, how, "Content-Transfer-Encoding: base64")


def message(tmp_path, body, head=HEAD, **options):
    return read(tmp_path / "a.eml", head + body, **options)


def body_of(tmp_path, body, **options):
    document, notes = message(tmp_path, body, **options)
    assert notes == []
    assert document.text.startswith(SHOWN)
    return document.text[len(SHOWN) :].lstrip("\n")


def test_headers_are_shown_as_a_person_reads_them(tmp_path):
    document, notes = message(tmp_path, b"\nDear Ann,\n\n  the ropes\nare here.\n")
    assert notes == []
    assert document.text == f"{SHOWN}\n\nDear Ann,\n\n  the ropes\nare here."
    assert document.metadata["title"] == "Kosten für ropes"
    assert document.metadata["from"] == "Jürgen Müller <j@x.org>"
    assert document.metadata["date"] == "2024-03-31T12:30:00+02:00"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (part("text/plain; charset=utf-8", "gr=C3=BC=\nn", "Content-Transfer-Encoding: "
              "quoted-printable"), "grün"),
        (part("text/plain; charset=iso-8859-2", b"\xbe\xf3\xb3w here"), "žółw here"),
        (part("text/plain; charset=utf-16le", base64.b64encode("für".encode("utf-16-le")),
              "Content-Transfer-Encoding: base64"), "für"),
        (part("text/plain; charset=iso-2022-jp", "東京".encode("iso-2022-jp")), "東京"),
        (part("text/plain; charset=no-such", b"caf\xe9"), "café"),
        (part("text/plain; charset=utf-8; format=flowed", "one \ntwo\n\n-- \nAnn"),
         "one two\n\n-- \nAnn"),
        (part("text/html", "<h1>Tide</h1><table><tr><td>1<td>2</table>"), "Tide\n\n1\t2"),
    ],
)  # fmt: skip
def test_bodies_are_decoded(tmp_path, body, text):
    assert body_of(tmp_path, body) == text


def test_of_two_forms_the_plain_one_is_read_unless_it_is_a_stub(tmp_path):
    page = "<p>" + "<b>The</b> <i>ropes</i> " * 200
    plain = part("text/plain", "The ropes " * 200)
    assert body_of(tmp_path, many("alternative", plain, part("text/html", page))).startswith(
        "The ropes The"
    )
    stub = part("text/plain", "See it in a browser.")
    related = many("related", part("text/html", page), mark="R")
    assert body_of(tmp_path, many("alternative", stub, related)).startswith("The ropes The")
    assert body_of(tmp_path, many("alternative", part("text/html", "<p>only"))) == "only"


def test_files_attached_to_one_form_are_read(tmp_path):
    mixed = many("mixed", part("text/html", "<p>hi"), attached("a.txt", b"tide table"), mark="M")
    assert body_of(tmp_path, many("alternative", part("text/plain", "hi"), mixed)) == (
        "hi\n\na.txt\n\ntide table"
    )


def test_attached_files_follow_under_their_names(tmp_path):
    sheet = xlsx({"Costs": '<row r="7"><c><v>12</v></c></row>'})
    body = many(
        "mixed", part("text/plain", "See below."),
        attached("report.docx", docx(paragraph("Noon", "heading 1") + paragraph("All is well."))),
        attached("=?utf-8?q?Pl=C3=A4ne/costs.xlsx?=", sheet), attached("photo.jpg", b"\xff\xd8"),
        attached("t.csv", b"a,b\n1,2\n"), attached("code.py", b"def f():\n    return 1\n"),
        attached("b.md", b"# Log\n\n## Night\n\nDark.\n"),
    )  # fmt: skip
    document, notes = message(tmp_path, body)
    assert notes == []
    assert document.text == (
        f"{SHOWN}\n\nSee below.\n\nreport.docx\n\nNoon\n\nAll is well.\n\ncosts.xlsx\n\nCosts\n\n12"
        "\n\nAttachment: photo.jpg\n\nt.csv\n\na,b\n1,2\n\n\ncode.py\n\ndef f():\n    return 1\n"
        "\n\nb.md\n\n# Log\n\n## Night\n\nDark.\n"
    )
    places = [str(place_of(document.metadata, document.text, document.text.index(needle)))
              for needle in ("See", "All is", "12\n\nAtt", "a,b", "Dark")]  # fmt: skip
    assert places == [
        "", "report.docx > Noon", "costs.xlsx > Costs, row 7", "t.csv", "b.md > Log > Night",
    ]  # fmt: skip


def test_broken_attachments_cost_themselves(tmp_path):
    body = many(
        "mixed", part("text/plain", "See below."), attached("a.docx", b"PK\x03\x04broken"),
        attached("b.txt", b"kept"), part("application/pkcs7-mime; name=smime.p7m", b"xx"),
    )  # fmt: skip
    document, notes = message(tmp_path, body)
    assert document.text.endswith("See below.\n\nAttachment: a.docx\n\nb.txt\n\nkept")
    assert [reason for reason, _ in notes] == [SkipReason.PART] * 2
    assert [detail.partition(":")[0] for _, detail in notes] == ["application/pkcs7-mime", "a.docx"]


def test_messages_in_a_message_are_sections(tmp_path):
    inner = b"Content-Type: message/rfc822\n\nSubject: Old tide\nFrom: bob@x.org\n\nHigh at noon.\n"
    deeper = attached("again.eml", b"Subject: Last\n\nText")
    body = many("mixed", part("text/plain", "Fwd"), inner, deeper)
    document, _ = message(tmp_path, body)
    assert document.text.endswith(
        "Fwd\n\nSubject: Old tide\nFrom: bob@x.org\n\nHigh at noon.\n\nagain.eml\n\n"
        "Subject: Last\n\nText"
    )
    place = place_of(document.metadata, document.text, document.text.index("High"))
    assert str(place) == "Old tide"


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\nContent-Type: multipart/mixed\n\nno boundary",
        b"Subject: x\nContent-Type: multipart/mixed; boundary=A\n\n--A\n\nunclosed",
        b'Subject: =?utf-8?b?!!!?= x\nContent-Type: text/plain; charset="\n\ntext',
        b"Subject: x\xff\nContent-Transfer-Encoding: base64\n\n%%%",
        b"Subject: x\nContent-Disposition: attachment; filename=\xff\xfe.txt\n\ntext",
        b"Subject: x\nDate: 99 Foo\nContent-Type: multipart/alternative; boundary=A\n\n--A--",
        b"no headers at all",
    ],
)
def test_damaged_messages_are_read_as_far_as_they_go(tmp_path, data):
    document, _ = message(tmp_path, data, head=b"")
    assert "x" in document.text or "headers" in document.text
    json.dumps(document.metadata).encode()
    document.text.encode()


def test_parts_that_nest_too_deeply_are_refused(tmp_path):
    body = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i)
                    for i in range(3000))  # fmt: skip
    with pytest.raises(ExtractionError) as raised:
        message(tmp_path, body)
    assert raised.value.skipped.reason is SkipReason.BROKEN
    shallow = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i)
                       for i in range(60))  # fmt: skip
    _, ((reason, detail),) = message(tmp_path, shallow)
    assert reason is SkipReason.PART
    assert "too deep" in detail


def test_texts_of_attachments_have_a_limit(tmp_path):
    body = many("mixed", *(attached(f"{i}.docx", docx(paragraph("word " * 9000)))
                           for i in range(9)))  # fmt: skip
    document, notes = message(tmp_path, body, max_file_bytes=100_000)
    assert 90_000 < len(document.text) < 100_500
    assert len(notes) == 7
