"""Has anything become slower since it was last measured on this machine?

python -m benchmarks.track [--keep]

Kernels against a plain product of NumPy, the encoder against it and bytes against fp32, a search at
effort low against an exact one: how many times as fast, both by turns, in processor time of one
thread. It takes about a minute. A ratio that has fallen by more than a fifth is measured once more,
and if it is still so low the command ends with 1. ``--keep`` adds the ratios to ``records.json``,
by commit; only records of the same processor and instruction set are compared.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

from benchmarks.track.ratios import measured, opened_pairs
from benchmarks.track.records import has_fallen, keep_record, last_of, read_records, record_of


def main() -> None:
    """Measure, compare, print, and end with 1 if something has become slower."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="add the ratios to what is kept")
    options = parser.parse_args()
    last = last_of(read_records(), record_of({}).machine)
    before = {} if last is None else last.ratios
    found = {}
    with opened_pairs() as pairs:
        for pair in pairs:
            found[pair.name] = measured(pair)
            if has_fallen(found[pair.name], before.get(pair.name, 0.0)):
                found[pair.name] = max(found[pair.name], measured(pair))
    record = record_of(found)
    print(f"{record.cpu}, {record.isa}, {record.commit}; before: {last and last.commit}")
    fallen = [name for name, now in found.items() if has_fallen(now, before.get(name, 0.0))]
    for name, now in found.items():
        mark = "   fallen by more than a fifth" if name in fallen else ""
        print(f"{name:40} {now:9.4f} {before.get(name, float('nan')):9.4f}{mark}")
    if options.keep:
        keep_record(record)
    sys.exit(1 if fallen else 0)


if __name__ == "__main__":
    main()
