"""Does the measure of passages count hits of annotated answers, and say what is wrong?"""

import json

import pytest

from colmodern import HashEncoder
from colmodern.errors import ConfigError, EncoderError, InputError
from colmodern.eval.passages import Annotated, finders_of, measure_passages
from colmodern.eval.passages.annotated import Question
from colmodern.eval.passages.windows import FoundWindow

FILLER = " ".join(f"Filler {i} stands here and says nothing of use." for i in range(200))
TEXT = f"{FILLER} Only the walrus may open the gate. {FILLER}"
START = TEXT.index("Only")
ROW = {"_id": "q", "text": "walrus open gate", "document": "d", "spans": [[START, START + 34]]}


def folder(path, row=ROW, text=TEXT):
    (path / "corpus.jsonl").write_text(json.dumps({"_id": "d", "title": "", "text": text}) + "\n")
    (path / "passages.jsonl").write_text(json.dumps(row) + "\n")
    return path


def test_ours_bm25_and_maxsim_hit_and_random_rarely_does(tmp_path):
    collection = Annotated.load(folder(tmp_path))
    finders = finders_of(
        ["passage", "random", "bm25", "maxsim"], collection, HashEncoder(dim=64), tmp_path
    )
    reports = {finder.name: measure_passages(finder, collection) for finder in finders}
    for name in ("passage", "bm25", "maxsim"):
        found = reports[name].to_dict()
        assert (found["hit"], found["hit_of_three"], found["reciprocal_rank"]) == (1, 1, 1)
        assert 0.03 < found["inside"] < 0.3
        assert 200 < found["characters"] < 1200
    assert reports["random"].hits == (False,)
    assert reports["passage"].p_against(reports["bm25"]) == 1


class Fixed:
    name = "fixed"

    def __init__(self, *places, n_shown=1):
        self.places, self.n_shown = places, n_shown

    def find(self, question, n):
        return FoundWindow(self.places[:n], self.n_shown)


def test_shares_are_counted_by_hand(tmp_path):
    row = {**ROW, "spans": [[10, 20], [15, 30]]}
    collection = Annotated.load(folder(tmp_path, row))
    assert collection.questions == (Question("q", ROW["text"], "d", ((10, 20), (15, 30))),)
    report = measure_passages(Fixed((30, 50), (0, 40), (60, 70)), collection)
    assert (report.hits, report.of_three, report.reciprocal) == ((False,), (True,), (0.5,))
    assert report.inside == (0.0,)
    assert report.shown == (False,)
    both = measure_passages(Fixed((30, 50), (0, 40), n_shown=2), collection)
    assert (both.hits, both.shown) == ((False,), (True,))
    assert measure_passages(Fixed((0, 40)), collection).inside == (0.5,)
    assert measure_passages(Fixed(), collection).to_dict()["characters"] == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"document": "x"}, "there is no document 'x'"),
        ({"spans": [[5, 5]]}, "is no span"),
        ({"spans": [[0, 10**9]]}, "is no span"),
        ({"spans": []}, "at least one span"),
        ({"text": " "}, "needs a text"),
        ({"spans": None}, "needs _id, text, document and spans"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, change, why):
    with pytest.raises(InputError, match=r"passages.jsonl, line 1: .*" + why.replace("'", ".")):
        Annotated.load(folder(tmp_path, {**ROW, **change}))


def test_a_folder_without_questions_and_an_unknown_finder(tmp_path):
    with pytest.raises(InputError, match="no annotated collection"):
        Annotated.load(tmp_path)
    collection = Annotated.load(folder(tmp_path))
    with pytest.raises(ConfigError, match="no finder 'magic'"):
        finders_of(["magic"], collection, HashEncoder(dim=16), tmp_path)


def test_a_model_that_is_not_there_is_named(tmp_path):
    pytest.importorskip("sentence_transformers")
    collection = Annotated.load(folder(tmp_path))
    with pytest.raises(EncoderError, match="no-such-model"):
        finders_of([f"dense:{tmp_path}/no-such-model"], collection, HashEncoder(dim=16), tmp_path)
