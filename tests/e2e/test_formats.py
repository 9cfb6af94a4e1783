"""A folder with a file of each format, by the command line: every one is found, at its place."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FACT = "The zebra crossed the quay at noon."
PLACE = {"page": None, "slide": None, "cell": None, "section": [], "row": None, "seconds": None}


def kit():
    path = Path(__file__).parents[1] / "unit" / "office_kit.py"
    spec = importlib.util.spec_from_file_location("office_kit", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files():
    """Return files by their names: what is in them, and where the fact stands."""
    made = kit()
    frame = "<draw:frame presentation:class='{}'><text:p>{}</text:p></draw:frame>"
    slide = frame.format("title", "Noon") + frame.format("", FACT)
    row = f'<row r="7"><c t="inlineStr"><is><t>{FACT}</t></is></c></row>'
    page = f"<h1>Log</h1><h2>Noon</h2><p>{FACT}</p>"
    cells = f"<table:table-row><table:table-cell><text:p>{FACT}</text:p></table:table-cell>"
    head = "Subject: Log\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=A\n\n--A\n"
    part = "Content-Disposition: attachment; filename=noon.txt\n\n"
    man = gzip.compress(f".TH LOG 1\n.SH NOON\n{FACT}\n".encode())
    return {
        "a.xlsx": (made.xlsx({"Costs": row}), {"section": ["Costs"], "row": 7}),
        "a.pptx": (
            made.pptx([made.shape("One"), made.shape("Noon", kind="title") + made.shape(FACT)]),
            {"section": ["Noon"], "slide": 2},
        ),
        "a.odt": (
            made.odf(f"<text:h>Log</text:h><text:p>{FACT}</text:p>"), {"section": ["Log"]},
        ),
        "a.ods": (
            made.odf(f'<table:table table:name="Costs">{cells}</table:table-row></table:table>'),
            {"section": ["Costs"], "row": 1},
        ),
        "a.odp": (
            made.odf(f"<draw:page/><draw:page>{slide}</draw:page>"),
            {"section": ["Noon"], "slide": 2},
        ),
        "a.epub": (made.archive({"a.html": page}), {"section": ["Log", "Noon"]}),
        "a.eml": (f"{head}{part}{FACT}\n--A--\n".encode(), {"section": ["noon.txt"]}),
        "a.rtf": (
            rb"{\rtf1\outlinelevel0 Noon\par\pard %s}" % FACT.encode(), {"section": ["Noon"]},
        ),
        "a.1.gz": (man, {"section": ["NOON"]}),
        "a.tex": (rb"\section{Noon}" + f"\n{FACT}\n".encode(), {"section": ["Noon"]}),
        "a.adoc": (f"= Log\n\n== Noon\n\n{FACT}\n".encode(), {"section": ["Log", "Noon"]}),
        "a.org": (f"* Log\n** Noon\n{FACT}\n".encode(), {"section": ["Log", "Noon"]}),
        "a.srt": (f"1\n01:00:05,000 --> 01:00:09,000\n{FACT}\n".encode(), {"seconds": 3605}),
    }  # fmt: skip


@pytest.fixture
def run(tmp_path):
    def run(*args):
        environment = os.environ | {
            "HOME": str(tmp_path / "home"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "HF_HUB_OFFLINE": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "colmodern", *map(str, args)],
            capture_output=True, text=True, check=False, env=environment, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_file_of_each_format_is_found_at_its_place(run, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    made = files()
    for name, (data, _) in made.items():
        (folder / name).write_bytes(data)
    run("index", folder, "--index", tmp_path / "index")
    search = ("search", "zebra on the quay", "-k", len(made), "--index", tmp_path / "index")
    hits = json.loads(run(*search, "--format", "json"))["hits"]
    places = {hit["id"]: {key: hit["passage"][key] for key in PLACE} for hit in hits}
    assert places == {name: PLACE | place for name, (_, place) in made.items()}
    shown = run(*search, "--format", "human")
    for place in ("slide 2, Noon", "Costs, row 7", "1:00:05", "Log > Noon"):
        assert place in shown
