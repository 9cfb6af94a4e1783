"""The student in the package finds the README's answer, and is free to use."""

from pathlib import Path

import pytest

from colmodern import Encoder, Indexer, Searcher
from colmodern.distill.recipe import Recipe

ROOT = Path(__file__).resolve().parents[3]
STUDENT = ROOT / "colmodern" / "encoder" / "default"


def test_it_finds_and_shows_what_answers(tmp_path):
    encoder = Encoder.load()
    Indexer(tmp_path / "index", encoder).sync([ROOT / "examples" / "handbook"])
    with Searcher.open(tmp_path / "index", encoder) as searcher:
        hit = searcher.search("who may revoke a key that has leaked?", k=1)[0]
    assert hit.doc_id == "security/key-management.md"
    assert hit.passage is not None


@pytest.mark.parametrize(
    "recipe",
    [
        (STUDENT / "recipe.json").read_text(encoding="utf-8"),
        *(str(Recipe.load(name).to_dict()) for name in ("first-leg", "default-student")),
    ],
    ids=["kept", "first-leg", "default-student"],
)
def test_its_recipes_name_no_text_that_is_not_for_commercial_use(recipe):
    for name in ("scifact/train", "sciq", "medquad", "scisummnet/corpus", "pairs/*"):
        assert name not in recipe
