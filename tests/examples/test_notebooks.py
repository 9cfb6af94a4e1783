"""Every notebook runs from its first cell to its last, and is kept without what it printed."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tools.site.notebooks import page_of, sources_of

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "notebooks"
RUN = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NEEDS = {
    "02-evaluate-and-compare": ("ir_measures", "bm25s", "matplotlib"),
    "04-bring-your-own-model": ("ir_measures", "torch", "sentence_transformers"),
    "05-train-a-student": ("torch", "sentence_transformers", "accelerate"),
    "06-compare-engines-and-modes": ("ir_measures", "bm25s"),
}


def test_there_are_notebooks_for_the_things_people_do():
    assert [path.stem for path in NOTEBOOKS] == [
        "01-index-and-search",
        "02-evaluate-and-compare",
        "03-explain-a-hit",
        "04-bring-your-own-model",
        "05-train-a-student",
        "06-compare-engines-and-modes",
        "07-long-documents",
    ]


def test_the_site_shows_each_notebook_as_it_is():
    assert [path.name for path in sorted(RUN.glob("*.ipynb"))] == [path.name for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        kept, run = (nbformat.read(one, as_version=4) for one in (path, RUN / path.name))
        assert sources_of(run) == sources_of(kept), f"make notebooks NAME={path.stem}"
        assert "error" not in {
            one["output_type"] for cell in run.cells for one in cell.get("outputs", ())
        }
        assert page_of(run, path.stem).startswith("# ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in cells if cell.outputs or cell.execution_count] == []
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_leaves_nothing_behind(path, monkeypatch, tmp_path):
    for module in NEEDS.get(path.stem, ()):
        pytest.importorskip(module)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = sorted(FOLDER.parent.rglob("*"))
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(FOLDER)}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Jupyter warns of is not ours
        nbclient.NotebookClient(notebook, timeout=1800, resources=place).execute()
    assert sorted(FOLDER.parent.rglob("*")) == before
