"""Which program is it, compiled how, with which packages?"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import colmodern
from colmodern import kernels
from colmodern.doctor.finding import Finding, note, problem
from colmodern.errors import ColModernError
from colmodern.kernels.isa import NATIVE_ISAS, REFERENCE, requested_isa

_AREA = "program"
_PACKAGES = (
    *("numpy", "pyarrow", "tokenizers", "typer", "rich", "lxml", "pypdfium2", "chardet"),
    *("torch", "transformers", "sentence-transformers", "starlette", "uvicorn", "mcp"),
)


def program_findings() -> Iterator[Finding]:
    """Yield versions, and which kernels run."""
    yield Finding(_AREA, "version", colmodern.__version__)
    yield Finding(_AREA, "folder", str(Path(colmodern.__file__).parent))
    yield Finding(_AREA, "python", f"{platform.python_version()} ({sys.executable})")
    found = {name: version for name in _PACKAGES if (version := _version(name))}
    yield Finding(_AREA, "packages", [f"{name} {version}" for name, version in found.items()])
    yield from _kernels()


def _kernels() -> Iterator[Finding]:
    available = kernels.available_isas()
    yield Finding(_AREA, "instruction sets", list(available))
    try:
        active = kernels.active_isa()
    except ColModernError as error:
        yield problem(_AREA, "kernels", requested_isa(), str(error))
        return
    best = available[-1]
    if active == REFERENCE:
        advice = "The NumPy kernels are slow: unset COLMODERN_ISA."
        yield note(_AREA, "kernels", active, advice)
    elif active != best:
        advice = f"COLMODERN_ISA asks for it; {best} is faster here."
        yield note(_AREA, "kernels", active, advice)
    elif active == NATIVE_ISAS[0]:
        advice = "This processor lacks AVX2 and NEON: everything works, slowly."
        yield note(_AREA, "kernels", active, advice)
    else:
        yield Finding(_AREA, "kernels", active)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
