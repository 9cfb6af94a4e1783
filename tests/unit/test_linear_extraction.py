"""No file, no pattern of files and no filter may take more than linear time."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress

import pytest

from colmodern.corpus import ExtractionError, ScanOptions, extract, extraction, scan
from colmodern.corpus.patterns import compile_patterns
from colmodern.searcher.filters import _compare
from colmodern.searcher.where import Kind, Value, parse_where
from colmodern.text.headings import markdown_headings, rst_headings
from colmodern.text.symbols import code_symbols
from colmodern.text.units import units_of
from colmodern.text.words import word_spans, words_of

from .growth import assert_linear
from .office_kit import ODF, archive, odf, pptx, xlsx

LARGEST = 1 << 15
ENOUGH = 0.15  # seconds: what a file costs whatever its size is a small part of it


def of_text(start, pump, end=""):
    return lambda n: f"{start}{pump * n}{end}".encode()


MARKUP = [
    ("", "<a "), ("", "<"), ("", "</"), ("", "</a"), ("", "<!"), ("", "<!--"), ("", "<?"),
    ("", "&"),
    ("", "&#"), ("", "<![CDATA["), ("", "<div>"), ("", "<b>x"), ("", "<h1>"), ("", "<h2>a b</h2>"),
    ("<p ", "a=b "), ("<p ", 'a="'), ("", "<script>"), ("", "<svg>"), ("", "<svg><title>"),
    ("", "<table><tr><td>"), ("<ul>", "<li>one two</li>"), ("", "<a href=x>y</a> "),
    ("", "<p>Some words of a text.</p>"), ("", "<meta charset=x>"), ("", "</p>"), ("<meta", " "),
    ("", "<footer>"), ("", "<sup>1"), ("<p>1", "<sup>1</sup>"), ("", "<a rel=next>x</a> y "),
    ("", "<div><a rel=next>x</a>"), ("", "<div role=menu>"), ("", "<form>"), ("", "<ul><li>"),
    ("<table><tr>", "<td>x"), ("<main>", "<section>"), ("", "<pre> \n"), ("", "<select><option>"),
    ("", "<h1><a href=#>link</a>"), ("<p>", "x<br>"), ("<table>", "<tr><td><table>"),
]  # fmt: skip

MARKDOWN = [
    ("# a", " ", "b"), ("# a", "#", " b"), ("", "# a # \n", ""), ("# ", "\t", "a"),
    ("", "a\n", "="),
    ("", "```\n", ""), ("a\n", "=", " x"), ("", "---\n", ""), ("---\ntitle: ", " ", "a\n---\n"),
    ("---\ntitle: '", "'", " \n---\n"), ("---\na", " ", "b\n---\n"), ("---\na: b", " ", "c\n---\n"),
    ("---\na: [", '"\\', "]\n---\n"), ("---\na: [", "'", "]\n---\n"),
    ("---\na: [", "x,", "]\n---\n"),
    ("---\na: [", '"x"', "]\n---\n"), ("---\na:\n", "- b\n", "---\n"),
    ("---\n- b", " ", "c\n---\n"),
    ("---\na: ", " #", "\n---\n"), ("+++\na", ".a", "=1\n+++\n"), ("+++\n[a", ".a", "]\n+++\n"),
    ("+++\na=", "[", "\n+++\n"), ("+++\na=", "1", "\n+++\n"), ("+++\na={", "b.c=1,", "\n+++\n"),
    ('+++\na."\x0b"', '."\x0b"', "=1\n+++\n"), ("+++\n", "a=1\n", "+++\n"),
]  # fmt: skip


def notebook(source):
    def made(n):
        cell = {"cell_type": "markdown", "source": source(n).decode()}
        return json.dumps({"cells": [cell]}).encode()

    return made


def cells(n):
    return json.dumps({"cells": [{"cell_type": "code", "source": ["x\n"]}] * n}).encode()


W = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def docx(start="", pump="", end="", *, relation=""):
    def made(n):
        relations = "".join(relation.format(i) for i in range(n)) if relation else ""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            body = start + "".join(pump.replace("{}", str(i)) for i in range(n)) + end
            text = f"<w:document {W}><w:body>{body}</w:body></w:document>"
            archive.writestr("word/document.xml", text)
            links = f'<Relationships xmlns="{RELATIONS}">{relations}</Relationships>'
            archive.writestr("word/_rels/document.xml.rels", links)
            root = (
                f'<Relationship Id="r" Target="word/document.xml" Type="{OFFICE}/officeDocument"/>'
            )
            links = f'<Relationships xmlns="{RELATIONS}">{root}</Relationships>'
            archive.writestr("_rels/.rels", links)
        return file.getvalue()

    return made


LINK = f'<Relationship Id="r{{}}" Target="http://a" Type="{OFFICE}/hyperlink"/>'
STYLES = f'<Relationship Id="r{{}}" Target="none.xml" Type="{OFFICE}/styles"/>'
RUN = "<w:r><w:t>x</w:t></w:r>"
BEGIN = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
SEPARATOR = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
FIELD = "".join(
    f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>{RUN}' for kind in ("begin", "separate", "end")
)


def repeated(made, start="", pump="", end=""):
    """Return what makes a file of ``start``, many times ``pump``, and ``end``."""
    return lambda n: made(start + "".join(pump.replace("{}", str(i)) for i in range(n)) + end)


def sheet(rows):
    return xlsx({"S": rows}, **{"sharedStrings.xml": "<s><si><t>a b</t></si></s>"})


def shared(items):
    return xlsx({"S": '<row><c t="s"><v>1</v></c></row>'}, **{"sharedStrings.xml": f"<s>{items}"})


def cut(body):
    return archive({"content.xml": f"<office:document-content {ODF}>{body}"})


XLSX = [
    repeated(sheet, pump="<row><c><v>1</v></c></row>"),
    repeated(sheet, pump='<row r="{}"><c t="s" s="1"><v>0</v></c></row>'),
    repeated(sheet, "<row>", '<c r="ZZZ1"><v>2</v></c>'),
    repeated(sheet, '<row><c t="inlineStr"><is>', "<t>a</t>", "</is></c></row>"),
    repeated(shared, pump="<si><t>a</t></si>"), repeated(shared, "<si>", "<rPh><t>a</t>"),
]  # fmt: skip
PPTX = [
    repeated(lambda body: pptx([body]), pump="<sp><p><r><t>a</t></r></p></sp>"),
    repeated(lambda body: pptx([body]), "<sp>", "<p><t>a</t><sup/></p>", "</sp>"),
    repeated(lambda body: pptx([body]), "<tbl>", "<tr><tc><p><t>a</t></p></tc></tr>"),
    repeated(lambda body: pptx([body]), pump="<AlternateContent><Choice><t>a</t>"),
    lambda n: pptx(["<sp><p><t>a</t></p></sp>"] * (n // 64)),
]
ODT = [
    repeated(odf, pump="<text:p>a</text:p>"), repeated(odf, pump='<text:h>a</text:h>'),
    repeated(cut, pump="<text:p>a<text:note-body>"), repeated(cut, pump="<text:p>a<draw:frame>"),
    repeated(odf, "<text:p>", "<draw:frame><text:p>a</text:p></draw:frame>", "</text:p>"),
    repeated(cut, pump="<table:table-row><table:table-cell><text:p>a"),
    repeated(odf, pump="<table:table-row><table:table-cell><text:p>a</text:p>"
             "</table:table-cell></table:table-row>"),
]  # fmt: skip
ODS = [
    repeated(odf, "<table:table>", "<table:table-row><table:table-cell><text:p>a</text:p>"
             "</table:table-cell></table:table-row>", "</table:table>"),
    repeated(cut, pump="<table:table><table:table-row><table:table-cell><text:p>a"),
    repeated(cut, "<table:table><table:table-row>", "<table:table-cell><text:p>a</text:p>"
             "</table:table-cell>"),
]  # fmt: skip
ODP = [
    repeated(odf, pump="<draw:page><draw:frame><text:p>a</text:p></draw:frame></draw:page>"),
    repeated(cut, "<draw:page>", "<draw:frame><text:p>a</text:p>"),
    repeated(cut, "<draw:page>", "<draw:frame><text:p>a</text:p></draw:frame>"),
]
EPUB = [
    lambda n: archive({"a.html": f"<p>{'<b>x</b> ' * n}"}),
    lambda n: archive({f"{i}.html": "<p>x" for i in range(n // 64)}),
    repeated(lambda items: archive({"x.opf": f"<p>{items}</p>", "a.html": "x"}),
             pump="<item id='{}' href='a.html'/><itemref idref='{}'/>"),
    repeated(lambda points: archive({"x.opf": "<p><item href='n' media-type='application/x-dtbncx+"
             "xml'/></p>", "n": f"<n>{points}</n>", "a.html": "x"}),
             pump="<navPoint><text>a</text><content src='a{}'/></navPoint>"),
]  # fmt: skip
MIXED = "Subject: x\nContent-Type: multipart/mixed; boundary=A\n\n"
EML = [
    of_text("Subject: ", "=?utf-8?q?x?= ", "\n\nx"),
    of_text("Subject: ", "=?a?q?x", "\n\nx"),
    of_text("", "Subject: x\n", "\nx"),
    of_text("Subject: x\n", " y\n", "\nx"),
    of_text(MIXED, "--A\n\nx\n", "--A--"),
    of_text(MIXED, "--A\nContent-Disposition: attachment\n\nx\n"),
    of_text(MIXED, "--A\nContent-Disposition: attachment; filename=a.txt\n\nx\n"),
    of_text('Content-Type: text/plain; a="', '\\"', "\n\nx"),
    of_text("Content-Type: text/plain; ", "a=b; ", "\n\nx"),
    of_text("Content-Type: text/plain; format=flowed\n\n", "a \n"),
    of_text("Content-Transfer-Encoding: base64\n\n", "YQ==\n"),
    of_text("Content-Type: multipart/alternative; boundary=A\n\n", "--A\n\nx\n"),
]


def rtf(*attack):
    return (
        of_text("{\\rtf1 ", *attack)
        if len(attack) == 1
        else of_text("{\\rtf1 " + attack[0], *attack[1:])
    )


RTF = [
    rtf("a\\par "), rtf("{"), rtf("\\u233?"), rtf("{\\f1 a}"), rtf("\\intbl a\\cell\\row "),
    rtf("{\\footnote a"), rtf("{\\header a}"), rtf("{\\stylesheet", "{\\s1 heading 1;}"),
]  # fmt: skip
OUTLINED = {
    "asciidoc": [of_text("", pump) for pump in
                 ("= a\n", "----\n", "a\n-\n", "=", "= a =", "a\n\nabc\n---\n", "==== \n", "= ")],
    "org": [of_text("", pump) for pump in
            ("* a\n", "#+begin_a\n", "*", "* TODO ", "* a :b:", "#+title: a\n", "* [#A] ")],
    "latex": [of_text("", pump) for pump in
              ("\\section{a}\n", "\\section{", "\\section[", "\\begin{verbatim}\n", "\\'e ",
               "\\section{\n", "\\section{\\a{\n")],
    "subtitles": [of_text("", pump) for pump in
                  ("0:01 --> 0:02\na\n\n", "0:01 --> 0:02\n", "0:01 -->", "<", "<v a", "{\\")]
    + [of_text("0:01 --> 0:02\n", "a\n"), of_text("0:01 --> 0:02\n", "<i>"),
       of_text("0:01 --> 0:02\n", "<v a"), of_text("0:01 --> 0:02\n", "{\\")],
}  # fmt: skip

MAN = [
    of_text(".TH A 1\n", pump) for pump in (
        "a\n", ".SH a\n", ".TP\n", "\\fBa", "\\*(a", ".if n \\{\n", ".if t \\{\n", ".as a b\n",
        ".nf\n", ".TS\nl.\na\tb\n.TE\n", ".Op Fl a\n", '.B "', "a\\\n",
    )
] + [
    of_text(".TH A 1\n.de A\n.A\n..\n", ".A\n"), of_text(".de A\n\\\\$*\n..\n", ".A a b\n"),
    of_text(".TH A 1\n.B ", "a ", "\n"), of_text(".Dt A 1\n.Op ", "Op a ", "\n"),
    of_text(".TH A 1\n.ds a \\*a\n", "\\*a"), of_text(".Dt A 1\n.Fl ", "a ", "\n"),
    of_text(".TH A 1\n.TS\nl.\n", "T{\na\nT}\n"),
    of_text(".TH A 1\n.de A\n", "\\\\$*", "\n..\n.A b\n"),
]  # fmt: skip

PDF = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R
/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length %d>>stream
%s
endstream endobj
trailer<</Root 1 0 R>>
"""


