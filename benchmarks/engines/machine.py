"""On what was measured, with what."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from colmodern import kernels

_PEERS = ("torch", "fast-plaid", "xtr-warp-rs", "maxsim-cpu", "numpy")
_ROOT = Path(__file__).resolve().parents[2]


def describe_machine() -> dict[str, Any]:
    """Return the processor, its cores and memory, and the kernels in use."""
    cpu = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return {
        "cpu": cpu[1] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": platform.platform(),
        "isa": kernels.active_isa(),
    }


def describe_versions(peers_python: Path) -> dict[str, str]:
    """Return the versions of all engines and the commit of ours."""
    code = (
        "import json; from importlib.metadata import version; "
        f"print(json.dumps({{name: version(name) for name in {_PEERS!r}}}))"
    )
    peers: dict[str, str] = json.loads(_output(str(peers_python), "-c", code))
    commit = _output("git", "describe", "--always", "--dirty")
    ours = {
        "colmodern": version("colmodern"),
        "commit": commit,
        "python": platform.python_version(),
    }
    return ours | peers


def _output(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT)
    return done.stdout.strip()
