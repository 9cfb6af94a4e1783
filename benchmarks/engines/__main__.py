"""Measure our engine and its peers on the same token vectors.

    python -m benchmarks.engines VECTORS WORK --peers-python VENV/bin/python

VECTORS holds a folder a set, as ``benchmarks.engines.vectors`` writes them. Indexes and results
go to WORK. What was built, tuned and found before is kept (``--again`` does it anew); times are
always measured anew. See README.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.engines.adapters import EngineError
from benchmarks.engines.bench import Bench
from benchmarks.engines.machine import describe_machine, describe_versions
from benchmarks.engines.report import collect, to_markdown
from benchmarks.engines.variants import VARIANTS, Variant
from benchmarks.engines.vector_set import VectorSet

_STEPS = ("build", "tune", "recall", "search", "report")
_SMALL = {"long": 100, "short": 1_000}
_SMALL_QUERIES = 20


def main() -> None:
    """Do the steps that were asked for."""
    options = _options()
    variants = [one for one in VARIANTS if one.name in options.engines]
    benches = [_bench(options, name) for name in options.sets]
    for bench in benches:
        bench.truth()
    for step in _STEPS[:-1]:
        if step in options.steps:
            for bench in benches:
                for variant in variants:
                    _do(bench, variant, step, again=options.again)
    if "report" in options.steps:
        machine, versions = describe_machine(), describe_versions(options.peers_python)
        report = collect(benches, machine=machine, versions=versions)
        (options.work / "engines.json").write_text(json.dumps(report, indent=1) + "\n")
        text = to_markdown(report)
        (options.output or options.work / "engines.md").write_text(text)
        print(text)


def _do(bench: Bench, variant: Variant, step: str, *, again: bool) -> None:
    wanted = again or bench.result(variant.name, step) is None
    if step == "build" and wanted:
        bench.build(variant)
    if step == "tune" and variant.grid and wanted:
        bench.tune(variant)
    if step == "recall" and variant.searched and wanted:
        bench.recall(variant)
    if step == "search" and variant.searched:
        bench.search(variant)


def _bench(options: argparse.Namespace, name: str) -> Bench:
    vectors = VectorSet(options.vectors / name)
    if not vectors.tokens_path.exists():
        raise SystemExit(
            f"There are no vectors in {vectors.folder}; benchmarks.engines.vectors makes them."
        )
    if options.small:
        small = VectorSet(options.work / "small" / name)
        excerpt(vectors, small, n_documents=_SMALL.get(name, 100), n_queries=_SMALL_QUERIES)
        return Bench(name, small, options.work / "small", options.peers_python, brief=True)
    return Bench(name, vectors, options.work, options.peers_python)


def excerpt(vectors: VectorSet, small: VectorSet, *, n_documents: int, n_queries: int) -> None:
    """Write the first documents and queries of a set."""
    small.folder.mkdir(parents=True, exist_ok=True)
    for prefix, n in (("", n_documents), ("query_", n_queries)):
        offsets = np.load(vectors.folder / f"{prefix}offsets.npy")[: n + 1]
        tokens = np.load(vectors.folder / f"{prefix}tokens.npy", mmap_mode="r")
        np.save(small.folder / f"{prefix}offsets.npy", offsets)
        np.save(small.folder / f"{prefix}tokens.npy", tokens[: offsets[-1]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [variant.name for variant in VARIANTS]
    parser.add_argument("vectors", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument(
        "--peers-python", type=Path, required=True, help="of the peers' environment"
    )
    parser.add_argument("--sets", nargs="+", default=["long", "short"])
    parser.add_argument(
        "--engines",
        nargs="+",
        default=names,
        choices=names,
        metavar="ENGINE",
        help=", ".join(names),
    )
    parser.add_argument("--steps", nargs="+", default=list(_STEPS), choices=_STEPS)
    parser.add_argument("--again", action="store_true", help="do what is kept otherwise")
    parser.add_argument(
        "--small", action="store_true", help="a few documents and queries, in WORK/small"
    )
    parser.add_argument(
        "--output", type=Path, help="where the Markdown goes; WORK/engines.md if not given"
    )
    options = parser.parse_args()
    # The virtual environment is found by the path of its interpreter, so links must stay.
    options.peers_python = options.peers_python.absolute()
    options.work.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    try:
        main()
    except EngineError as err:
        raise SystemExit(str(err)) from err
