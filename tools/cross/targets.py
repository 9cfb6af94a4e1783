"""Which systems are the kernels compiled for, and what runs a program of each on this machine?"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A system.

    Attributes:
        name: What it is called here.
        triple: What Zig calls it.
        flags: Further options of the compiler and the linker.
        runners: Programs that run one of this system; the first that is there is taken. None are
            needed where this machine runs it itself.
        words: What stands between the runner and the program.
        is_run: False: nothing here runs it, it is compiled only.
    """

    name: str
    triple: str
    flags: tuple[str, ...] = ()
    runners: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    is_run: bool = True

    def command(self, program: str) -> list[str] | None:
        """Return how a program of this system is run; None: nothing that runs it is installed."""
        if not self.is_run:
            return None
        if not self.runners:
            return [program] if sys.platform == "linux" else None
        found = next(filter(None, map(shutil.which, self.runners)), None)
        return None if found is None else [found, *self.words, program]


_EMULATOR = ("qemu-aarch64-static", "qemu-aarch64")
_ALL = ("-cpu", "max")
TARGETS = (
    Target("linux-x86_64", "x86_64-linux-gnu.2.28"),
    Target("linux-x86_64-musl", "x86_64-linux-musl", ("-static",)),
    Target("linux-aarch64", "aarch64-linux-gnu.2.28", is_run=False),  # it wants Arm's own glibc
    Target("linux-aarch64-musl", "aarch64-linux-musl", ("-static",), _EMULATOR, _ALL),
    Target("windows-x86_64", "x86_64-windows-gnu", (), ("wine64", "wine")),
    Target("macos-x86_64", "x86_64-macos.12.0", is_run=False),
    Target("macos-aarch64", "aarch64-macos.12.0", is_run=False),
)
"""The systems of the wheels, and who is asked to run ``csrc/tests`` for each."""
