"""The table of docs/lab/passages.md: what is shown, beside baselines, on every set.

    python -m benchmarks.passages DATA [--work FOLDER] [--sets handbook,needles] [--same]

Indexes and the vectors of MiniLM's windows stay in the work folder: a second run takes a minute or
two. A row has the share of questions whose first passage overlaps an answer, the same for all that
a hit shows (a second passage too, where it is about as good) and for the best of three, the share
of the first one's characters inside, the mean reciprocal rank of the first of three that does, and
the mean number of characters. ``p`` is of ours against that baseline, paired randomisation of first
hits. ``--same`` counts hits of searches whose passages ``explain`` does not show alike, instead.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.passages.sets import all_sets
from benchmarks.passages.table import print_head, print_row
from colmodern import Encoder, Searcher
from colmodern.eval.passages import (
    Annotated,
    PassageReport,
    finders_of,
    measure_passages,
)
from colmodern.eval.passages.windows import index_of

_BASELINES = "random,bm25,minilm,maxsim"


def main() -> None:
    """Print a table: a row for each set and finder."""
    options = _options()
    encoder = Encoder.load(options.model)
    names = ["passage", *(name for name in options.against.split(",") if name)]
    if not options.same:
        print_head()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        wanted = [name for name in options.sets.split(",") if name]
        for collection in all_sets(options.data):
            if wanted and collection.name not in wanted:
                continue
            if options.same:
                _same(collection, encoder, work)
            else:
                _rows(collection, names, encoder, work)


def _rows(collection: Annotated, names: list[str], encoder: Encoder, work: Path) -> None:
    ours: PassageReport | None = None
    for finder in finders_of(names, collection, encoder, work):
        report = measure_passages(finder, collection)
        ours = ours or report
        print_row(collection, report, ours)


def _same(collection: Annotated, encoder: Encoder, work: Path) -> None:
    """Print how many hits of the questions have other passages in ``explain``."""
    differ = n = 0
    with Searcher.open(index_of(collection, encoder, work), encoder) as searcher:
        for question in collection.questions:
            for hit in searcher.search(question.text, k=2):
                found = searcher.explain(question.text, hit.doc_id, passages=2).evidence
                shown = [one for one in (hit.passage, hit.also) if one is not None]
                differ += shown != [one.passage for one in found[: len(shown)]]
                n += 1
    print(f"{collection.name}: {differ} of {n} hits differ from explain", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, help="where indexes and vectors are kept")
    parser.add_argument("--sets", default="", help="some of the sets, with commas")
    parser.add_argument("--against", default=_BASELINES, help="baselines, with commas")
    parser.add_argument("--same", action="store_true", help="compare search with explain")
    parser.add_argument("--model", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
