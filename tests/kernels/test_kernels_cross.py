"""The instruction sets of this machine and of 64-bit Arm agree bit for bit, at awkward shapes.

``csrc/tests/agree.cpp`` is compiled twice: for this machine, under the sanitizers of addresses and
undefined behaviour where the compiler has them, and for Arm, where an emulator runs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[2] / "csrc"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
CROSS_COMPILER = "aarch64-linux-gnu-g++"
EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")

pytestmark = pytest.mark.slow


def run(*command):
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # that needs ptrace
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=600,
    )


def compile_all(compiler, program, sources, *flags):
    command = (compiler, "-std=c++20", "-O1", "-ffp-contract=off", "-pthread", f"-I{CSRC}", *flags)
    result = run(*command, "-o", program, *sources)
    assert result.returncode == 0, result.stderr[-4000:]
    return program


def kernel_sources():
    """Every source of the extension but the bindings, which need Python's headers."""
    tests, bindings = CSRC / "tests", set(CSRC.glob("bindings*.cpp"))
    return sorted(
        path for path in CSRC.rglob("*.cpp") if path not in bindings and tests not in path.parents
    )


def has_sanitizers(compiler, folder):
    source = folder / "nothing.cpp"
    source.write_text("int main() {}\n")
    program = folder / "nothing"
    built = run(compiler, *SANITIZERS, "-o", program, source)
    return built.returncode == 0 and run(program).returncode == 0


def compared(result):
    """Return the instruction sets that were compared and the checksum of all results."""
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    *lines, last = result.stdout.splitlines()
    assert all(": 0 of " in line and line.endswith("results are equal") for line in lines), lines
    assert last.startswith("checksum ")
    return {line.split(":")[0] for line in lines}, last


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The program for this machine, and what it says."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    folder = tmp_path_factory.mktemp("here")
    flags = ("-g", *SANITIZERS) if has_sanitizers(compiler, folder) else ()
    sources = [CSRC / "tests" / "agree.cpp", *kernel_sources()]
    program = compile_all(compiler, folder / "agree", sources, *flags)
    return program, run(program)


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    """How to run the program for 64-bit Arm."""
    emulator = next(filter(None, map(shutil.which, EMULATORS)), None)
    if shutil.which(CROSS_COMPILER) is None or emulator is None:
        pytest.skip(
            f"needs {CROSS_COMPILER} and {EMULATORS[0]} "
            "(Debian: g++-aarch64-linux-gnu and qemu-user-static)"
        )
    folder = tmp_path_factory.mktemp("arm")
    sources = [CSRC / "tests" / "agree.cpp", *kernel_sources()]
    return emulator, compile_all(CROSS_COMPILER, folder / "agree", sources, "-static")


def test_the_instruction_sets_of_this_machine_agree(here):
    program, result = here
    names, _ = compared(result)
    assert {*names, "scalar"} == set(run(program, "names").stdout.split())


def test_neon_agrees_with_scalar_and_both_with_this_machine(here, arm):
    emulator, program = arm
    names, checksum = compared(run(emulator, "-cpu", "max", program))
    assert names == {"neon"}
    assert checksum == compared(here[1])[1]


def test_an_arm_without_the_dot_product_runs_scalar(arm):
    emulator, program = arm
    assert run(emulator, "-cpu", "cortex-a57", program, "names").stdout.split() == ["scalar"]
    assert run(emulator, "-cpu", "max", program, "names").stdout.split() == ["scalar", "neon"]
