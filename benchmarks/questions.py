"""Questions with known answers, documents not given: is the right one first, the answer shown?

    python -m benchmarks.questions FOLDER [--index INDEX]

FOLDER has ``corpus.jsonl`` and ``passages.jsonl``, as ``examples/judged`` does. ``shown`` counts
questions whose first hit is the right document with a passage that overlaps an answer.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.names import WAYS
from colmodern import Encoder, Hits, Indexer, Searcher
from colmodern.eval.passages.annotated import Annotated, Question


def main() -> None:
    """Print a table: a row a way of searching."""
    options = _options()
    collection = Annotated.load(options.folder)
    encoder = Encoder.load(options.model)
    with tempfile.TemporaryDirectory() as folder:
        index = options.index or Path(folder) / "index"
        if options.index is None:
            Indexer(index, encoder).build(collection.documents.values())
        with Searcher.open(index, encoder) as searcher:
            print(f"{len(collection.questions)} questions\n\n| way | first | first three | shown |")
            print("| -- | -- | -- | -- |")
            for name, way in WAYS.items():
                asked = [(one, searcher.search(one.text, **way)) for one in collection.questions]
                first = sum(hits.doc_ids[:1] == (one.document,) for one, hits in asked)
                three = sum(one.document in hits.doc_ids[:3] for one, hits in asked)
                shown = sum(_is_shown(one, hits) for one, hits in asked)
                print(f"| {name} | {first} | {three} | {shown} |", flush=True)


def _is_shown(question: Question, hits: Hits) -> bool:
    passage = hits[0].passage if hits and hits[0].doc_id == question.document else None
    return passage is not None and any(
        start < passage.end and end > passage.start for start, end in question.spans
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", type=Path, help="an index of the folder's documents")
    parser.add_argument("--model", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
