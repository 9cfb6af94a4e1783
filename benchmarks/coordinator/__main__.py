"""Does a coordinator tell the truth, in time, while its servers are killed and frozen?

    python -m benchmarks.coordinator ../shared/data/scifact [--rate 4] [--set SET]

Makes a set of four shards of a judged collection with the default model, serves each by a program
of its own and a coordinator before them, all on this machine, and asks the collection's queries at
a steady rate, in mode hybrid with effort exact. One server is killed (SIGKILL) and started again,
another is stopped (SIGSTOP) and goes on. Every answer is compared, hits, scores and passages, with
what the shards that it does not name as missing hold.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.coordinator.load import judged
from benchmarks.coordinator.scenario import Plan, run_scenario
from benchmarks.coordinator.truth import Truth
from colmodern import Encoder, HashEncoder, Indexer
from colmodern.eval import Dataset

SHARDS = 4
QUERIES = 50


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("--rate", type=float, default=4.0)
    parser.add_argument("--calm", type=float, default=10.0)
    parser.add_argument("--fault", type=float, default=10.0)
    parser.add_argument("--set", type=Path, help="A set of the collection that is there.")
    parser.add_argument("--hash", action="store_true", help="Without a model: sooner made.")
    options = parser.parse_args()
    dataset = Dataset.load(options.collection)
    queries = list(dataset.queries.values())[:QUERIES]
    encoder = HashEncoder() if options.hash else Encoder.load()
    plan = Plan(rate=options.rate, calm=options.calm, fault=options.fault)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = options.set or folder / "set"
        if options.set is None:
            Indexer(path, encoder, shards=SHARDS).build(dataset.documents)
        course = run_scenario(path, folder, SHARDS, queries, plan)
        with Truth(path, encoder, SHARDS, k=plan.k) as truth:
            verdict = judged(course.asked, truth)
    print(f"{verdict.n} requests, {len(verdict.wrong)} wrong answers", *verdict.wrong[:3], sep="\n")
    print(f"{verdict.n_partial} partial: {dict(verdict.codes)}; statuses {dict(verdict.statuses)}")
    print(
        f"median {1000 * verdict.p50:.0f} ms, 99 of 100 within {1000 * verdict.p99:.0f} ms, "
        f"longest {1000 * verdict.longest:.0f} ms; deadline {1000 * plan.deadline:.0f} ms"
    )
    print(
        f"full again {course.after_restart:.2f} s after the restart, "
        f"{course.after_thaw:.2f} s after the freeze"
    )


if __name__ == "__main__":
    main()
