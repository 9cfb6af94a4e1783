"""The student in students/free-student: the default one's shape and words, other weights."""

from pathlib import Path

import numpy as np
import pytest

from colmodern import Encoder, Indexer, Searcher

ROOT = Path(__file__).resolve().parents[3]
STUDENT = ROOT / "students" / "free-student"


def test_it_has_the_shape_and_the_words_of_the_default_student():
    free, default = Encoder.load(STUDENT), Encoder.load()
    assert (free.dim, free.scoring) == (default.dim, default.scoring)
    assert free.fingerprint != default.fingerprint
    (mine,), (other,) = (
        one.encode_documents(["A key that has leaked."]) for one in (free, default)
    )
    assert (mine.spans == other.spans).all()
    assert np.linalg.norm(mine.vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_it_finds_and_shows_what_answers(tmp_path):
    encoder = Encoder.load(STUDENT)
    Indexer(tmp_path / "index", encoder).sync([ROOT / "examples" / "handbook"])
    with Searcher.open(tmp_path / "index", encoder) as searcher:
        hit = searcher.search("who may revoke a key that has leaked?", k=1)[0]
    assert hit.doc_id == "security/key-management.md"
    assert hit.passage is not None


def test_its_recipe_names_no_text_that_is_not_for_commercial_use():
    recipe = (STUDENT / "recipe.json").read_text(encoding="utf-8")
    for name in ("scifact/train", "sciq", "medquad", "scisummnet/corpus", "pairs/*"):
        assert name not in recipe
