"""Does the precision of the encoder change what is found?

python -m benchmarks.precision DATA [DATA ...] [--model NAME]

nDCG@10 of exact MaxSim on uncompressed vectors, once for each precision that this machine has, on
collections in any layout of docs/how-to/evaluation.md. What ``--precision auto`` takes rests on
this.
"""

from __future__ import annotations

import argparse
import time

from colmodern.encoder import DEFAULT_NAME, Encoder
from colmodern.errors import EncoderError
from colmodern.eval import evaluate

PRECISIONS = ("fp32", "bf16", "int8")
MEASURE = "nDCG@10"


def main() -> None:
    """Read the options and print a row for each collection and precision."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--model", default=DEFAULT_NAME)
    options = parser.parse_args()
    print(f"| collection | precision | {MEASURE} | against fp32 | seconds to encode |")
    print("|---|---|---|---|---|")
    for data in options.data:
        base = None
        for precision in PRECISIONS:
            try:
                encoder = Encoder.load(options.model, precision=precision)
            except EncoderError as err:
                print(f"| {data} | {precision} | {err} | | |")
                continue
            start = time.process_time()
            report = evaluate("float:threads=2", data, MEASURE, encoder=encoder)
            value = report.measures[MEASURE]
            base = value if base is None else base
            print(
                f"| {report.dataset} | {precision} | {value:.4f} | {value - base:+.4f} | "
                f"{report.build_s or time.process_time() - start:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
