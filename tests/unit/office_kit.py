"""Office files made by hand: parts of XML in an archive."""

from __future__ import annotations

import io
import zipfile

from colmodern.corpus import ScanOptions, extract, scan

WORD = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def archive(parts):
    """Return a zip archive of texts by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return file.getvalue()


def docx(body, **parts):
    """Return a Word document; other parts are named without their folder and suffix."""
    made = {"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>"}
    made |= {f"word/{name}.xml": text for name, text in parts.items()}
    return archive(made)


def paragraph(text, style="", extra=""):
    """Return a paragraph of Word."""
    kind = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{kind}<w:r><w:t>{text}</w:t></w:r>{extra}</w:p>"


def read(path, data, **options):
    """Write a file; return its only document and the notes of reading it."""
    path.write_bytes(data)
    options = ScanOptions(**options)
    (source,) = scan([path], options).sources
    notes = []
    ((document, _),) = extract(source, options, report=notes.append)
    return document, [(note.reason, note.detail) for note in notes]


def relations(*named):
    """Return the part that says what another one names: id, kind and target of each."""
    made = "".join(
        f'<Relationship Id="{name}" Type="http://x/{kind}" Target="{target}"/>'
        for name, kind, target in named
    )
    return f"<Relationships>{made}</Relationships>"


def xlsx(sheets, *, attributes="", **parts):
    """Return a workbook of sheets, each a name with its rows as XML; other parts by their names."""
    names = list(sheets)
    index = "".join(
        f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(names)
    )
    links = [(f"r{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(len(names))]
    made = {
        "xl/workbook.xml": f"<workbook {WORD}><workbookPr {attributes}/>"
        f"<sheets>{index}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(*links),
    }
    for i, rows in enumerate(sheets.values()):
        made[f"xl/worksheets/sheet{i}.xml"] = (
            f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
        )
    return archive(made | {f"xl/{name}": text for name, text in parts.items()})


def pptx(slides, **parts):
    """Return a presentation of slides, each the XML of its shapes; other parts by their names."""
    index = "".join(f'<sldId r:id="r{i}" id="{256 + i}"/>' for i in range(len(slides)))
    links = [(f"r{i}", "slide", f"slides/slide{i}.xml") for i in range(len(slides))]
    made = {
        "ppt/presentation.xml": f"<p {WORD}>{index}</p>",
        "ppt/_rels/presentation.xml.rels": relations(*links),
    }
    for i, shapes in enumerate(slides):
        made[f"ppt/slides/slide{i}.xml"] = f"<sld {WORD}>{shapes}</sld>"
    return archive(made | {f"ppt/{name}": text for name, text in parts.items()})


def shape(*texts, kind=""):
    """Return a shape of a slide with its paragraphs."""
    place = f'<nvPr><ph type="{kind}"/></nvPr>' if kind else ""
    made = "".join(f"<p><r><t>{text}</t></r></p>" for text in texts)
    return f"<sp>{place}<txBody>{made}</txBody></sp>"


ODF = (
    'xmlns:office="o" xmlns:text="t" xmlns:table="tb" xmlns:draw="d" xmlns:presentation="p" '
    'xmlns:style="s" xmlns:svg="sv" xmlns:dc="dc"'
)


def odf(body, automatic="", **parts):
    """Return an OpenDocument file: the XML of its body and styles; other parts by names."""
    content = f"<office:document-content {ODF}><office:automatic-styles>{automatic}"
    content += f"</office:automatic-styles><office:body>{body}</office:body>"
    made = {"content.xml": f"{content}</office:document-content>"}
    return archive(made | {f"{name}.xml": text for name, text in parts.items()})
