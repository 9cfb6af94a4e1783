"""What programs write for programs is recognised; what a person may have written is kept."""

from __future__ import annotations

import base64
import json
import random

import pytest

from colmodern.corpus import ExtractionError, ScanOptions, SkipReason, extract, scan
from colmodern.corpus.generated import why_generated

from .growth import assert_linear

CHANCE = random.Random(5)
NAMES = ["lorem", "ipsum", "render", "state", "node", "queue", "index", "value", "parent", "child"]
SENTENCES = (
    "The keeper of the keys counts them in the evening. Nobody may leave before that, and whoever "
    "has lost one says so at once; a new one is made by the smith on the next working day. "
)


def minified(n_bytes):
    parts = []
    while sum(map(len, parts)) < n_bytes:
        a, b = CHANCE.choice("abcdefgh"), CHANCE.choice(NAMES)
        parts.append(f"function {a}(t,e){{var n=t.{b};return n?e[{len(parts)}]:t.{b}(e,!0)}};")
    return "".join(parts)


def style(n_bytes):
    rule = ".{}-{}{{margin:0 auto;padding:{}px;color:#{:06x}}}"
    rules = (
        rule.format(CHANCE.choice(NAMES), i, i % 40, CHANCE.randrange(1 << 24))
        for i in range(n_bytes // 45)
    )
    return "/*! a licence */\n" + "".join(rules)


def coded(n_bytes):
    return base64.b64encode(CHANCE.randbytes(n_bytes * 3 // 4)).decode()


def wrapped(text, width=76):
    return "\n".join(text[i : i + width] for i in range(0, len(text), width))


def hex_dump(n_lines):
    lines = []
    for i in range(n_lines):
        data = CHANCE.randbytes(16)
        lines.append(f"{i * 16:08x}  {data.hex(' ')}  |{'.' * 16}|")
    return "\n".join(lines)


def lock_file():
    packages = {
        f"node_modules/{name}{i}": {
            "version": f"1.{i}.0",
            "resolved": f"https://registry.example.org/{name}/-/{name}-1.{i}.0.tgz",
            "integrity": "sha512-" + coded(64),
        }
        for i in range(30)
        for name in NAMES
    }
    return json.dumps({"lockfileVersion": 3, "packages": packages}, indent=2)


def with_picture():
    picture = {"name": "Rope", "count": 12, "picture": coded(60_000)}
    return json.dumps({"items": [picture]}, indent=2)


def drawing():
    path = " ".join(f"C{CHANCE.random() * 99:.3f},{CHANCE.random() * 99:.3f}" for _ in range(3000))
    return f'<?xml version="1.0"?>\n<svg viewBox="0 0 9 9">\n<path d="M0,0 {path}"/>\n</svg>\n'


def points():
    places = [[CHANCE.random() * 180, CHANCE.random() * 90] for _ in range(9000)]
    return json.dumps({"type": "FeatureCollection", "points": places}, indent=1)


def inserts():
    rows = (f"({i},'{CHANCE.choice(NAMES)}',{CHANCE.random():.8f})" for i in range(12_000))
    return "\n".join(f"INSERT INTO stock VALUES {row};" for row in rows)


GENERATED = {
    "app.min.js": minified(40_000),
    "bundle.js": "/* a licence of one line */\n" + minified(200_000),
    "wrapped.js": "\n".join(minified(600) for _ in range(80)),
    "site.css": style(40_000),
    "package-lock.json": lock_file(),
    "app.js.map": '{"version":3,"sources":["a.js"],"mappings":"' + "AAAA,QAASC;" * 9000 + '"}',
    "picture.json": with_picture(),
    "page.json": json.dumps([{"id": i, "name": CHANCE.choice(NAMES)} for i in range(9000)]),
    "certificates.pem": f"-----BEGIN X-----\n{wrapped(coded(90_000))}\n-----END X-----\n",
    "firmware.c": "\n".join("  " + "0x1f, 0x8b, 0x08, 0x00, " * 3 for _ in range(900)),
    "dump.hex": hex_dump(900),
    "drawing.svg": drawing(),
    "places.geojson": points(),
    "stock.sql": inserts(),
}

WRITTEN = {
    "one line.txt": SENTENCES * 900,
    "one line of code.py": 'TEXT = "' + SENTENCES * 100 + '"\n',
    "no blanks.txt": "鍵を失くした者はすぐに申し出ること。" * 9000,
    "thai.txt": "ผู้ที่ทำกุญแจหายต้องแจ้งทันที" * 4000,
    "words.json": json.dumps({f"key.{i}": SENTENCES for i in range(200)}),
    "table.txt": "\n".join("\t".join(f"{i * j}" for j in range(400)) for i in range(200)),
    "table.md": "\n".join("|" + "|".join(f"{i * j}" for j in range(300)) + "|" for i in range(99)),
    "server.log": "\n".join(
        json.dumps({"time": i, "trace": coded(900), "what": "failed"}) for i in range(200)
    ),
    "requests.log": "\n".join(f"2024-05-{i % 28:02}T10:00 GET /a?{coded(900)}" for i in range(200)),
    "code.py": "\n".join(
        f"def {a}_{b}({a}, {b}):\n    return {a}[{b}] + {i}\n"
        for i in range(60)
        for a in NAMES
        for b in NAMES
    ),
    "long lines.py": "\n".join(
        f"    rows.append(({i}, " + ", ".join(map(repr, NAMES * 3)) + "))" for i in range(300)
    ),
    "with a blob.py": "\n".join(f"def f_{i}(a, b):\n    return a * {i} - b" for i in range(400))
    + f'\nDATA = "{coded(20_000)}"\n',
    "notes.md": SENTENCES * 30 + f"\n\n![a](data:image/png;base64,{coded(300_000)})\n",
    "hashes.txt": "\n".join(f"{CHANCE.randbytes(32).hex()}  file-{i}.tar" for i in range(2000)),
    "paths.lst": "\n".join(f"usr/share/Doc/{a}/{b}/{i:05}/{a}/{b}" * 2 for i in range(99)
                           for a in NAMES for b in NAMES[:3]),
    "settings.json": json.dumps({a: {b: i for i, b in enumerate(NAMES)} for a in NAMES}),
    "diagram.svg": "<svg>\n" + "\n".join(
        f'<path d="M0,0 1,{i}"/><text x="3">store {i}</text>' for i in range(900)) + "</svg>",
    "poem.txt": "\n".join(SENTENCES.split()) * 500,
    "numbers.dat": "\n".join(f"{i} {i * i} {i / 7:.4f}" for i in range(20_000)),
    "poetry.lock": SENTENCES * 100,
    "small.min.js": minified(900),
}  # fmt: skip


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_recognised(name):
    assert why_generated(GENERATED[name].encode(), name, is_prose=False)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_person_may_have_written_is_kept(name):
    is_prose = name.endswith((".txt", ".md", ".log"))
    assert why_generated(WRITTEN[name].encode(), name, is_prose=is_prose) is None


@pytest.mark.parametrize("encoding", ["utf-16", "koi8-r", "cp1255"])
def test_other_encodings_are_kept(encoding):
    text = "Ключи считают вечером, и никто не уходит раньше. " * 900
    text = text if encoding != "cp1255" else "המפתחות נספרים בערב ואיש אינו יוצא לפני כן " * 900
    assert why_generated(text.encode(encoding), "a.log", is_prose=False) is None


def test_it_is_skipped_with_its_kind_unless_it_is_asked_for(tmp_path):
    (tmp_path / "app.min.js").write_text(GENERATED["app.min.js"])
    (source,) = scan([tmp_path]).sources
    with pytest.raises(ExtractionError) as caught:
        list(extract(source))
    assert caught.value.skipped.reason is SkipReason.GENERATED
    assert "--generated" in caught.value.skipped.detail
    ((document, _),) = extract(source, ScanOptions(generated=True))
    assert document.text == GENERATED["app.min.js"]


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"word " * (n // 5),
        lambda n: b"a" * n,
        lambda n: b"0x1, " * (n // 5),
        lambda n: b"00000000 00 " * (n // 12),
        lambda n: (b"A1b" * 20 + b"\n") * (n // 61),
        lambda n: b'"mappings" ' * (n // 11),
    ],
)
def test_a_look_takes_linear_time(make):
    assert_linear(lambda data: why_generated(data, "a.map", is_prose=False), make, first=1 << 15)
