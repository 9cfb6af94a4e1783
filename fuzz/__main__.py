"""``python -m fuzz``: fuzz every target for a while, each in a process of its own.

``python -m fuzz TARGET [OPTIONS OF LIBFUZZER]`` fuzzes one. Inputs worth keeping go to
``.fuzz/TARGET``, findings to ``.fuzz/findings``; a finding becomes a test.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
from pathlib import Path

from fuzz.seeds import write_seeds

HOME = Path(".fuzz")
MEMORY_MIB = 2048
LONGEST_SECONDS = 10
LONGEST_INPUT = 8192


def main() -> int:
    """Fuzz, and return how many targets had a finding."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="by default all of them")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    asked = parser.parse_args()
    from fuzz.targets import TARGETS

    findings = HOME / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in asked.targets or TARGETS:
        corpus = HOME / name
        write_seeds(name, corpus)
        command = [sys.executable, "-m", "fuzz.one", name, str(corpus)]
        limits = {
            "max_total_time": asked.seconds,
            "timeout": LONGEST_SECONDS,
            "rss_limit_mb": MEMORY_MIB,
            "max_len": LONGEST_INPUT,
            "artifact_prefix": f"{findings}/{name}-",
        }
        command += [f"-{option}={value}" for option, value in limits.items()]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        lines = [
            line for line in done.stderr.splitlines() if line.startswith(("#", "Done", "stat"))
        ]
        print(f"{name:22} {'ok' if done.returncode == 0 else 'FOUND'}  {lines[-1:]}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout[-2000:], done.stderr[-4000:], sep="\n")
    print(f"{len(failed)} targets with findings" + (f": {', '.join(failed)}" if failed else ""))
    return len(failed)


if __name__ == "__main__":
    logging.disable()
    os.environ["PYTHONHASHSEED"] = "0"
    sys.exit(min(main(), 1))
