"""The instruction sets of this machine and of 64-bit Arm agree, at awkward shapes.

``csrc/tests/`` has three programs, each compiled twice: for this machine, under the sanitizers of
addresses and undefined behaviour where the compiler has them, and for Arm, where an emulator runs
it. ``agree.cpp`` compares kernels bit for bit, ``bytes.cpp`` the encoder's loops in bytes with what
defines them, ``passes.cpp`` the vectors of small encoders. The tiles of AMX are emulated:
sanitizers see what they load, and machines without them run their code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from colmodern.encoder.forward.native import PRECISIONS
from colmodern.kernels import NATIVE_ISAS, available_isas, native

ROOT = Path(__file__).parents[2]
CSRC = ROOT / "csrc"
TILES = "-DCOLMODERN_EMULATED_TILES"
# What these find of the undefined behaviour, the sanitizer of addresses finds too.
TWICE = "null,object-size,vptr,nonnull-attribute,returns-nonnull-attribute"
SANITIZERS = (
    "-fsanitize=address,undefined", f"-fno-sanitize={TWICE}", "-fno-sanitize-recover=all",
)  # fmt: skip
# A call for each look at memory: GCC compiles that in half the time. The encoder runs for longer
# than it is compiled, and slower so.
BY_CALLS = ("--param", "asan-instrumentation-with-call-threshold=0")
RUNS_LONG = "encoder"
NEVER_CALLED = ("passages", "words")  # by the programs
PROGRAMS = ("agree", "bytes", "passes")
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


def own_compiler():
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    return compiler


def compile_programs(compiler, folder, *flags):
    """Return the programs, by their names."""
    options = ("-std=c++20", "-O1", "-ffp-contract=off", "-pthread", f"-I{CSRC}", *flags)
    sources = [*(CSRC / "tests" / f"{name}.cpp" for name in PROGRAMS), *kernel_sources()]
    objects = [folder / f"{number}.o" for number in range(len(sources))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        [*pool.map(partial(compile_one, compiler, options), sources, objects)]
    programs = {name: folder / name for name in PROGRAMS}
    mains, kernels = objects[: len(PROGRAMS)], objects[len(PROGRAMS) :]
    for program, main in zip(programs.values(), mains, strict=True):
        checked(run(compiler, *options, "-o", program, main, *kernels))
    return programs


def compile_one(compiler, options, source, target):
    if source.parent.name == RUNS_LONG:
        options = [option for option in options if option not in BY_CALLS]
    checked(run(compiler, *options, "-c", "-o", target, source))


def checked(result):
    assert result.returncode == 0, result.stderr[-4000:]


def kernel_sources():
    """Every source of the extension that the programs need; bindings need Python's headers."""
    bindings = set(CSRC.glob("bindings*.cpp"))
    return sorted(
        path
        for path in CSRC.rglob("*.cpp")
        if path not in bindings and path.relative_to(CSRC).parts[0] not in {"tests", *NEVER_CALLED}
    )


def sanitizers(compiler, folder):
    """Return the options that this compiler has; none where programs do not run with them."""
    source = folder / "nothing.cpp"
    source.write_text("int main() {}\n")
    program = folder / "nothing"
    for flags in ((*SANITIZERS, *BY_CALLS), SANITIZERS):
        built = run(compiler, *flags, "-o", program, source)
        if built.returncode == 0 and run(program).returncode == 0:
            return flags
    return ()


def compared(result):
    """Return the instruction sets that were compared and the checksum of all results."""
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    *lines, last = result.stdout.splitlines()
    assert all(": 0 of " in line and line.endswith("results are equal") for line in lines), lines
    assert last.startswith("checksum ")
    return {line.split(":")[0] for line in lines}, last


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The programs for this machine, and what ``agree`` says."""
    compiler = own_compiler()
    folder = tmp_path_factory.mktemp("here")
    programs = compile_programs(compiler, folder, TILES, *sanitizers(compiler, folder))
    return programs, run(programs["agree"])


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    """How to run programs for 64-bit Arm, and these."""
    emulator = next(filter(None, map(shutil.which, EMULATORS)), None)
    if shutil.which(CROSS_COMPILER) is None or emulator is None:
        pytest.skip(
            f"needs {CROSS_COMPILER} and {EMULATORS[0]} "
            "(Debian: g++-aarch64-linux-gnu and qemu-user-static)"
        )
    folder = tmp_path_factory.mktemp("arm")
    return emulator, compile_programs(CROSS_COMPILER, folder, "-static")


def test_the_instruction_sets_of_this_machine_agree(here):
    programs, result = here
    names, _ = compared(result)
    assert {*names, "scalar"} == set(run(programs["agree"], "names").stdout.split())
    assert names >= set(available_isas()) - {"scalar", "reference"}
    bf16 = PRECISIONS.index("bf16")
    if native().can_encode(NATIVE_ISAS.index("avx512vnni"), bf16):
        assert "amx" in names


def test_neon_agrees_with_scalar_and_both_with_this_machine(here, arm):
    emulator, programs = arm
    names, checksum = compared(run(emulator, "-cpu", "max", programs["agree"]))
    assert names == {"neon"}
    assert checksum == compared(here[1])[1]


def test_an_arm_without_the_dot_product_runs_scalar(arm):
    emulator, programs = arm
    agree = programs["agree"]
    assert run(emulator, "-cpu", "cortex-a57", agree, "names").stdout.split() == ["scalar"]
    assert run(emulator, "-cpu", "max", agree, "names").stdout.split() == ["scalar", "neon"]


def test_loops_in_bytes_give_what_defines_them(here):
    all_right(run(here[0]["bytes"]))


@pytest.mark.parametrize("processor", ["max", "neoverse-n1"])
def test_so_they_do_on_arm_with_products_of_matrices_and_without(arm, processor):
    emulator, programs = arm
    all_right(run(emulator, "-cpu", processor, programs["bytes"]))


def test_passes_of_the_encoder_stay_inside_their_arrays_and_near_each_other(here):
    all_right(run(here[0]["passes"]))


def test_passes_of_the_encoder_run_on_arm(arm):
    emulator, programs = arm
    all_right(run(emulator, "-cpu", "max", programs["passes"]))


@pytest.mark.parametrize(
    "source", sorted((ROOT / "fuzz" / "native").glob("*.cpp")), ids=lambda path: path.stem
)
def test_what_fuzzing_calls_is_there(source):
    checked(run(own_compiler(), "-std=c++20", "-fsyntax-only", f"-I{CSRC}", source))


def all_right(result):
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    assert result.stdout.startswith("0 of ")
