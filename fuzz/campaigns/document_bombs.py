"""Bombs of the formats that are archives of XML, of messages, manual pages and RTF."""

from __future__ import annotations

import base64
import gzip
import zipfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from fuzz.campaigns.children import MIB

__all__ = ["DOCUMENT_BOMBS", "DOCUMENT_SUFFIXES"]

Maker = Callable[[Path, int], None]
Parts = Mapping[str, bytes]

_BOOK = b"<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>"
_CHAPTER = b"<item id='c' href='c.xhtml' media-type='application/xhtml+xml'/>"
_LINK = b"<Relationships><Relationship Id='r' Type='x/%b' Target='s.xml'/></Relationships>"
_SHEETS = b"<workbook xmlns:r='r'><sheets><sheet name='S' r:id='r'/></sheets></workbook>"
_ODF = b"<o:document-content xmlns:o='o' xmlns:text='t' xmlns:table='b' xmlns:draw='d'><o:body>"


def _archive(parts: Callable[[int], Parts]) -> Maker:
    def make(path: Path, scale: int) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, data in parts(scale).items():
                made.writestr(name, data)

    return make


def _bytes(data: Callable[[int], bytes]) -> Maker:
    return lambda path, scale: _written(path, data(scale))


def _packed(data: Callable[[int], bytes]) -> Maker:
    return lambda path, scale: _written(path, gzip.compress(data(scale), 1))


def _written(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _book(spine: bytes, chapter: bytes) -> Parts:
    package = b"<package><manifest>%b</manifest><spine>%b</spine></package>" % (_CHAPTER, spine)
    page = b"<html><body>%b</body></html>" % chapter
    return {"META-INF/container.xml": _BOOK, "b.opf": package, "c.xhtml": page}


def _workbook(rows: bytes, strings: bytes = b"") -> Parts:
    return {
        "xl/workbook.xml": _SHEETS,
        "xl/_rels/workbook.xml.rels": _LINK % b"worksheet",
        "xl/s.xml": b"<worksheet><sheetData>%b</sheetData></worksheet>" % rows,
        "xl/sharedStrings.xml": b"<sst>%b</sst>" % strings,
    }


def _slides(shapes: bytes) -> Parts:
    return {
        "ppt/presentation.xml": b"<p xmlns:r='r'><sldId r:id='r'/></p>",
        "ppt/_rels/presentation.xml.rels": _LINK % b"slide",
        "ppt/s.xml": b"<sld>%b</sld>" % shapes,
    }


def _open_document(body: bytes) -> Parts:
    return {"content.xml": _ODF + body + b"</o:body></o:document-content>"}


def _message(parts: bytes) -> bytes:
    return b"Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + parts


def _attached(n: int) -> bytes:
    """Return a message with many packed pages, each of which unpacks to MiBs."""
    page = base64.encodebytes(gzip.compress(b"<p>word " * (n * MIB // 80), 9))
    head = b"--b\nContent-Disposition: attachment; filename=%d.html.gz\n"
    head += b"Content-Transfer-Encoding: base64\n\n"
    return _message(b"".join(head % number + page for number in range(100)))


def _deep_message(n: int) -> bytes:
    inner = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
    return b"Subject: s\n" + b"".join(inner % (at, at) for at in range(n * 200)) + b"\nword"


def _doubled(n: int) -> bytes:
    """Return a manual page whose strings hold each other twice, and whose macro calls itself."""
    names = [b"s%d" % at for at in range(10 + n % 60)]
    lines = [b".ds s0 word", b".de L", b".L", b".."]
    for before, name in pairwise(names):
        lines.append(b".ds %b \\*[%b]\\*[%b]" % (name, before, before))
    return b"\n".join([b".TH X 1", *lines, b"\\*[%b]" % names[-1], b".L", b"word " * n, b""])


_PAGE = b"<p>word " * (MIB // 8)
_ROW = b"<row><c t='s'><v>0</v></c></row>"

_MADE: dict[str, tuple[str, Maker]] = {
    "xlsx cells": (".xlsx", _archive(lambda n: _workbook(b"<row><c/></row>" * (n * MIB // 16)))),
    "xlsx strings": (
        ".xlsx",
        _archive(
            lambda n: _workbook(_ROW * (n * 2000), b"<si><t>%b</t></si>" % (b"x" * (n * 10_000)))
        ),
    ),
    "pptx shapes": (".pptx", _archive(lambda n: _slides(b"<sp/>" * (n * MIB // 5)))),
    "pptx deep": (".pptx", _archive(lambda n: _slides(b"<grpSp>" * (n * MIB // 16)))),
    "odt blanks": (
        ".odt",
        _archive(lambda n: _open_document(b"<text:s text:c='999999999'/>" * (n * MIB // 28))),
    ),
    "odt lists": (
        ".odt",
        _archive(lambda n: _open_document(b"<text:list><text:list-item>" * (n * MIB // 64))),
    ),
    "ods cells": (
        ".ods",
        _archive(
            lambda n: _open_document(
                b"<table:table>"
                + b"<table:table-row table:number-rows-repeated='999999'><table:table-cell "
                b"table:number-columns-repeated='999999'><text:p>x</text:p></table:table-cell>"
                b"</table:table-row>" * (n * MIB // 160) + b"</table:table>"
            )
        ),
    ),
    "odp frames": (
        ".odp",
        _archive(lambda n: _open_document(b"<draw:page/><draw:frame/>" * (n * MIB // 25))),
    ),
    "epub chapter": (
        ".epub",
        _archive(lambda n: _book(b"<itemref idref='c'/>", b"<p>word " * (n * MIB // 8))),
    ),
    "epub spine": (
        ".epub",
        _archive(lambda n: _book(b"<itemref idref='c'/>" * (n * 1000), _PAGE)),
    ),
    "rtf groups": (".rtf", _bytes(lambda n: b"{\\rtf1 " + b"{" * (n * MIB // 8))),
    "rtf cells": (".rtf", _bytes(lambda n: b"{\\rtf1 \\trowd" + b"\\cell" * (n * MIB // 10))),
    "eml attached": (".eml", _bytes(_attached)),
    "eml deep": (".eml", _bytes(_deep_message)),
    "man strings": (".1", _bytes(_doubled)),
    "html gz": (".html.gz", _packed(lambda n: _PAGE * n)),
    "rtf gz": (".rtf.gz", _packed(lambda n: b"{\\rtf1 " + b"\\par word" * (n * MIB // 9) + b"}")),
    "eml gz": (".eml.gz", _packed(lambda n: _message(b"--b\n\n" + b"word " * (n * MIB // 5)))),
    "subtitles gz": (
        ".srt.gz",
        _packed(lambda n: b"1\n00:00:01,000 --> 00:00:02,000\nword\n\n" * (n * MIB // 40)),
    ),
}

DOCUMENT_BOMBS: dict[str, Maker] = {name: make for name, (_, make) in _MADE.items()}
"""How each kind is made: at scale 100 most unpack to 100 MiB."""

DOCUMENT_SUFFIXES: dict[str, str] = {name: suffix for name, (suffix, _) in _MADE.items()}
