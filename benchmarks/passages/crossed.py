"""Measure the map of queries on meetings, each by a map that was learned without it.

    python -m benchmarks.passages.crossed DATA [--work FOLDER] [--folds 6] [--against maxsim,bm25]

Every sixth meeting is searched with the map that ``fit.py`` learns from the others and from joined
sentences. Columns are those of ``python -m benchmarks.passages``. Needs torch (extra ``distill``).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from benchmarks.passages.fit import Task, fit, tasks_of
from benchmarks.passages.sets import meetings, parts, sentences_to_fit
from benchmarks.passages.table import print_head, print_row
from colmodern import Encoder
from colmodern.encoder.passage_map import PASSAGE_MAP_FILE
from colmodern.eval.passages import PassageReport, finders_of, measure_passages


def main() -> None:
    """Print a row for each finder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, help="where the index is kept")
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--against", default="maxsim", help="baselines, with commas")
    parser.add_argument("--model", type=Path, default=Path("colmodern/encoder/default"))
    options = parser.parse_args()
    encoder = Encoder.load(options.model)
    collection = meetings(options.data)
    tasks = list(tasks_of(collection, encoder))
    others = list(tasks_of(sentences_to_fit(options.data), encoder))
    names = ["passage", *(name for name in options.against.split(",") if name)]
    folds = parts(collection, options.folds)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        reports = []
        for part in folds:
            learned = [one for one in tasks if one.document not in part.documents]
            own = with_map(options.model, [*learned, *others], Path(scratch) / "student")
            finders = finders_of(names, collection, own, work)
            reports.append([measure_passages(one, part) for one in finders])
    rows = [joined(of_one) for of_one in zip(*reports, strict=True)]
    print_head()
    for row in rows:
        print_row(collection, row, rows[0])


def with_map(model: Path, tasks: Sequence[Task], folder: Path) -> Encoder:
    """Return a checkpoint with a map learned from some documents, copied to a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder)
    save_file(fit(tasks), folder / PASSAGE_MAP_FILE)
    return Encoder.load(folder)


def joined(reports: Sequence[PassageReport]) -> PassageReport:
    """Return what a finder is worth on all parts together."""
    counts = [len(one.hits) for one in reports]
    return PassageReport(
        reports[0].name,
        tuple(chain.from_iterable(one.hits for one in reports)),
        tuple(chain.from_iterable(one.inside for one in reports)),
        tuple(chain.from_iterable(one.shown for one in reports)),
        tuple(chain.from_iterable(one.of_three for one in reports)),
        tuple(chain.from_iterable(one.reciprocal for one in reports)),
        float(np.average([one.characters for one in reports], weights=counts)),
        sum(one.seconds for one in reports),
    )


if __name__ == "__main__":
    main()
