"""Is what docs/explanation/passages.md shows what the program prints, at 60, 80 and 140 columns?"""

import re
from pathlib import Path

import pytest

from colmodern import Encoder, Indexer, Searcher
from colmodern.cli.printing.hits import print_hits
from colmodern.cli.printing.terminal import Format
from colmodern.corpus import extract, scan

ROOT = Path(__file__).parents[2]
SHOWN = re.findall(
    r'`COLUMNS=(\d+) colmodern search "([^"]*)" -k 1` on `examples/handbook`:\n\n```\n(.*?)```',
    (ROOT / "docs" / "explanation" / "passages.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


def without_score(text):
    head, *lines = text.rstrip().splitlines()
    return [head.rsplit("  ", 1)[0], *(line.rstrip() for line in lines)]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    path = tmp_path_factory.mktemp("handbook") / "index"
    encoder = Encoder.load()
    sources = scan([ROOT / "examples" / "handbook"]).sources
    Indexer(path, encoder).build([document for one in sources for document, _ in extract(one)])
    with Searcher.open(path, encoder) as opened:
        yield opened


def test_the_page_shows_each_width():
    assert {int(width) for width, _, _ in SHOWN} == {60, 80, 140}
    assert len(SHOWN) >= 5


@pytest.mark.parametrize(("width", "query", "text"), SHOWN)
def test_the_page_shows_what_is_printed(searcher, monkeypatch, capsys, width, query, text):
    monkeypatch.setenv("COLUMNS", width)
    print_hits(searcher.search(query, k=1), Format.HUMAN)
    assert without_score(capsys.readouterr().out) == without_score(text)
    assert all(len(line) <= int(width) for line in text.splitlines())
