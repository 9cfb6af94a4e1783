"""Manual pages: macros of man and mdoc, conditions, tables, escapes; files that only look so."""

from __future__ import annotations

import gzip

import pytest

from colmodern.corpus import ExtractionError, SkipReason, scan
from colmodern.passages.places import place_of

from .office_kit import read

MAN = r"""'\" t
.\" A comment
.ie \n(.g .ds Aq \(aq
.el       .ds Aq '
.de Sx2
.  B \\$1
..
.TH TIDE 1 2024-03-31 "Harbour" "Manual"
.SH NAME
tide \- print the tide\*(Aqs \fItable\fR
.SH "SEE ALSO"
.if t .B not on a terminal
.if n \{\
.B shown
\}
.Sx2 own
.PP
Use
.BR \-a , " \-\-all" .
.TP
.B \-h
Print \(lqhelp\(rq.
.IP \(bu 2
a point
.SS Sub
.nf
  x =  1
  y\e = 2
.fi
.TS
tab(;);
l l.
Rope;12
.T&
l l
l l.
T{
Long
oar
T};4
.TE
See
.UR http://x
here
.UE .
caf\['e] \[u20AC]\s-1small\s0\c
"""

MDOC = r""".Dd March 31, 2024
.Dt TIDE 1
.Os
.Sh NAME
.Nm tide
.Nd print a table
.Sh SYNOPSIS
.Nm
.Op Fl ab
.Op Fl o Ns = Ns Ar file
.Ar
.Sh DESCRIPTION
Read
.Xr moon 7 ,
.Dq high water ,
and
.Pf ( Cm noon ) .
.Bl -tag -width x
.It Fl h , Fl \-help
Help.
.El
.Bl -enum
.It
one
.It
two
.El
.Bl -column a b
.It Rope Ta 12
.El
.Bd -literal
a  b
.Ed
.Fn tide "int a" "int b"
.Ex -std
"""


def text_of(tmp_path, text, name="a.1"):
    document, notes = read(tmp_path / name, text.encode())
    assert notes == []
    return document


def test_a_page_is_read_as_a_terminal_shows_it(tmp_path):
    document = text_of(tmp_path, MAN)
    assert document.title == "TIDE(1)"
    assert document.text == (
        "NAME\n\ntide - print the tide's table\n\nSEE ALSO\n\nshown own\n\nUse -a, --all.\n\n"
        "-h\nPrint “help”.\n\n• a point\n\nSub\n\n  x =  1\n  y\\ = 2\n\nRope\t12\nLong oar\t4\n\n"
        "See here ⟨http://x⟩. café €small"
    )
    place = place_of(document.metadata, document.text, document.text.index("x =  1"))
    assert str(place) == "SEE ALSO > Sub"


def test_a_page_of_bsd_is_read_too(tmp_path):
    document = text_of(tmp_path, MDOC)
    assert document.title == "TIDE(1)"
    assert document.text == (
        "NAME\n\ntide \u2013 print a table\n\nSYNOPSIS\n\ntide [-ab] [-o=file] file ...\n\n"
        "DESCRIPTION\n\n"
        "Read moon(7), “high water”, and (noon).\n\n-h, --help\nHelp.\n\n1. one\n2. two\n\n"
        "Rope\t12\n\na  b\n\ntide(int a, int b) "
        "The tide utility exits 0 on success, and >0 if an error occurs."
    )


def test_what_only_has_the_name_of_a_page_is_text(tmp_path):
    log = "Mar 31 one\n.hidden two\n\n three\n"
    for text in (log, f'.\\" a comment\n{log}'):
        document = text_of(tmp_path, text, "syslog.1")
        assert document.text == text
        assert document.metadata["type"] == "text"


def test_a_page_that_names_another_is_told(tmp_path):
    with pytest.raises(ExtractionError) as raised:
        text_of(tmp_path, ".so man1/tide.1\n")
    assert raised.value.skipped.reason is SkipReason.EMPTY
    assert raised.value.skipped.detail == "it only names man1/tide.1"


@pytest.mark.parametrize(
    "body",
    [
        ".de A\n.A\n.A\n..\n.A\n", ".de A\n.A \\$* \\$*\n..\n.A x\n",
        ".ds a \\*b\\*b\n.ds b \\*a\\*a\n\\*a\n", ".de\n.ds\n.if\n.ie\n.el\n.ig\n",
        ".if n \\{\n.if n \\{\n", ".de A\nnever closed", "\\", "\\[", "\\(x",
        ".Bl\n.It\n.El\n.El\n",
        ".TS\n", ".TS\nl.\nT{\n", ".It a\n.Op\n.Fl\n.Nm\n.Xr\n.Fn\n",
        ".B\n.BR\n.IP\n.TP\n.UE\n.OP\n",
        "'''\n.\n.  \n..\n",
    ],
)  # fmt: skip
def test_broken_pages_are_read_as_far_as_they_go(tmp_path, body):
    document = text_of(tmp_path, f".TH A 1\n.SH NAME\nkept\n{body}")
    assert document.text.startswith("NAME\n\nkept")
    assert len(document.text) < 3_000_000


@pytest.mark.parametrize("name", ["ls.1", "ls.1.gz", "Foo::Bar.3pm", "page"])
@pytest.mark.parametrize("start", ["", ".de A\n..\n", '.\\" comment\n' * 900])
def test_a_page_is_known_by_how_it_begins(tmp_path, name, start):
    data = f"{start}.TH LS 1\n.SH NAME\nls\n".encode()
    document, _ = read(tmp_path / name, gzip.compress(data) if name.endswith(".gz") else data)
    assert document.text == "NAME\n\nls"
    assert document.metadata["type"] == "man"


def test_a_library_called_like_a_page_is_not_opened_further(tmp_path):
    (tmp_path / "libx.so.1").write_bytes(b"\x7fELF\0\0\1")
    assert [skipped.reason for skipped in scan([tmp_path]).skipped] == [SkipReason.BINARY]
