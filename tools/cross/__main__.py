"""Compile the kernels for other systems with Zig's Clang, and run what this machine can.

    python -m tools.cross [--target windows-x86_64 ...] [--work build/cross]

For each system ``csrc/tests/agree.cpp`` compares every instruction set bit for bit with the scalar
twin, ``bytes.cpp`` the encoder's loops in bytes with what defines them, ``passes.cpp`` the vectors
of small encoders; the checksum of all results has to be the same on every system that runs.
Programs for Arm run in qemu-user, those for Windows under Wine, where these are installed; what is
not run is said. Exit status 1: something failed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.cross.targets import TARGETS, Target

ROOT = Path(__file__).parents[2]
CSRC = ROOT / "csrc"
_FLAGS = ("-std=c++20", "-O2", "-ffp-contract=off", "-pthread", f"-I{CSRC}", "-w")
_PROGRAMS = ("agree", "bytes", "passes")
_LIMIT = 3600  # seconds; an emulator is slow


class CrossError(RuntimeError):
    """A compiler, or a program that was compiled, ended with an error."""


@dataclass(frozen=True)
class Outcome:
    """What came out for one system."""

    target: Target
    isas: tuple[str, ...] = ()
    checksum: str | None = None
    failure: str | None = None


def main() -> int:
    """Do it for each system that is asked for, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make cross", description=__doc__)
    names = [target.name for target in TARGETS]
    parser.add_argument("--target", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "cross")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    outcomes = []
    print("| system | instruction sets that agree with scalar | checksum |\n| -- | -- | -- |")
    for target in TARGETS:
        if target.name in asked.target:
            outcomes.append(_outcome(target, asked.work / target.name, asked.jobs))
            print(_row(outcomes[-1]), flush=True)
    for one in outcomes:
        if one.failure:
            print(f"{one.target.name}: {one.failure}", file=sys.stderr)
    sums = {one.checksum for one in outcomes if one.checksum}
    if len(sums) > 1:
        print(f"checksums differ: {sorted(sums)}", file=sys.stderr)
    return 1 if len(sums) > 1 or any(one.failure for one in outcomes) else 0


def _outcome(target: Target, folder: Path, jobs: int) -> Outcome:
    try:
        agree, *others = _compile(target, folder, jobs)
        command = target.command(str(agree))
        if command is None:
            return Outcome(target)
        *lines, last = _run(command).splitlines()
        if not last.startswith("checksum "):
            return Outcome(target, failure=f"agree ended with {last!r}")
        for program in others:
            _run([*command[:-1], str(program)])
    except CrossError as error:
        return Outcome(target, failure=str(error))
    return Outcome(target, tuple(line.split(":")[0] for line in lines), last.split()[1])


def _compile(target: Target, folder: Path, jobs: int) -> list[Path]:
    """Return the programs."""
    folder.mkdir(parents=True, exist_ok=True)
    compiler = [sys.executable, "-m", "ziglang", "c++", "-target", target.triple, *_FLAGS]
    bindings, tests = set(CSRC.glob("bindings*.cpp")), CSRC / "tests"
    kernels = sorted(
        path for path in CSRC.rglob("*.cpp") if path not in bindings and tests not in path.parents
    )
    sources = [*(tests / f"{name}.cpp" for name in _PROGRAMS), *kernels]
    objects = [folder / f"{number}.o" for number in range(len(sources))]

    def one(source: Path, made: Path) -> None:
        _run([*compiler, "-c", str(source), "-o", str(made)])

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, sources, objects))
    suffix = ".exe" if "windows" in target.triple else ""
    programs = [folder / f"{name}{suffix}" for name in _PROGRAMS]
    shared = [str(made) for made in objects[len(programs) :]]
    for program, own in zip(programs, objects[: len(programs)], strict=True):
        _run([*compiler, *target.flags, "-o", str(program), str(own), *shared])
    return programs


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT,
            env={**os.environ, "WINEDEBUG": "-all"},
        )
    except subprocess.TimeoutExpired as error:
        raise CrossError(f"{' '.join(command[:5])} ... took more than {_LIMIT} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise CrossError(f"{' '.join(command[:5])} ... ended with {done.returncode}: {said}")
    return done.stdout


def _row(one: Outcome) -> str:
    if one.failure:
        return f"| {one.target.name} | failed |  |"
    if one.checksum is None:
        return f"| {one.target.name} | compiled, not run |  |"
    return f"| {one.target.name} | {', '.join(one.isas)} | `{one.checksum}` |"


if __name__ == "__main__":
    raise SystemExit(main())
