import json
import sys

import numpy as np
import pytest

from colmodern import HashEncoder
from colmodern.errors import ConfigError
from colmodern.eval import efficiency
from colmodern.eval.run.efficiency import _max_batch
from colmodern.types import TokenEmbeddings


class Marking(HashEncoder):
    """Adds two tokens to each text and knows some words only in two pieces, as models do."""

    def __init__(self):
        super().__init__(dim=8)
        self.calls = []

    def encode_documents(self, texts):
        self.calls.append([len(text.split()) for text in texts])
        found = []
        for text in texts:
            size = len(text.split()) + 2 + text.split().count("the")
            found.append(
                TokenEmbeddings(np.ones((size, 8), np.float32), np.zeros((size, 2), np.int32))
            )
        return found


def test_every_length_is_measured_fixed_and_variable():
    encoder = Marking()
    found = efficiency(encoder, lengths=(16, 64), tokens=640, repeats=3)
    assert [(row.length, row.kind, row.documents) for row in found.rows] == [
        (16, "fixed", 40),
        (16, "variable", 40),
        (64, "fixed", 10),
        (64, "variable", 10),
    ]
    short, varied, long, _ = found.rows
    assert short.tokens_a_document == 16
    assert long.tokens_a_document == 64
    assert 6 < varied.tokens_a_document < 10, "half of the length, in the mean"
    assert all(row.tokens_a_second > 0 and row.deviation >= 0 for row in found.rows)
    words, half, whole, *runs = encoder.calls[:6]
    assert set(words) == {1}
    assert (half, whole, runs) == ([14] * 20, [14] * 40, [[14] * 40] * 3)


def test_the_same_seed_measures_the_same_documents():
    one, two = Marking(), Marking()
    for encoder in (one, two):
        efficiency(encoder, lengths=(32,), tokens=320, repeats=1, seed=5)
    assert one.calls == two.calls


def test_the_largest_batch_goes_on_in_a_straight_line_from_what_was_measured():
    assert _max_batch([(10, 1000), (20, 2000)], own_bytes=50, budget=5000) == 50
    assert _max_batch([(10, 1000), (20, 1000)], own_bytes=50, budget=2000) == 40, "own vectors"
    assert _max_batch([(10, 1000), (20, 2000)], own_bytes=50, budget=1500) == 15
    assert _max_batch([(10, 5000), (20, 6000)], own_bytes=50, budget=10) == 0
    assert _max_batch([], own_bytes=50, budget=10) is None


def test_memory_that_nobody_knows_is_none(monkeypatch):
    module = sys.modules["colmodern.eval.run.efficiency"]  # the package's name is the function
    monkeypatch.setattr(module, "resident_bytes", lambda: None)
    found = efficiency(HashEncoder(8), lengths=(16,), tokens=32, repeats=1)
    assert {(row.peak_bytes, row.max_batch) for row in found.rows} == {(None, None)}
    assert " - " in str(found)


def test_it_is_shown_in_every_way():
    seen = []
    found = efficiency(
        HashEncoder(8), lengths=(16,), tokens=32, repeats=2, progress=lambda *a: seen.append(a)
    )
    assert seen[0] == ("16 tokens, fixed", 1, 2)
    assert repr(found).startswith("<Efficiency hash:8:0: tokens 16 fixed ")
    assert "hash:8:0, dim 8, mean of 2 runs, budget 4,295 MB" in str(found)
    assert "<caption>hash:8:0" in found._repr_html_()
    assert json.loads(json.dumps(found.to_dict()))["rows"][1]["kind"] == "variable"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lengths": ()}, "lengths must be at least 2"),
        ({"lengths": (1, 16)}, "lengths must be at least 2"),
        ({"repeats": 0}, "repeats must be at least 1, not 0"),
        ({"tokens": 0}, "tokens"),
        ({"memory_bytes": -1}, "memory_bytes"),
    ],
)
def test_numbers_out_of_range_get_a_sentence(options, words):
    with pytest.raises(ConfigError, match=words):
        efficiency(HashEncoder(8), **options)
