"""The questions on the first screens are answered by the sentence that answers them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from colmodern import Encoder, Indexer, Searcher

ROOT = Path(__file__).parents[2]
ANSWERS = {
    "how long may I work from another country?": "abroad is possible for up to four weeks a year",
    "how many days of holiday do I get?": "You have thirty working days of holiday a year",
}
ASKED = re.compile(r'colmodern (?:search|explain) "([^"]{20,})"')


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    path = tmp_path_factory.mktemp("handbook") / "index"
    encoder = Encoder.load()
    Indexer(path, encoder).sync([ROOT / "examples" / "handbook"])
    with Searcher.open(path, encoder) as searcher:
        yield searcher


@pytest.mark.parametrize("question", ANSWERS)
def test_the_sentence_that_answers_is_shown_and_marked(searcher, question):
    passage = searcher.search(question, k=1)[0].passage
    (answer,) = (
        one for one in passage.sentences if ANSWERS[question] in _text(passage, one.start, one.end)
    )
    assert answer.answers


@pytest.mark.parametrize(
    "page", ["README.md", ".ci/run", "docs/tutorial/first-answer.md", "docs/tutorial/cluster.md"]
)
def test_first_screens_ask_these(page):
    asked = ASKED.findall((ROOT / page).read_text(encoding="utf-8"))
    assert asked
    assert set(asked) <= set(ANSWERS)


def _text(passage, start, end):
    return " ".join(passage.text[start - passage.start : end - passage.start].split())
