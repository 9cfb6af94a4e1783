"""The recipe ``tiny``: random weights, our own text, no model, and better than at its start."""

import json
import time

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")
pytest.importorskip("accelerate")

from pathlib import Path  # noqa: E402

from colmodern.distill import Recipe, distill  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_student_of_random_weights_gets_better_than_its_start(tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    started = time.process_time()
    try:
        distill(Recipe.load("tiny"), data=EXAMPLES, out=tmp_path)
    finally:
        torch.set_num_threads(before)
    rows = json.loads((tmp_path / "evaluate" / "report.json").read_text())["rows"]
    assert rows["average"]["judged"] > rows["start"]["judged"] + 0.02
    assert time.process_time() - started < 120
