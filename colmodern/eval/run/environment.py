"""On what did it run? Versions, the commit, the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import colmodern
from colmodern import kernels

_PACKAGES = (
    "numpy",
    "pyarrow",
    "tokenizers",
    "ir-measures",
    "pytrec-eval-terrier",
    "bm25s",
    "sentence-transformers",
    "transformers",
    "torch",
)


def environment() -> dict[str, Any]:
    """Return versions of what may decide a result, the source's git commit and the machine."""
    return {
        "versions": {"colmodern": colmodern.__version__, "python": platform.python_version()}
        | {name: version for name in _PACKAGES if (version := _version(name)) is not None},
        "commit": _commit(),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_bytes": _memory_bytes(),
            "kernels": kernels.active_isa(),
        },
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> dict[str, Any] | None:
    """Return the commit of the source, and whether it was changed since; None outside of git."""
    package = Path(colmodern.__file__).parent
    found = _git(package, "rev-parse", "HEAD")
    # An installed copy may lie inside somebody else's repository.
    if found is None or _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return {"id": found, "is_changed": bool(_git(package, "status", "--porcelain"))}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    if sys.platform == "win32":
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
