"""The recipe ``tiny``: random weights, our own text, no model, and better than at its start."""

import json

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
    recipe, steps = Recipe.load("tiny"), 0

    def count(_stage, done, total):
        nonlocal steps
        if total == phase.steps:
            steps = max(steps, done)

    (phase,) = recipe.train.phases
    try:
        distill(recipe, data=EXAMPLES, out=tmp_path, progress=count)
    finally:
        torch.set_num_threads(before)
    rows = json.loads((tmp_path / "evaluate" / "report.json").read_text())["rows"]
    assert rows["average"]["judged"] > rows["start"]["judged"] + 0.02
    # Minutes on a CPU: counted in the tokens it trains on, which no other program on it changes.
    assert steps == phase.steps
    assert steps * phase.batch_size * phase.n_ways * phase.document_length < 1_500_000
