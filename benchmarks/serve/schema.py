"""Does the server do what its description says, whatever a program makes of that?

    pip install schemathesis
    python -m benchmarks.serve.schema [--examples 300] [--command schemathesis] [--workers 2]

Starts a server that may be written to, and lets schemathesis make requests from ``/openapi.json``
for each operation, right ones and wrong ones: with a token of all scopes, then without any. No
failure of the server, no answer that the description does not allow; memory and descriptors stay
flat.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.serve.__main__ import Server, serving
from benchmarks.serve.faults import descriptors_of
from colmodern import Encoder, Indexer

# What is checked with a token, and without: then all that needs one answers 401.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,allow_header_conformance,ignored_auth"
)


def main() -> None:
    """Run both, and end with status 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=300, help="at most, of an operation")
    parser.add_argument("--command", default="schemathesis")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes that search")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index, tokens = Path(folder) / "i", Path(folder) / "tokens"
        tokens.write_text(f"read,write,admin {secrets.token_hex(16)} bench\n")
        rows = [(f"d{n}", f"A key, tea number {n}, and their story.") for n in range(7)]
        Indexer(index, Encoder.load()).build(rows)
        with serving(index, tokens, workers=options.workers) as server:
            bearer = ["--header", f"Authorization: Bearer {server.token}"]
            failed = asked(server, options, folder, bearer)
            before = (server.resident(), descriptors_of(server))
            failed |= asked(server, options, folder, [])
            failed |= asked(server, options, folder, bearer)
            time.sleep(6)  # connections that are kept alive end
            after = (server.resident(), descriptors_of(server))
    print(
        f"memory {before[0] >> 20} -> {after[0] >> 20} MiB, descriptors {before[1]} -> {after[1]} "
        "from a third of them on"
    )
    grows = after[0] > before[0] * 1.2 + (32 << 20) or after[1] > before[1] + 50
    sys.exit(bool(failed or grows))


def asked(server: Server, options: argparse.Namespace, folder: str, more: list[str]) -> bool:
    """Let it ask, and keep its notes in a folder; return whether it found anything."""
    command = [options.command, "run", f"{server.url}/openapi.json", "--checks", CHECKS]
    command += ["--max-examples", str(options.examples), "--seed", str(options.seed), *more]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color"]
    command += ["--suppress-health-check", "all", "--generation-database", "none"]
    return bool(subprocess.run(command, cwd=folder, check=False).returncode)


if __name__ == "__main__":
    main()