def pdf(start, pump):
    def made(n):
        stream = (start + pump * n).encode()
        return PDF % (len(stream), stream)

    return made


def parquet(n):
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(pa.table({"text": ["some words"] * n, "x": list(range(n))}), file)
    return file.getvalue()


GROWTH = {
    "text": [of_text("", "a b\n"), of_text("", "\x80"), of_text("", "\xff\xfe")],
    "markdown": [of_text(*attack) for attack in MARKDOWN],
    "rst": [of_text("", "a\n=\n"), of_text("", "="), of_text("a\n", "=", " x"),
        of_text("", "==\n")],
    "html": [of_text(*attack) for attack in MARKUP],
    "pdf": [pdf("", "BT /F1 12 Tf 9 9 Td (word ) Tj ET\n"), pdf("BT /F1 9 Tf ", "(a) Tj 1 0 Td ")],
    "docx": [
        docx("", f"<w:p>{RUN}</w:p>"),
        docx("<w:p>", "<w:r/>", f"{RUN}</w:p>"),
        docx("<w:p><w:r>", "<w:t> </w:t>", "<w:t>x</w:t></w:r></w:p>"),
        docx("<w:p>", f'<w:hyperlink r:id="r{{}}">{RUN}</w:hyperlink>', "</w:p>", relation=LINK),
        docx("<w:p>", f'<w:hyperlink r:id="none">{RUN}</w:hyperlink>', "</w:p>", relation=LINK),
        docx(f"<w:p>{RUN}</w:p>", relation=STYLES),
        docx("<w:tbl>", f"<w:tr><w:tc><w:p>{RUN}</w:p></w:tc></w:tr>", "</w:tbl>"),
        docx("<w:p>", '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', f"{RUN}</w:p>"),
        docx("<w:p>", f"<mc:AlternateContent>{RUN}"),
        docx("<w:p>", FIELD, f"{RUN}</w:p>"),
        docx(f"<w:p>{BEGIN}", f"<w:r><w:instrText>x</w:instrText></w:r>{SEPARATOR}", "</w:p>"),
        docx("", f'<w:p><w:pPr><w:pStyle w:val="heading 1"/></w:pPr>{RUN}</w:p>'),
    ],
    "xlsx": XLSX,
    "pptx": PPTX,
    "odt": ODT,
    "ods": ODS,
    "odp": ODP,
    "epub": EPUB,
    "eml": EML,
    "rtf": RTF,
    **OUTLINED,
    "man": MAN,
    "notebook": [cells, *(notebook(of_text(*attack)) for attack in MARKDOWN[:8])],
    "code": [of_text("", "x = 1\n"), of_text("class ", "a ")],
    "jsonl": [
        of_text("", '{"text": "some words"}\n'), of_text("", "x\n"), of_text("", "["),
        of_text('{"text": "', "\\u00e9", '"}'), of_text('{"text": ', "1", "}"),
        of_text('{"text": "a", "x": [', "1,", "2]}"),
    ],
    "csv": [
        of_text("text\n", "some words\n"), of_text("text\n", '"'), of_text("text,", "a,", "\nx"),
        of_text("text\n", "a,"), of_text("text,a\n", 'x,"y"\n'), of_text("text\n", "\r"),
    ],
    "tsv": [of_text("text\n", "some words\n"), of_text("text\n", "a\t"), of_text("text\n", '"\n')],
    "parquet": [parquet],
}  # fmt: skip
SUFFIX = {
    "man": ".1", "text": ".txt", "asciidoc": ".adoc", "latex": ".tex", "subtitles": ".srt",
    "markdown": ".md",     "code": ".py", "notebook": ".ipynb",
}  # fmt: skip


def test_every_extractor_is_attacked():
    assert GROWTH.keys() == extraction._PARSERS.keys() | extraction._ROW_READERS.keys()


@pytest.mark.parametrize("form", GROWTH)
def test_an_extractor_takes_linear_time(form, tmp_path):
    path = tmp_path / f"x{SUFFIX.get(form, f'.{form}')}"
    options = ScanOptions()

    def read(data):
        path.write_bytes(data)
        (source,) = scan([path], options).sources
        with suppress(ExtractionError):
            list(extract(source, options, report=lambda skipped: None))

    for made in GROWTH[form]:
        assert_linear(read, made, first=64, largest=LARGEST, enough=ENOUGH)


@pytest.mark.parametrize(
    "function",
    [
        lambda text: markdown_headings(text, len(text)),
        lambda text: rst_headings(text, len(text)),
        lambda text: code_symbols(text, len(text)),
        units_of,
        words_of,
        word_spans,
    ],
    ids=["markdown", "rst", "code", "sentences", "words", "word spans"],
)
def test_what_is_read_off_a_text_takes_linear_time(function):
    pumps = [
        "a ", " ", "\n", "# a ", "#", "a (", "class ", "int a(", "{", ") ", "<", "a::", "a\n===\n",
        "let a = (", "pub(a) ", "a*", "\t", "```\n", ". ", "x = (", "def a\n", "-\n", "a,b ",
    ]  # fmt: skip
    for pump in pumps:
        for start in ("", "# a", "int f(", "class ", "let x ="):
            made = of_text(start, pump, "!")
            assert_linear(
                function, lambda n, made=made: made(n).decode(), largest=1 << 13, enough=0.05
            )


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (lambda n: "*a" * 8 + "b", lambda n: "a" * n),
        (lambda n: "a" * 4 + "*a" * 8 + "?b", lambda n: "a" * n),
        (lambda n: "**/a/" * 6 + "**/b", lambda n: "a/" * n + "a"),
        (lambda n: "**/*a*/" * 6 + "**/b", lambda n: "aa/" * n + "a"),
        (lambda n: "**/[ab]*a*/" * 4 + "b/**", lambda n: "aa/" * n + "a/"),
        (lambda n: "*a" * n + "b", lambda n: "a" * 200),
        (lambda n: "a*" * n, lambda n: "a" * 200),
        (lambda n: "**/a/" * n + "b", lambda n: "a/" * 100 + "a"),
        (lambda n: "?" * n + "*b", lambda n: "a" * 200),
    ],
)
def test_a_pattern_of_files_takes_linear_time(pattern, path):
    def matched(given):
        patterns, wrong = compile_patterns([given[0]])
        assert not wrong
        patterns.verdict(given[1])

    assert_linear(matched, lambda n: (pattern(n), path(n)), largest=1 << 13, enough=0.1)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (lambda n: "%a" * 8 + "%b", lambda n: "a" * n),
        (lambda n: "%a_" * 8 + "b", lambda n: "a" * n),
        (lambda n: "%a" * n + "b", lambda n: "a" * 200),
        (lambda n: "_" * n + "%b", lambda n: "a" * 200),
    ],
)
def test_like_takes_linear_time(pattern, text):
    import pyarrow as pa

    def matched(given):
        column = pa.array([given[1]], pa.large_string())
        _compare(column, "like", Value(Kind.TEXT, given[0]))

    assert_linear(matched, lambda n: (pattern(n), text(n)), largest=1 << 15, enough=0.1)


@pytest.mark.parametrize(
    "made",
    [
        lambda n: "a = 'x' or " * n + "a = 1",
        lambda n: "a in (" + "1," * n + "1)",
        lambda n: "a = " + "1" * n,
        lambda n: "a = '" + "''" * n + "'",
        lambda n: "a" + " " * n + "= 1",
        lambda n: 'a = "' + '""' * n + '"',
    ],
)
def test_a_filter_is_read_in_linear_time(made):
    assert_linear(parse_where, made, largest=1 << 13, enough=0.1)
